// JSON as people read it: indented, and cut into tokens that get colours. Pure.

export type Token = { kind: "key" | "string" | "number" | "plain"; text: string };

/** Longer ones are shown as they are: colours would cost more than they tell. */
const mostColoured = 60_000;
const oneLine = 76;

/** The text indented when it is a JSON object or list, else null. Short ones stay in one line. */
export const indented = (text: string): string | null => {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return null;
  try {
    JSON.parse(trimmed);
  } catch {
    return null;
  }
  const parts = partsOf(trimmed);
  const line = parts.map((part) => (part === ":" ? ": " : part === "," ? ", " : part)).join("");
  return line.length <= oneLine ? line : broken(parts);
};

/** Strings, numbers, words, marks. The text itself is kept: parsing would round long numbers and drop repeated keys. */
const partsOf = (text: string): string[] => text.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];

const broken = (parts: readonly string[]): string => {
  const out: string[] = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  parts.forEach((part, at) => {
    const next = parts[at + 1];
    if (part === "{" || part === "[") {
      depth += 1;
      out.push(part, next === "}" || next === "]" ? "" : line());
    } else if (part === "}" || part === "]") {
      depth -= 1;
      const before = parts[at - 1];
      out.push(before === "{" || before === "[" ? "" : line(), part);
    } else out.push(part, part === "," ? line() : part === ":" ? " " : "");
  });
  return out.join("");
};

const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b)/g;

/** Tokens of JSON text; together they are the text again, whatever it holds. */
export const tokensOf = (text: string): Token[] => {
  if (text.length > mostColoured) return [{ kind: "plain", text }];
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) tokens.push({ kind: "plain", text: text.slice(end, match.index) });
    const [whole, quoted, colon] = match;
    if (quoted === undefined) tokens.push({ kind: "number", text: whole });
    else {
      tokens.push({ kind: colon === undefined ? "string" : "key", text: quoted });
      if (colon !== undefined) tokens.push({ kind: "plain", text: colon });
    }
    end = match.index + whole.length;
  }
  if (end < text.length) tokens.push({ kind: "plain", text: text.slice(end) });
  return tokens;
};

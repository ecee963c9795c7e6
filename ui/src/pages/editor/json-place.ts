// Where a text stops being JSON. Browsers word it differently and often leave the place out.

const token =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside texts.
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)))/y;

type Wanted = "value" | "value or ]" | "key" | "key or }" | ":" | ", or end" | "nothing";

/** The offset of the first thing that does not belong, the text's length when something is missing at its end, or null. */
export const jsonFault = (text: string): number | null => {
  const open: ("{" | "[")[] = [];
  let wanted: Wanted = "value";
  let at = 0;
  const after = (): Wanted => (open.length ? ", or end" : "nothing");
  for (;;) {
    token.lastIndex = at;
    const found = token.exec(text);
    const start = at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
    if (start >= text.length) return wanted === "nothing" ? null : text.length;
    if (!found) return start;
    const [whole, sign, string] = found;
    const inside = open.at(-1);
    if (wanted === "value" || wanted === "value or ]") {
      if (sign === "{" || sign === "[") {
        open.push(sign);
        wanted = sign === "{" ? "key or }" : "value or ]";
      } else if (sign === "]" && wanted === "value or ]") {
        open.pop();
        wanted = after();
      } else if (sign) return start;
      else wanted = after();
    } else if (wanted === "key" || wanted === "key or }") {
      if (sign === "}" && wanted === "key or }") {
        open.pop();
        wanted = after();
      } else if (string) wanted = ":";
      else return start;
    } else if (wanted === ":") {
      if (sign !== ":") return start;
      wanted = "value";
    } else if (wanted === ", or end") {
      if (sign === ",") wanted = inside === "{" ? "key" : "value";
      else if ((sign === "}" && inside === "{") || (sign === "]" && inside === "[")) {
        open.pop();
        wanted = after();
      } else return start;
    } else return start;
    at += whole.length;
  }
};

/** What is wrong with a text that should be a JSON object, or null. */
export const jsonTrouble = (text: string): string | null => {
  const at = jsonFault(text);
  if (at !== null) {
    const lines = text.slice(0, at).split("\n");
    const here = text
      .slice(at, at + 20)
      .split("\n")[0]
      ?.trim();
    const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
    return `This is not JSON: ${place}: ${here ? `“${here}” does not belong here` : "something is missing"}`;
  }
  const value: unknown = JSON.parse(text);
  return value && typeof value === "object" && !Array.isArray(value)
    ? null
    : "A schema is a JSON object: { … }";
};

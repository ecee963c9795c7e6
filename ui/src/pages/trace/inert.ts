// Text of spans as something that can only be looked at. Pure.

// C0 without tab and line feed, DEL, C1, and the two characters that turn the direction of all that follows.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]/g;

const names: Record<number, string> = { 0: "NUL", 7: "BEL", 8: "BS", 13: "CR", 27: "ESC", 127: "DEL" };

/** Characters that cannot be seen, or would disturb what stands around them, by name: `⟨NUL⟩`, `⟨ESC⟩`, `⟨202E⟩`. */
export const visible = (text: string): string =>
  text.replaceAll("\r\n", "\n").replace(unseen, (character) => {
    const code = character.charCodeAt(0);
    return `⟨${names[code] ?? code.toString(16).toUpperCase().padStart(2, "0")}⟩`;
  });

/** One line of it, for a list. */
export const oneLine = (text: string): string => visible(text).replace(/\s+/g, " ").trim();

export type Cut = { text: string; cut: boolean; lines: number };

const lineWidth = 96;

/** The first `most` lines as a reader sees them: a long line counts as the lines it is broken into. */
export const cutAt = (text: string, most = 20, width = lineWidth): Cut => {
  let lines = 0;
  let at = 0;
  let kept = -1;
  while (at <= text.length) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    const rows = Math.max(1, Math.ceil((end - at) / width));
    if (kept < 0 && lines + rows > most) kept = at + Math.max(0, most - lines) * width;
    lines += rows;
    at = end + 1;
  }
  // Two lines more are shown at once: a button would take as much room.
  if (kept < 0 || lines <= most + 2) return { text, cut: false, lines };
  return { text: whole(text.slice(0, Math.min(kept, text.length)).trimEnd()), cut: true, lines };
};

/** Not half of a character outside the basic plane. */
const whole = (text: string): string => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text);

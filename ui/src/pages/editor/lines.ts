// The difference between two texts, line by line.

export type Line = { kind: "same" | "removed" | "added" | "gap"; text: string };

const mostCells = 400_000;

/** Longest common subsequence of the lines that differ in the middle; texts too long for it are shown whole. */
export const lineDiff = (before: readonly string[], after: readonly string[]): Line[] => {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before.at(-1 - end) === after.at(-1 - end)
  )
    end += 1;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ kind: "same", text }));
  return [
    ...same(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(end ? before.slice(-end) : []),
  ];
};

const middle = (before: readonly string[], after: readonly string[]): Line[] => {
  const removed = (text: string): Line => ({ kind: "removed", text });
  const added = (text: string): Line => ({ kind: "added", text });
  const width = after.length + 1;
  if (!before.length || !after.length || width * (before.length + 1) > mostCells) {
    return [...before.map(removed), ...after.map(added)];
  }
  const longest = new Uint32Array(width * (before.length + 1));
  const cell = (row: number, column: number) => longest[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      longest[row * width + column] =
        before[row] === after[column]
          ? cell(row + 1, column + 1) + 1
          : Math.max(cell(row + 1, column), cell(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const one = before[row];
    const other = after[column];
    if (one !== undefined && one === other) {
      lines.push({ kind: "same", text: one });
      row += 1;
      column += 1;
    } else if (one !== undefined && (other === undefined || cell(row + 1, column) >= cell(row, column + 1))) {
      lines.push(removed(one));
      row += 1;
    } else if (other !== undefined) {
      lines.push(added(other));
      column += 1;
    }
  }
  return lines;
};

/** Without the lines that are far from any change; `…` stands where some are left out. */
export const trimmed = (lines: readonly Line[], around = 2): Line[] => {
  const near = (at: number) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some((line) => line.kind !== "same");
  const shown: Line[] = [];
  for (const [at, line] of lines.entries()) {
    if (near(at)) shown.push(line);
    else if (shown.at(-1)?.kind !== "gap") shown.push({ kind: "gap", text: "…" });
  }
  return shown;
};

/** The lines of a unified diff, as the API gives it. */
export const unified = (diff: readonly string[]): Line[] =>
  diff
    .filter((line) => !/^(---|\+\+\+)( |$)/.test(line))
    .map((line) => {
      if (line.startsWith("@@")) return { kind: "gap", text: "…" };
      const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same";
      return { kind, text: line.slice(1) };
    });

// The list a trace was opened from: so that `[` and `]` walk along it, and the way back leads to the same view.

type LastList = { address: string; ids: readonly string[]; row: string; scroll: number };

let last: LastList | null = null;

/** `address` is the list's path and filters, `ids` its traces as they were shown, `row` the one that was opened. */
export const rememberList = (address: string, ids: readonly string[], row: string): void => {
  last = { address, ids, row, scroll: window.scrollY };
};

/** Where the list was, or the whole one. */
export const listAddress = (): string => last?.address ?? "/traces";

/** The row that was opened and how far the list was scrolled, when this is that list. */
export const leftAt = (address: string): { row: string; scroll: number } | null =>
  last?.address === address ? last : null;

/** The traces above and below; undefined when the trace was not opened from a list of traces. */
export const neighbours = (id: string): { above: string | null; below: string | null } | undefined => {
  const at = last?.ids.indexOf(id) ?? -1;
  if (!last || at < 0) return undefined;
  return { above: last.ids[at - 1] ?? null, below: last.ids[at + 1] ?? null };
};

// The list a trace was opened from: so that `[` and `]` walk along it, and the way back leads to the same view.

type LastList = { address: string; ids: readonly string[] };

let last: LastList | null = null;

/** `address` is the list's path and filters, `ids` its rows as they were shown. */
export const rememberList = (address: string, ids: readonly string[]): void => {
  last = { address, ids };
};

/** Where the list was, or the whole one. */
export const listAddress = (): string => last?.address ?? "/traces";

/** The rows above and below; undefined when the trace was not opened from a list. */
export const neighbours = (id: string): { above: string | null; below: string | null } | undefined => {
  const at = last?.ids.indexOf(id) ?? -1;
  if (!last || at < 0) return undefined;
  return { above: last.ids[at - 1] ?? null, below: last.ids[at + 1] ?? null };
};

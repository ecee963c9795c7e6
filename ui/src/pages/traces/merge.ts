// Pages that were read, and newer answers about the same rows. Pure.
import type { Page } from "../../api/types";

export type Loaded<Item> = { pages: Page<Item>[]; pageParams: (string | null)[] };

/** Rows of all pages in order; one that moved between two pages while they were read is there once. */
export const known = <Item>(
  pages: readonly Page<Item>[] | undefined,
  idOf: (item: Item) => string,
): Item[] => {
  const seen = new Set<string>();
  return (pages ?? []).flatMap((page) =>
    page.items.filter((item) => {
      const id = idOf(item);
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    }),
  );
};

/** How many of `items` are not loaded; `more` when none of them is, so that more may lie between. */
export const newIn = <Item>(
  loaded: Loaded<Item>,
  items: readonly Item[],
  idOf: (item: Item) => string,
): { count: number; more: boolean } => {
  // Past the end of what is loaded there is nothing to compare with: a row there is not new, only not read yet.
  const ids = new Set(known(loaded.pages, idOf).map(idOf));
  const lastKnown = items.findLastIndex((item) => ids.has(idOf(item)));
  const above = lastKnown < 0 ? items : items.slice(0, lastKnown);
  const count = above.filter((item) => !ids.has(idOf(item))).length;
  return { count, more: lastKnown < 0 && ids.size > 0 && items.length > 0 };
};

/** The same rows in the same places, with what `items` say of them now. */
export const replaced = <Item>(
  loaded: Loaded<Item>,
  items: readonly Item[],
  idOf: (item: Item) => string,
): Loaded<Item> => {
  const newer = new Map(items.map((item) => [idOf(item), item]));
  return {
    ...loaded,
    pages: loaded.pages.map((page) => ({
      ...page,
      items: page.items.map((item) => newer.get(idOf(item)) ?? item),
    })),
  };
};

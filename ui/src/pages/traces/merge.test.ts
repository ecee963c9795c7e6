import { describe, expect, it } from "vitest";
import { known, type Loaded, newIn, replaced } from "./merge";

type Item = { id: string; verdict?: string };
const idOf = (item: Item) => item.id;
const page = (ids: string) => ({
  items: [...ids].map((id): Item => ({ id })),
  next_cursor: "x",
  partial: false,
  reached: null,
});
const loaded = (...pages: string[]): Loaded<Item> => ({
  pages: pages.map(page),
  pageParams: pages.map(() => null),
});
const items = (ids: string) => page(ids).items;

describe("known", () => {
  it("has rows of all pages, each once", () => {
    expect(
      known([page("dcb"), page("ba")], idOf)
        .map(idOf)
        .join(""),
    ).toBe("dcba");
    expect(known<Item>(undefined, idOf)).toEqual([]);
  });
});

describe("newIn", () => {
  it("counts what came above and between, not what lies below", () => {
    expect(newIn(loaded("dcb"), items("fedcb"), idOf)).toEqual({ count: 2, more: false });
    expect(newIn(loaded("db"), items("dcb"), idOf)).toEqual({ count: 1, more: false });
    expect(newIn(loaded("dc"), items("dcba"), idOf)).toEqual({ count: 0, more: false });
    expect(newIn(loaded("dcb"), items("dcb"), idOf)).toEqual({ count: 0, more: false });
  });

  it("says when more may have come than were counted", () => {
    expect(newIn(loaded("cb"), items("zyx"), idOf)).toEqual({ count: 3, more: true });
    expect(newIn(loaded(""), items("zyx"), idOf)).toEqual({ count: 3, more: false });
  });
});

describe("replaced", () => {
  it("changes rows in their places and adds none", () => {
    const after = replaced(loaded("dc", "ba"), [{ id: "e" }, { id: "b", verdict: "fail" }], idOf);
    expect(known(after.pages, idOf)).toEqual([
      { id: "d" },
      { id: "c" },
      { id: "b", verdict: "fail" },
      { id: "a" },
    ]);
  });
});

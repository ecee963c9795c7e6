// What a list is narrowed to, kept in the address under the names the API has for it.
import { useCallback, useMemo } from "react";
import type { Query } from "../api/client";
import { type UrlOptions, useUrlLists } from "./url";

/** Filters that take several values (any of them fits), and those that take one. */
export const listFilters = [
  "service",
  "model",
  "operation",
  "evaluator",
  "verdict",
  "code",
  "label",
  "judge_model",
] as const;
export const singleFilters = ["min_score", "max_score", "session", "text"] as const;
export type ListFilter = (typeof listFilters)[number];
export type SingleFilter = (typeof singleFilters)[number];
export type FilterName = ListFilter | SingleFilter;

const names: readonly FilterName[] = [...listFilters, ...singleFilters];

export const filterWords: Record<FilterName, string> = {
  service: "service",
  model: "model",
  operation: "operation",
  evaluator: "evaluator",
  verdict: "verdict",
  code: "failure code",
  label: "label",
  judge_model: "judge model",
  min_score: "score from",
  max_score: "score to",
  session: "session",
  text: "text",
};

export type Filters = {
  values: Record<FilterName, string[]>;
  /** Names that have a value, in a fixed order; `text` is the search field's and not among them. */
  active: FilterName[];
  text: string;
  /** Whether anything narrows the list, the text included. */
  any: boolean;
  set: (name: FilterName, values: string[], options?: UrlOptions) => void;
  add: (name: FilterName, value: string) => void;
  remove: (name: FilterName, value?: string) => void;
  clear: () => void;
  /** Several at once, as one step in the history. */
  change: (changes: Partial<Record<FilterName, string[]>>, options?: UrlOptions) => void;
  /** As the API takes them. */
  query: Query;
  /** Stands for all of them in a query's key. */
  key: string;
};

/** The page's filters. Every change is a step that Back undoes, but for the text while it is being typed. */
export const useFilters = (): Filters => {
  const [values, change] = useUrlLists(names);
  const set = useCallback(
    (name: FilterName, list: string[], options?: UrlOptions) =>
      change({ [name]: [...new Set(list.filter((value) => value !== ""))] }, options),
    [change],
  );
  const add = useCallback(
    (name: FilterName, value: string) =>
      set(name, (listFilters as readonly string[]).includes(name) ? [...values[name], value] : [value]),
    [set, values],
  );
  const remove = useCallback(
    (name: FilterName, value?: string) =>
      set(name, value === undefined ? [] : values[name].filter((one) => one !== value)),
    [set, values],
  );
  const clear = useCallback(() => change(Object.fromEntries(names.map((name) => [name, []]))), [change]);
  return useMemo(() => {
    const query: Query = {};
    for (const name of names) {
      if (values[name].length > 0)
        query[name] = (singleFilters as readonly string[]).includes(name) ? values[name][0] : values[name];
    }
    const active = names.filter((name) => name !== "text" && values[name].length > 0);
    const text = values.text[0] ?? "";
    return {
      values,
      active,
      text,
      any: active.length > 0 || text !== "",
      set,
      add,
      remove,
      clear,
      change,
      query,
      key: JSON.stringify(query),
    };
  }, [values, set, add, remove, clear, change]);
};

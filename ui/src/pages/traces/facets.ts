// What there is to filter by in the window, for completion.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api } from "../../api/client";
import type { Count, Facets } from "../../api/types";
import type { FilterOptions } from "../../components/filter-bar";
import { type FilterName, filterWords } from "../../state/filters";
import type { TimeRange } from "../../state/time-range";
import { count } from "../../text/format";

const choices = (counts: readonly Count[] | undefined) =>
  (counts ?? []).map((one) => ({ value: one.value, hint: count(one.count) }));

const verdicts = [
  { value: "fail", hint: "failed" },
  { value: "none", hint: "no verdict" },
  { value: "pass", hint: "passed" },
  { value: "value", hint: "without acceptance criteria" },
];

/**
 * Filters with their choices; `names` are those a page offers. Counting them is work for the server: it is done when
 * somebody comes near the filters, which spread `nearby` onto what is around them.
 */
export const useFilterOptions = (
  time: TimeRange,
  names: readonly FilterName[],
): { options: FilterOptions; nearby: { onPointerOver: () => void; onFocus: () => void } } => {
  const [near, setNear] = useState(false);
  const { data } = useQuery({
    queryKey: ["facets", time.key],
    queryFn: ({ signal }) => api.get<Facets>("/facets", { query: time.window(), signal }),
    placeholderData: keepPreviousData,
    enabled: near,
    staleTime: 60_000,
    meta: { live: false },
  });
  const options = useMemo(() => {
    const all: FilterOptions = {
      service: choices(data?.services),
      evaluator: choices(data?.evaluators),
      verdict: verdicts,
      model: choices(data?.models),
      operation: choices(data?.operations),
      label: choices(data?.labels),
      code: choices(data?.codes),
      judge_model: choices(data?.judge_models),
      min_score: [],
      max_score: [],
      session: [],
    };
    return Object.fromEntries(names.filter((name) => all[name]).map((name) => [name, all[name]]));
  }, [data, names]);
  const come = () => setNear(true);
  return { options, nearby: { onPointerOver: come, onFocus: come } };
};

/** A filter in words: `service is shop or desk`. */
export const inWords = (name: FilterName, values: readonly string[]): string =>
  `${filterWords[name]}${name.endsWith("_score") ? "" : " is"} ${values.join(" or ")}`;

// Results over the window, above the list they are of.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { api } from "../../api/client";
import type { Statistics } from "../../api/types";
import type { Filters } from "../../state/filters";
import type { TimeRange } from "../../state/time-range";
import { count, percent } from "../../text/format";

const Chart = lazy(() => import("../../components/chart").then((module) => ({ default: module.Chart })));

const legend = [
  { name: "pass", colour: "line-strong" },
  { name: "fail", colour: "fail-solid" },
  { name: "no verdict", colour: "hatch" },
];

/** Bars of passes, fails and no verdicts; dragging over them narrows the window. */
export const ResultsOverTime = ({ filters, time }: { filters: Filters; time: TimeRange }) => {
  const { data, isPlaceholderData } = useQuery({
    queryKey: ["statistics", "bars", time.key, filters.key],
    queryFn: ({ signal }) =>
      api.get<Statistics>("/statistics", {
        query: { ...filters.query, ...time.window(), by: "service" },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  const shown = useMemo(() => {
    if (!data) return null;
    const of = (pick: (bucket: Statistics["buckets"][number]) => number) => data.buckets.map(pick);
    return {
      times: data.buckets.map((bucket) => Date.parse(bucket.start)),
      series: [
        { name: "pass", colour: "line-strong", values: of((bucket) => bucket.passed + bucket.valued) },
        { name: "fail", colour: "fail-solid", values: of((bucket) => bucket.failed) },
        { name: "no verdict", colour: "hatch", values: of((bucket) => bucket.none) },
      ],
    };
  }, [data]);
  if (!data || !shown) return <div className="over-time" />;
  const { passed, failed, valued, none, pass_rate } = data.total;
  const all = passed + failed + valued + none;
  return (
    <div className={isPlaceholderData ? "over-time stale" : "over-time"}>
      <div className="over-time-head">
        <b>{count(all)} results</b>
        <span className="quiet">
          {time.words}
          {pass_rate === null ? "" : `, ${percent(pass_rate)} pass`}
        </span>
        <span className="grow" />
        <span className="not-phone">
          <BarLegend />
        </span>
      </div>
      <div className="over-time-plot">
        <Suspense fallback={null}>
          <Chart
            label={`Results ${time.words}: ${count(passed)} pass, ${count(failed)} fail, ${count(none)} no verdict`}
            kind="bars"
            times={shown.times}
            series={shown.series}
            height={44}
            format={(value) => count(value)}
            onSelect={time.setFixed}
          />
        </Suspense>
      </div>
    </div>
  );
};

const BarLegend = () => (
  <span className="legend">
    {legend.map((one) => (
      <span
        key={one.name}
        className={one.colour === "hatch" ? "hatch" : undefined}
        style={{ "--c": `var(--${one.colour})` } as React.CSSProperties}
      >
        <i />
        {one.name}
      </span>
    ))}
  </span>
);

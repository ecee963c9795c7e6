// Results over the window, above the list they are of.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Statistics } from "../../api/types";
import type { Filters } from "../../state/filters";
import type { TimeRange } from "../../state/time-range";
import { count, percent } from "../../text/format";
import { Bars } from "./bars";

/** Bars of passes, fails and no verdicts; a click or a drag on them narrows the window. */
export const ResultsOverTime = ({
  filters,
  time,
  ready,
}: {
  filters: Filters;
  time: TimeRange;
  ready: boolean;
}) => {
  // Sums do not look into texts.
  const { text: searched, ...query } = filters.query;
  const { data, isPlaceholderData } = useQuery({
    queryKey: ["statistics", "bars", time.key, JSON.stringify(query)],
    queryFn: ({ signal }) =>
      api.get<Statistics>("/statistics", {
        query: { ...query, ...time.window(), by: "service" },
        signal,
      }),
    placeholderData: keepPreviousData,
    // Rows come first.
    enabled: ready,
  });
  if (!data) return <div className="over-time" />;
  const { passed, failed, valued, none, pass_rate } = data.total;
  const all = passed + failed + valued + none;
  return (
    <div className={isPlaceholderData ? "over-time stale" : "over-time"}>
      <div className="over-time-head">
        <b>
          {count(all)} {all === 1 ? "result" : "results"}
        </b>
        <span className="quiet">
          {time.words}
          {pass_rate === null ? "" : `, ${percent(pass_rate)} pass`}
          {searched ? ", whatever the text" : ""}
        </span>
        <span className="grow" />
        <span className="legend not-phone">
          <span style={{ "--c": "var(--line-strong)" } as React.CSSProperties}>
            <i />
            pass
          </span>
          <span style={{ "--c": "var(--fail-solid)" } as React.CSSProperties}>
            <i />
            fail
          </span>
          <span className="hatch">
            <i />
            no verdict
          </span>
        </span>
      </div>
      <Bars
        label={`Results ${time.words}: ${count(passed)} pass, ${count(failed)} fail, ${count(none)} no verdict`}
        buckets={data.buckets}
        stepMs={data.step_seconds * 1000}
        onSelect={time.setFixed}
      />
    </div>
  );
};

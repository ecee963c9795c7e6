import { useMemo } from "react";
import type { Statistics } from "../../api/types";
import { LinkButton } from "../../components/button";
import { Chart } from "../../components/chart";
import { Menu } from "../../components/menu";
import { EmptyState } from "../../components/states";
import type { TimeRange } from "../../state/time-range";
import { useUrlState } from "../../state/url";
import { count, tick } from "../../text/format";
import {
  type Highlight,
  highlights,
  highlightWords,
  linesOf,
  othersWords,
  rated,
  rateOf,
  sentence,
} from "./rates";

const useHighlight = () => useUrlState<Highlight>("lines", "lowest", highlights);

/** Pass rates over time; the four lines that matter are named at their end. */
export const RateChart = ({ statistics, time }: { statistics: Statistics; time: TimeRange }) => {
  const [highlight] = useHighlight();
  const { series, buckets } = statistics;
  const lines = useMemo(() => linesOf(series, highlight), [series, highlight]);
  const times = useMemo(() => buckets.map((bucket) => Date.parse(bucket.start)), [buckets]);
  const lowest = useMemo(
    () => Math.min(0.9, ...lines.flatMap((line) => line.values.filter((value) => value !== null))),
    [lines],
  );
  if (lines.length === 0) return <NothingRated statistics={statistics} />;
  const worst =
    lines.findLast((line) => !line.back && line.colour === "fail-solid") ?? lines.find((line) => !line.back);
  const worstBuckets = series.find((one) => one.key === worst?.name)?.buckets ?? [];
  const span = (times[times.length - 1] ?? 0) - (times[0] ?? 0);
  return (
    <div className="rate-chart">
      <Chart
        label={sentence(series, time.words)}
        times={times}
        series={lines}
        low={lowest}
        high={1}
        height={228}
        format={(value) => (value === 1 ? "100%" : `${Number((value * 100).toFixed(1))}%`)}
        formatTick={(value, top) => `${Number((value * 100).toFixed(1))}${top ? "%" : ""}`}
        formatTime={(at) => tick(at, span)}
        others={othersWords(series, lines)}
        onSelect={time.setFixed}
        tip={(at) => {
          const bucket = worstBuckets[at];
          if (!bucket || !worst) return null;
          const decided = bucket.passed + bucket.failed;
          return (
            <span className="quiet">
              {worst.name}:{" "}
              {rateOf(bucket) === null
                ? "nothing judged"
                : `${count(bucket.failed)} of ${count(decided)} fail`}
            </span>
          );
        }}
      />
    </div>
  );
};

const HighlightMenu = () => {
  const [highlight, setHighlight] = useHighlight();
  return (
    <Menu
      className="not-phone"
      look="ghost"
      small
      label={`Highlight: ${highlightWords[highlight]}`}
      entries={highlights.map((one) => ({
        label: highlightWords[one],
        checked: one === highlight,
        onChoose: () => setHighlight(one),
      }))}
    />
  );
};
RateChart.Highlight = HighlightMenu;

/** Why there is no line. */
const NothingRated = ({ statistics }: { statistics: Statistics }) => {
  const { total, series } = statistics;
  if (rated(series).length === 0 && total.valued + total.none > 0) {
    return (
      <EmptyState
        icon="evaluators"
        title="Results, and no verdict among them"
        action={<LinkButton to="/results">Open the results</LinkButton>}
      >
        {count(total.valued)} values of evaluators without acceptance criteria, {count(total.none)} without a
        verdict
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="evaluators"
      title="Nothing was judged in this window"
      action={<LinkButton to="/evaluators">Open the evaluators</LinkButton>}
    >
      Choose a longer window, or publish an evaluator whose scope takes your spans. A span’s Evaluation tab
      says why each evaluator left it out.
    </EmptyState>
  );
};

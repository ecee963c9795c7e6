// What the overview makes of the statistics. Pure.

import type { Bucket, Figures, Series } from "../../api/types";
import type { ChartSeries } from "../../components/chart";

/** Passed ÷ (passed + failed) of a step; null when neither came: no verdict is in no rate. */
export const rateOf = (bucket: Pick<Bucket, "passed" | "failed">): number | null => {
  const decided = bucket.passed + bucket.failed;
  return decided === 0 ? null : bucket.passed / decided;
};

/** How a pass rate moved, in parts of 1; 0 where one of both is not known. */
export const moved = (series: { figures: Figures; before: Figures }): number =>
  series.figures.pass_rate === null || series.before.pass_rate === null
    ? 0
    : series.figures.pass_rate - series.before.pass_rate;

/** A fall that is worth the fail colour: two points or more. */
export const clearlyWorse = (series: { figures: Figures; before: Figures }): boolean =>
  moved(series) <= -0.02;

export const highlights = ["lowest", "falling", "busiest"] as const;
export type Highlight = (typeof highlights)[number];
export const highlightWords: Record<Highlight, string> = {
  lowest: "lowest 4",
  falling: "largest fall",
  busiest: "most results",
};

const most = 4;
const colours = ["series-1", "series-2", "series-3", "series-4"];
const total = ({ figures }: Series) => figures.passed + figures.failed;

/** Only evaluators with verdicts have a rate; the lowest first. */
export const rated = (series: readonly Series[]): Series[] =>
  series
    .filter((one) => one.figures.pass_rate !== null)
    .sort((a, b) => (a.figures.pass_rate ?? 1) - (b.figures.pass_rate ?? 1) || a.key.localeCompare(b.key));

/** The lines of the chart: those behind first, then the four that are named, so that they are drawn over the others. */
export const linesOf = (series: readonly Series[], highlight: Highlight): ChartSeries[] => {
  const order = {
    lowest: (a: Series, b: Series) => (a.figures.pass_rate ?? 1) - (b.figures.pass_rate ?? 1),
    falling: (a: Series, b: Series) => moved(a) - moved(b),
    busiest: (a: Series, b: Series) => total(b) - total(a),
  }[highlight];
  const sorted = rated(series).sort(order);
  const free = [...colours];
  let worst = false;
  const named = sorted.slice(0, most).map((one): ChartSeries => {
    // One line may borrow the fail colour; more of them could not be told apart.
    const red = !worst && clearlyWorse(one);
    worst ||= red;
    return {
      name: one.key,
      colour: red ? "fail-solid" : (free.shift() ?? "series-5"),
      values: one.buckets.map(rateOf),
    };
  });
  const behind = sorted.slice(most).map(
    (one): ChartSeries => ({
      name: one.key,
      colour: "line-strong",
      values: one.buckets.map(rateOf),
      back: true,
    }),
  );
  return [...behind, ...named];
};

/** `5 others ≥ 95%`: what the grey lines are at least at. */
export const othersWords = (series: readonly Series[], lines: readonly ChartSeries[]): string | undefined => {
  const names = new Set(lines.filter((line) => line.back).map((line) => line.name));
  const rates = series.filter((one) => names.has(one.key)).map((one) => one.figures.pass_rate ?? 1);
  if (rates.length === 0) return undefined;
  const least = Math.floor(Math.min(...rates) * 100);
  return `${rates.length} ${rates.length === 1 ? "other" : "others"} ≥ ${least}%`;
};

/** What the chart shows, in a sentence. */
export const sentence = (series: readonly Series[], words: string): string => {
  const list = rated(series)
    .slice(0, most)
    .map((one) => `${one.key} ${((one.figures.pass_rate ?? 0) * 100).toFixed(1)} percent`);
  return `Pass rate by evaluator ${words}. Lowest: ${list.join(", ")}.`;
};

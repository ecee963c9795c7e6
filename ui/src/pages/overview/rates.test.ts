import { expect, test } from "vitest";
import type { Figures, Series } from "../../api/types";
import { clearlyWorse, linesOf, othersWords, rated, rateOf } from "./rates";

const figures = (passed: number, failed: number): Figures => ({
  passed,
  failed,
  valued: 0,
  none: 0,
  pass_rate: passed + failed ? passed / (passed + failed) : null,
  mean_score: null,
  input_tokens: 0,
  output_tokens: 0,
  cost_usd: 0,
  spans: 0,
  p50_ms: null,
  p95_ms: null,
});

const series = (key: string, passed: number, failed: number, before = figures(passed, failed)): Series => ({
  key,
  figures: figures(passed, failed),
  before,
  buckets: [],
  labels: [],
  scores: [],
  score_range: null,
  services: [],
  codes: [],
});

const six = [
  series("fine", 99, 1),
  series("worst", 50, 50, figures(80, 20)),
  series("low", 60, 40),
  series("value_only", 0, 0),
  series("good", 96, 4),
  series("middle", 80, 20, figures(90, 10)),
  series("high", 95, 5),
];

test("no verdict is in no rate", () => {
  expect(rateOf({ passed: 3, failed: 1 })).toBe(0.75);
  expect(rateOf({ passed: 0, failed: 0 })).toBeNull();
});

test("evaluators without verdicts have no line, the lowest come first", () => {
  expect(rated(six).map((one) => one.key)).toEqual(["worst", "low", "middle", "high", "good", "fine"]);
});

test("four lines are named, one of them in the fail colour, the others are behind", () => {
  const lines = linesOf(six, "lowest");
  expect(lines.filter((line) => !line.back).map((line) => [line.name, line.colour])).toEqual([
    ["worst", "fail-solid"],
    ["low", "series-1"],
    ["middle", "series-2"],
    ["high", "series-3"],
  ]);
  expect(lines.slice(0, 2).every((line) => line.back)).toBe(true);
  expect(othersWords(six, lines)).toBe("2 others ≥ 96%");
});

test("the largest fall first", () => {
  expect(linesOf(six, "falling").filter((line) => !line.back)[0]?.name).toBe("worst");
  expect(clearlyWorse(six[1] as Series)).toBe(true);
  expect(clearlyWorse(six[2] as Series)).toBe(false);
});

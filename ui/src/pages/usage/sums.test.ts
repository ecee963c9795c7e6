import { expect, test } from "vitest";
import type { UsageRow } from "../../api/types";
import { csv, daysBetween, stacks, sums } from "./sums";

const row = (change: Partial<UsageRow>): UsageRow => ({
  day: "2026-11-20",
  evaluator: "topic",
  provider: "openai",
  model: "gpt-4o-mini",
  input_tokens: 100,
  output_tokens: 10,
  cached_tokens: 40,
  cost_usd: 0.5,
  calls: 2,
  results: 3,
  failures: 1,
  ...change,
});

test("rows are summed by evaluator, the dearest first", () => {
  const found = sums(
    [row({}), row({ day: "2026-11-21", model: "other" }), row({ evaluator: "toxicity", cost_usd: 9 })],
    "evaluator",
  );
  expect(found.map((one) => [one.key, one.cost, one.calls, one.others])).toEqual([
    ["toxicity", 9, 2, ["gpt-4o-mini"]],
    ["topic", 1, 4, ["gpt-4o-mini", "other"]],
  ]);
});

test("days are newest first", () => {
  expect(sums([row({}), row({ day: "2026-11-21", cost_usd: 0 })], "day").map((one) => one.key)).toEqual([
    "2026-11-21",
    "2026-11-20",
  ]);
});

test("days of a window, over the end of a month", () => {
  expect(daysBetween("2026-10-30", "2026-11-01")).toEqual(["2026-10-30", "2026-10-31", "2026-11-01"]);
});

test("a model a stack, small ones together", () => {
  const days = ["2026-11-20", "2026-11-21"];
  const rows = [1, 2, 3, 4, 5, 6, 7].map((at) => row({ model: `m${at}`, cost_usd: at }));
  const found = stacks(rows, days, "usd");
  expect(found.map((one) => one.name)).toEqual(["m7", "m6", "m5", "m4", "m3", "2 others"]);
  expect(found[5]?.values).toEqual([3, 0]);
  expect(stacks(rows, days, "tokens")[0]?.values).toEqual([110, 0]);
});

test("the file quotes what needs it, and has no formulas", () => {
  const text = csv([row({ evaluator: 'a,"b"' }), row({ evaluator: "=1+1" })]);
  expect(text).toContain('"a,""b"""');
  expect(text).toContain(",'=1+1,");
  expect(text.split("\r\n")).toHaveLength(4);
});

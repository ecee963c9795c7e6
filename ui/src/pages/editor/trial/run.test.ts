import { describe, expect, it } from "vitest";
import type { Result, Trial } from "../../../api/types";
import { isChanged, type Runs, tallyOf } from "./run";

const said = (change: Partial<Result>): Result =>
  ({
    outcome: "pass",
    value: "ON",
    score: null,
    score_range: null,
    code: null,
    cost_usd: 0.001,
    calls: 1,
    ...change,
  }) as Result;

const done = (trial: Partial<Trial>): Runs[string] => ({
  state: "done",
  of: "",
  trial: { result: null, published: null, skipped: "", matches: true, mismatch: "", ...trial },
});

describe("a trial", () => {
  it("is changed when verdict, label or code differ, or the score by a fifth of its range", () => {
    expect(isChanged(said({}), said({}))).toBe(false);
    expect(isChanged(said({}), said({ outcome: "fail" }))).toBe(true);
    expect(isChanged(said({}), said({ value: "NEUTRAL" }))).toBe(true);
    expect(isChanged(said({ score: 0.5 }), said({ score: 0.6 }))).toBe(false);
    expect(
      isChanged(said({ score: 5, score_range: [1, 10] }), said({ score: 8, score_range: [1, 10] })),
    ).toBe(true);
    expect(
      isChanged(
        said({ outcome: "none", code: "internal" }),
        said({ outcome: "none", code: "judge_timeout" }),
      ),
    ).toBe(true);
    expect(isChanged(null, said({}))).toBe(false);
  });

  it("adds up what came of it and what it cost", () => {
    const runs: Runs = {
      a: done({ result: said({}), published: said({ outcome: "fail" }) }),
      b: done({ result: said({ outcome: "none", code: "judge_timeout", cost_usd: 0.002 }) }),
      c: done({ skipped: "span.output is missing" }),
      d: { state: "failed", of: "", message: "gone" },
      e: { state: "waiting", of: "" },
    };
    expect(tallyOf(runs)).toEqual({ done: 4, changed: 1, none: 1, skipped: 1, failed: 1, cost: 0.003 });
  });

  it("does not invent a price", () => {
    expect(tallyOf({ a: done({ result: said({ cost_usd: null }) }) }).cost).toBeNull();
    expect(tallyOf({ a: done({ result: said({ cost_usd: null, calls: 0 }) }) }).cost).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import type { EvaluatorRow } from "../../api/types";
import { countOf, isFound, ordered } from "./order";

const row = (
  name: string,
  change: Partial<EvaluatorRow>,
  rate: number | null = null,
  none = 0,
): EvaluatorRow =>
  ({
    name,
    description: "",
    judge: "default",
    answer_type: "score",
    target: "span",
    services: [],
    status: "published",
    draft_number: null,
    waiting: 0,
    figures: { passed: rate === null ? 0 : 10, failed: 0, valued: 0, none, pass_rate: rate, cost_usd: 0 },
    ...change,
  }) as EvaluatorRow;

const rows = [
  row("good", {}, 0.99),
  row("idle", {}),
  row("draft", { status: "draft" }),
  row("bad", {}, 0.2),
  row("broken", {}, null, 7),
  row("away", { status: "archived" }, 0.1),
  row("halted", { status: "paused" }, 0.5),
];

describe("the list of evaluators", () => {
  it("begins with the worst; drafts and what is put away come last", () => {
    expect(ordered(rows, "worst").map((one) => one.name)).toEqual([
      "bad",
      "halted",
      "good",
      "broken",
      "idle",
      "draft",
      "away",
    ]);
  });

  it("counts by status, archived ones only as such", () => {
    expect([
      countOf(rows, "all"),
      countOf(rows, "published"),
      countOf(rows, "paused"),
      countOf(rows, "archived"),
    ]).toEqual([6, 4, 1, 1]);
  });

  it("finds all words anywhere in a row", () => {
    const one = row("refund_policy", { services: ["checkout-bot"], judge: "small" });
    expect(isFound(one, "checkout refund")).toBe(true);
    expect(isFound(one, "checkout toxicity")).toBe(false);
    expect(isFound(one, "")).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import type { TreeSpan } from "../../api/types";
import { firstTab, spanOfResult, worstSpan } from "./selection";

const span = (
  span_id: string,
  verdicts: Partial<TreeSpan["verdicts"]> = {},
  operation: string | null = null,
): TreeSpan => ({
  span_id,
  parent_span_id: null,
  depth: 0,
  name: span_id,
  service: "",
  operation,
  label: "",
  offset_ms: 0,
  duration_ms: 0,
  error: false,
  duplicate: false,
  tokens: null,
  verdicts: { passed: 0, failed: 0, valued: 0, none: 0, waiting: 0, chips: [], ...verdicts },
});

describe("the span that is looked at first", () => {
  it("is the worst", () => {
    const spans = [span("a"), span("b", { passed: 2 }), span("c", { none: 1 }), span("d", { failed: 1 })];
    expect(worstSpan(spans)?.span_id).toBe("d");
    expect(worstSpan(spans.slice(0, 3))?.span_id).toBe("c");
    expect(worstSpan(spans.slice(0, 2))?.span_id).toBe("b");
    expect(worstSpan([span("a"), span("call", {}, "chat")])?.span_id).toBe("call");
    expect(worstSpan([span("a")])?.span_id).toBe("a");
    expect(worstSpan([])).toBeUndefined();
  });

  it("shows its evaluation when there is one", () => {
    expect(firstTab(span("a", { failed: 1 }))).toBe("evaluation");
    expect(firstTab(span("a", { waiting: 1 }))).toBe("evaluation");
    expect(firstTab(span("a"))).toBe("conversation");
    expect(firstTab(undefined)).toBe("conversation");
  });

  it("is found by a result", () => {
    const chip = { evaluator: "e", outcome: "fail" as const, value: "", result_id: "r1" };
    expect(spanOfResult([span("a"), span("b", { chips: [chip] })], "r1")?.span_id).toBe("b");
    expect(spanOfResult([span("a")], "r1")).toBeUndefined();
  });
});

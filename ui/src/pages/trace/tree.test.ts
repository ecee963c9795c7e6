import { describe, expect, it } from "vitest";
import type { TreeSpan } from "../../api/types";
import { axisOf, barOf, kindOf, nameOf, rowsOf, treeKey } from "./tree";

const span = (span_id: string, depth: number): TreeSpan => ({
  span_id,
  parent_span_id: null,
  depth,
  name: span_id,
  service: "app",
  operation: null,
  label: "",
  offset_ms: 0,
  duration_ms: 1,
  error: false,
  duplicate: false,
  tokens: null,
  verdicts: { passed: 0, failed: 0, valued: 0, none: 0, waiting: 0, chips: [] },
});

// root > (a > (b, c)), d > e
const spans = [span("root", 0), span("a", 1), span("b", 2), span("c", 2), span("d", 1), span("e", 2)];
const ids = (closed: string[] = []) => rowsOf(spans, new Set(closed)).map((row) => row.span.span_id);

describe("rowsOf", () => {
  it("shows all, and leaves out what is under a closed span", () => {
    expect(ids()).toEqual(["root", "a", "b", "c", "d", "e"]);
    expect(ids(["a"])).toEqual(["root", "a", "d", "e"]);
    expect(ids(["a", "d"])).toEqual(["root", "a", "d"]);
    expect(ids(["root", "a"])).toEqual(["root"]);
    expect(ids(["b"])).toEqual(["root", "a", "b", "c", "d", "e"]);
  });

  it("says who has children and at what level", () => {
    expect(rowsOf(spans, new Set(["d"])).map((row) => [row.level, row.parent, row.open])).toEqual([
      [1, true, true],
      [2, true, true],
      [3, false, false],
      [3, false, false],
      [2, true, false],
    ]);
  });
});

describe("treeKey", () => {
  const rows = rowsOf(spans, new Set(["d"]));
  it("moves", () => {
    expect(treeKey(rows, "a", "ArrowDown")).toEqual({ select: "b" });
    expect(treeKey(rows, "a", "k")).toEqual({ select: "root" });
    expect(treeKey(rows, "root", "ArrowUp")).toEqual({ select: "root" });
    expect(treeKey(rows, "d", "j")).toEqual({ select: "d" });
    expect(treeKey(rows, "b", "End")).toEqual({ select: "d" });
    expect(treeKey(rows, "b", "Home")).toEqual({ select: "root" });
    expect(treeKey(rows, null, "ArrowDown")).toEqual({ select: "root" });
  });

  it("opens, closes and climbs", () => {
    expect(treeKey(rows, "d", "ArrowRight")).toEqual({ open: "d" });
    expect(treeKey(rows, "a", "ArrowRight")).toEqual({ select: "b" });
    expect(treeKey(rows, "a", "ArrowLeft")).toEqual({ close: "a" });
    expect(treeKey(rows, "c", "ArrowLeft")).toEqual({ select: "a" });
    expect(treeKey(rows, "c", "ArrowRight")).toEqual({});
    expect(treeKey(rows, "c", "x")).toBeNull();
  });
});

describe("the waterfall", () => {
  it("keeps bars inside the trace, also those that ran longer or have no time", () => {
    expect(barOf({ offset_ms: 25, duration_ms: 50 }, 100, false)).toEqual({
      left: 25,
      width: 50,
      label: "after",
    });
    expect(barOf({ offset_ms: 90, duration_ms: 50 }, 100, false)).toEqual({
      left: 90,
      width: 10,
      label: "before",
    });
    expect(barOf({ offset_ms: 0, duration_ms: 100 }, 100, false).label).toBe("none");
    expect(barOf({ offset_ms: 0, duration_ms: 0 }, 0, false)).toEqual({ left: 0, width: 0, label: "after" });
  });

  it("has five marks and one unit", () => {
    expect(axisOf(6420)).toEqual(["0", "1.6", "3.2", "4.8", "6.4 s"]);
    expect(axisOf(240)).toEqual(["0", "60", "120", "180", "240 ms"]);
    expect(axisOf(0.4)).toEqual(["0", "100", "200", "300", "400 µs"]);
    expect(axisOf(600_000)).toEqual(["0", "2.5", "5.0", "7.5", "10.0 min"]);
  });
});

describe("names", () => {
  it("splits what the name repeats", () => {
    expect(nameOf({ name: "chat gpt-4o", label: "gpt-4o" })).toEqual({ name: "chat", label: "gpt-4o" });
    expect(nameOf({ name: "answer", label: "gpt-4o" })).toEqual({ name: "answer", label: "gpt-4o" });
    expect(nameOf({ name: "ask gpt-4o twice", label: "gpt-4o" })).toEqual({
      name: "ask gpt-4o twice",
      label: "",
    });
    expect(nameOf({ name: "gpt-4o", label: "gpt-4o" })).toEqual({ name: "gpt-4o", label: "" });
  });

  it("knows kinds of work", () => {
    expect(kindOf({ operation: "chat", name: "x" })).toBe("llm");
    expect(kindOf({ operation: "execute_tool", name: "x" })).toBe("tool");
    expect(kindOf({ operation: null, name: "POST /orders" })).toBe("http");
    expect(kindOf({ operation: null, name: "support_turn" }, true)).toBe("agent");
    expect(kindOf({ operation: "made_up", name: "x" })).toBe("other");
  });
});

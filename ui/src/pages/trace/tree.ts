// The span tree as rows: what is shown when branches are closed, where keys lead, where bars lie. Pure.
import type { TreeSpan } from "../../api/types";

export type Row = { span: TreeSpan; level: number; parent: boolean; open: boolean };

/** Rows in tree order. `spans` are in the order of a depth-first walk; what is under a closed span is left out. */
export const rowsOf = (spans: readonly TreeSpan[], closed: ReadonlySet<string>): Row[] => {
  const rows: Row[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  spans.forEach((span, at) => {
    if (span.depth > hiddenBelow) return;
    hiddenBelow = Number.POSITIVE_INFINITY;
    const parent = (spans[at + 1]?.depth ?? -1) > span.depth;
    const open = parent && !closed.has(span.span_id);
    if (parent && !open) hiddenBelow = span.depth;
    rows.push({ span, level: span.depth + 1, parent, open });
  });
  return rows;
};

export type Move = { select?: string; close?: string; open?: string };

/** What a key does in a tree, as the ARIA practices have it; null for a key that is not the tree's. */
export const treeKey = (rows: readonly Row[], current: string | null, key: string): Move | null => {
  const at = rows.findIndex((row) => row.span.span_id === current);
  const row = rows[at];
  const to = (index: number): Move => {
    const target = rows[Math.min(rows.length - 1, Math.max(0, index))];
    return target ? { select: target.span.span_id } : {};
  };
  switch (key) {
    case "ArrowDown":
    case "j":
      return to(at + 1);
    case "ArrowUp":
    case "k":
      return to(at < 0 ? 0 : at - 1);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      if (!row?.parent) return {};
      return row.open ? to(at + 1) : { open: row.span.span_id };
    case "ArrowLeft": {
      if (!row) return {};
      if (row.open) return { close: row.span.span_id };
      for (let above = at - 1; above >= 0; above -= 1) {
        if ((rows[above]?.level ?? 0) < row.level) return to(above);
      }
      return {};
    }
    default:
      return null;
  }
};

export type SpanKind = "agent" | "llm" | "tool" | "retrieval" | "http" | "other";

const kinds: Record<string, SpanKind> = {
  chat: "llm",
  text_completion: "llm",
  generate_content: "llm",
  completion: "llm",
  invoke_agent: "agent",
  create_agent: "agent",
  invoke_workflow: "agent",
  execute_tool: "tool",
  retrieval: "retrieval",
  embeddings: "retrieval",
  rerank: "retrieval",
};

/** What kind of work a span is, by its operation; a span that only holds others counts as agent-like. */
export const kindOf = (span: Pick<TreeSpan, "operation" | "name">, parent = false): SpanKind => {
  const known = span.operation ? kinds[span.operation] : undefined;
  if (known) return known;
  if (/^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b/.test(span.name)) return "http";
  return parent ? "agent" : "other";
};

export type Bar = { left: number; width: number; label: "after" | "before" | "none" };

/** A span's bar in percent of the trace, and the side on which its duration has room. */
export const barOf = (
  span: Pick<TreeSpan, "offset_ms" | "duration_ms">,
  totalMs: number,
  wide: boolean,
): Bar => {
  const total = Math.max(totalMs, 0.001);
  const left = Math.min(100, Math.max(0, (span.offset_ms / total) * 100));
  const width = Math.min(100 - left, Math.max(0, (span.duration_ms / total) * 100));
  if (wide) return { left, width, label: "none" };
  return { left, width, label: left + width <= 82 ? "after" : left >= 18 ? "before" : "none" };
};

/** Five marks for the time axis, the unit on the last one only. */
export const axisOf = (totalMs: number): string[] => {
  const [step, unit] =
    totalMs < 1
      ? [0.001, "µs"]
      : totalMs < 1000
        ? [1, "ms"]
        : totalMs < 120_000
          ? [1000, "s"]
          : [60_000, "min"];
  const total = totalMs / step;
  const digits = total >= 100 ? 0 : total >= 2 ? 1 : 2;
  return [0, 0.25, 0.5, 0.75, 1].map((part) => {
    if (part === 0) return "0";
    const words = (total * part).toFixed(digits);
    return part === 1 ? `${words} ${unit}` : words;
  });
};

/** A name and what it leaves out: `chat gpt-4o` is `chat` and `gpt-4o`, whoever wrote it twice. */
export const nameOf = (span: Pick<TreeSpan, "name" | "label">): { name: string; label: string } => {
  const { name, label } = span;
  if (!label || name === label) return { name, label: "" };
  if (name.endsWith(` ${label}`)) return { name: name.slice(0, -label.length - 1), label };
  return { name, label: name.includes(label) ? "" : label };
};

// Which span is looked at when the address does not say: the worst one. Pure.
import type { TreeSpan } from "../../api/types";

export const spanTabs = ["conversation", "attributes", "evaluation"] as const;
export type SpanTab = (typeof spanTabs)[number];

/** The span that a result is of, as far as the tree's chips tell. */
export const spanOfResult = (spans: readonly TreeSpan[], resultId: string): TreeSpan | undefined =>
  spans.find((span) => span.verdicts.chips.some((chip) => chip.result_id === resultId));

/** The first that failed, else the first without a verdict, else the first that was judged, else a model call, else the root. */
export const worstSpan = (spans: readonly TreeSpan[]): TreeSpan | undefined =>
  spans.find((span) => span.verdicts.failed > 0) ??
  spans.find((span) => span.verdicts.none > 0) ??
  spans.find((span) => span.verdicts.passed + span.verdicts.valued > 0) ??
  spans.find((span) => span.operation === "chat") ??
  spans[0];

/** What to show first of a span: its evaluation if it has one, else what was said. */
export const firstTab = (span: TreeSpan | undefined): SpanTab => {
  if (!span) return "conversation";
  const { passed, failed, valued, none, waiting } = span.verdicts;
  return passed + failed + valued + none + waiting > 0 ? "evaluation" : "conversation";
};

import type { Result } from "../../api/types";

/** Where a result is seen beside what it is of: its span's Evaluation tab, its trace, or its session's traces. */
export const addressOf = (result: Pick<Result, "id" | "target">): string => {
  const { kind, trace_id, span_id, session_id } = result.target;
  if (kind === "session" && !trace_id) return `/traces?range=30d&session=${encodeURIComponent(session_id)}`;
  const query = new URLSearchParams(span_id ? { span: span_id } : {});
  query.set("tab", "evaluation");
  query.set("result", result.id);
  return `/traces/${trace_id}?${query}`;
};

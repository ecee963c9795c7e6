// What every evaluator says of the span, and why others say nothing.
import { useEffect } from "react";
import type { SpanDetail } from "../../api/types";
import { EmptyState } from "../../components/states";
import { VerdictMark } from "../../components/verdict";
import { plural } from "../../text/format";
import { NotJudged } from "./not-judged";
import { ResultCard } from "./result-card";

export const Evaluation = ({ span, chosen }: { span: SpanDetail; chosen: string | null }) => {
  const { results } = span;
  const explained = span.explained.filter((one) => one.state !== "judged" && !one.result);
  useEffect(() => {
    if (chosen) document.getElementById(`result-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  if (results.length === 0 && explained.length === 0)
    return (
      <EmptyState icon="evaluators" title="There are no evaluators yet">
        One that is published judges every span in its scope, from the next one on.
      </EmptyState>
    );
  return (
    <>
      {results.map((result) => (
        <ResultCard key={result.id} result={result} traceId={span.trace_id} chosen={result.id === chosen} />
      ))}
      {span.superseded > 0 ? (
        <p className="quiet small-text superseded">
          {plural(span.superseded, "older result")} of these evaluators{" "}
          {span.superseded === 1 ? "was" : "were"} replaced
        </p>
      ) : null}
      {explained.length > 0 ? (
        <>
          <h3 className="group-head">
            <VerdictMark outcome="skip" silent />
            {plural(explained.length, "evaluator")} did not judge this span
          </h3>
          <NotJudged explained={explained} traceId={span.trace_id} spanId={span.span_id} />
        </>
      ) : null}
    </>
  );
};

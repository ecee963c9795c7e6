// What evaluators of whole traces and sessions say, under the tree.
import { useEffect } from "react";
import type { Trace } from "../../api/types";
import { NotJudged } from "./not-judged";
import { ResultCard } from "./result-card";

export const WholeTrace = ({ trace, chosen }: { trace: Trace; chosen: string | null }) => {
  const explained = trace.explained.filter((one) => one.state !== "judged" && !one.result);
  useEffect(() => {
    if (chosen) document.getElementById(`result-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  if (trace.results.length === 0 && explained.length === 0) return null;
  const root = trace.spans[0]?.span_id ?? "";
  return (
    <section aria-label="On the whole trace">
      <h2 className="group-head whole">
        On the whole trace
        <span className="spacer" />
        <span className="quiet">judged once it is complete</span>
      </h2>
      {trace.results.map((result) => (
        <ResultCard key={result.id} result={result} traceId={trace.trace_id} chosen={result.id === chosen} />
      ))}
      <NotJudged explained={explained} traceId={trace.trace_id} spanId={root} />
    </section>
  );
};

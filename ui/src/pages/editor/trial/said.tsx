// What an evaluator said of a subject, as small as a table of trials wants it.
import type { Result } from "../../../api/types";
import { Verdict } from "../../../components/verdict";

export function Said({ result, changed = false }: { result: Result; changed?: boolean }) {
  const isFailure = result.outcome === "none";
  const told = isFailure ? result.message : result.explanation;
  const value = isFailure ? (result.code ?? "no verdict") : result.value;
  return (
    <>
      <span className="said-head">
        <Verdict outcome={result.outcome}>
          <span className="cut" dir="auto" title={isFailure ? "No verdict" : undefined}>
            {isFailure && <span className="unseen">No verdict: </span>}
            {!isFailure && <span className="unseen">{result.outcome}: </span>}
            {value}
          </span>
        </Verdict>
        {changed && <span className="tag accent">changed</span>}
      </span>
      <span className="said" dir="auto" title={told.slice(0, 600)}>
        {told}
      </span>
    </>
  );
}

// One evaluator's outcome: verdict, value, explanation, and what it took.
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Result } from "../../api/types";
import { Button } from "../../components/button";
import { Tag } from "../../components/tag";
import { ScoreScale, Verdict } from "../../components/verdict";
import { useMayChange } from "../../state/session";
import { count, duration, fullTime, money, percent, score } from "../../text/format";
import { useRetry } from "./actions";
import { ExactPrompt } from "./exact-prompt";
import { oneLine } from "./inert";
import { LongText } from "./long-text";

export const ResultCard = ({
  result,
  traceId,
  chosen = false,
}: {
  result: Result;
  traceId: string;
  chosen?: boolean;
}) => (
  <article
    className={chosen ? "outcome chosen" : "outcome"}
    id={`result-${result.id}`}
    aria-label={`${result.evaluator}`}
  >
    <header>
      {result.outcome === "value" ? null : <Verdict outcome={result.outcome} />}
      <Link className="plain outcome-name cut" to={`/evaluators/${encodeURIComponent(result.evaluator)}`}>
        {result.evaluator}
      </Link>
      <Version result={result} />
      {result.target.kind === "session" ? <Tag>session</Tag> : null}
      <span className="outcome-value">
        <Value result={result} />
      </span>
    </header>
    {result.explanation || result.message ? (
      <LongText
        className="outcome-words"
        text={result.outcome === "none" ? result.message : result.explanation}
      />
    ) : null}
    {result.outcome === "none" ? (
      <p className="quiet small-text">Counts neither as pass nor as fail</p>
    ) : null}
    <Taken result={result} traceId={traceId} />
  </article>
);

const Version = ({ result }: { result: Result }) => (
  <Link
    className="plain"
    to={`/evaluators/${encodeURIComponent(result.evaluator)}?panel=versions`}
    title={`Version ${result.version}`}
  >
    <Tag>{result.number === null ? result.version.slice(0, 7) : `v${result.number}`}</Tag>
  </Link>
);

/** Score with its scale, label, boolean, or the code of a failure. */
export const Value = ({ result }: { result: Result }) => {
  if (result.outcome === "none") return <code>{result.code ?? "internal"}</code>;
  if (result.score !== null && result.score_range)
    return (
      <>
        <ScoreScale score={result.score} range={result.score_range} accepted={result.accepted} />
        {score(result.score)}
      </>
    );
  return <span dir="auto">{oneLine(result.value || result.label || "")}</span>;
};

const Taken = ({ result, traceId }: { result: Result; traceId: string }) => {
  const mayChange = useMayChange();
  const retry = useRetry(traceId);
  const tokens = (result.input_tokens ?? 0) + (result.output_tokens ?? 0);
  const facts: [string, ReactNode][] = [];
  if (result.calls === 0 && result.outcome !== "none") facts.push(["model", "decided without a model"]);
  else if (result.judge_model)
    facts.push([
      "model",
      <span key="model" title={result.judge_provider ?? undefined}>
        {result.judge_model}
      </span>,
    ]);
  if (result.input_tokens !== null || result.output_tokens !== null)
    facts.push([
      "tokens",
      <span
        key="tokens"
        title={`${count(result.input_tokens ?? 0)} in, ${count(result.output_tokens ?? 0)} out`}
      >
        {count(tokens)} tokens
      </span>,
    ]);
  if (result.cost_usd !== null) facts.push(["cost", money(result.cost_usd)]);
  facts.push([
    "duration",
    <span key="duration" title={`Judged ${fullTime(result.time)}`}>
      {duration(result.duration_ms)}
    </span>,
  ]);
  if (result.calls > 1) facts.push(["calls", `${result.calls} calls`]);
  if (result.confidence !== null) facts.push(["confidence", `${percent(result.confidence, 0)} sure`]);
  if (result.outcome === "none") facts.push(["final", result.retryable ? "may go away by itself" : "final"]);
  return (
    <div className="outcome-facts">
      {facts.map(([name, words]) => (
        <span key={name}>{words}</span>
      ))}
      {result.truncated.length > 0 ? (
        <Tag tone="warn" title="Shortened in the middle before the judge saw it">
          cut: {result.truncated.map(oneLine).join(", ")}
        </Tag>
      ) : null}
      {mayChange ? (
        <Button
          small
          look="ghost"
          className="link-like"
          busy={retry.isPending}
          onClick={() => retry.mutate(result)}
        >
          Judge again
        </Button>
      ) : null}
      {result.calls > 0 || result.judge_model ? <ExactPrompt result={result} /> : null}
    </div>
  );
};

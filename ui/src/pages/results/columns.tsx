// A result in a list.
import { useMemo, useRef } from "react";
import { Link } from "react-router";
import type { Result } from "../../api/types";
import type { Column } from "../../components/table";
import { ServiceName, Tag } from "../../components/tag";
import { Verdict } from "../../components/verdict";
import { useNow } from "../../state/now";
import { count, fullTime, moment, money, score } from "../../text/format";
import { oneLine } from "../trace/inert";
import { addressOf } from "./address";

/** `remember` is told before a row is opened by its link. */
export const useColumns = (remember: (result: Result) => void): Column<Result>[] => {
  const now = useNow(60_000);
  const newest = useRef(remember);
  newest.current = remember;
  return useMemo(
    () => [
      {
        key: "time",
        head: "Time ↓",
        width: "96px",
        place: "aside",
        cell: (result) => (
          <time className="quiet" dateTime={result.time} title={fullTime(result.time)}>
            {moment(result.time, now)}
          </time>
        ),
      },
      {
        key: "evaluator",
        head: "Evaluator",
        width: "206px",
        place: "title",
        cell: (result) => (
          <span className="row" title={result.evaluator}>
            <b className="cut medium">{result.evaluator}</b>
            {result.number === null ? null : <Tag>v{result.number}</Tag>}
          </span>
        ),
      },
      {
        key: "verdict",
        head: "Verdict",
        width: "108px",
        place: "meta",
        cell: (result) =>
          result.outcome === "value" ? (
            <span className="quiet">–</span>
          ) : (
            <Verdict outcome={result.outcome} />
          ),
      },
      {
        key: "value",
        head: "Value or code",
        width: "150px",
        place: "tail",
        cell: (result) => <ShortValue result={result} />,
      },
      {
        key: "explanation",
        head: "Explanation",
        place: "wide",
        cell: (result) => {
          const words =
            oneLine(result.outcome === "none" ? result.message : result.explanation) || oneLine(result.input);
          return (
            <Link
              className="plain"
              to={addressOf(result)}
              tabIndex={-1}
              onClick={() => newest.current(result)}
              title={words.slice(0, 400)}
              dir="auto"
            >
              {words || "no explanation"}
            </Link>
          );
        },
      },
      {
        key: "service",
        head: "Service",
        width: "124px",
        wideOnly: true,
        cell: (result) => <ServiceName name={result.service} />,
      },
      {
        key: "judge",
        head: "Judge model",
        width: "132px",
        wideOnly: true,
        cell: (result) => (
          <span className="soft" title={result.judge_model ?? undefined}>
            {result.judge_model ?? (result.outcome === "none" ? "–" : "no model needed")}
          </span>
        ),
      },
      {
        key: "tokens",
        head: "Tokens",
        width: "68px",
        align: "end",
        wideOnly: true,
        cell: (result) =>
          result.input_tokens === null ? "–" : count(result.input_tokens + (result.output_tokens ?? 0)),
      },
      {
        key: "cost",
        head: "Cost",
        width: "78px",
        align: "end",
        wideOnly: true,
        cell: (result) => money(result.cost_usd),
      },
    ],
    [now],
  );
};

/** Score, label or boolean; the code of a failure. */
export const ShortValue = ({ result }: { result: Result }) => {
  if (result.outcome === "none") return <code title={result.code ?? undefined}>{result.code}</code>;
  const words =
    result.score !== null && result.score_range
      ? score(result.score)
      : oneLine(result.value || result.label || "");
  return (
    <span className="soft" title={words} dir="auto">
      {words}
    </span>
  );
};

// Evaluators without an outcome here: why, and what helps.
import { Link } from "react-router";
import type { Explained } from "../../api/types";
import { Button } from "../../components/button";
import { VerdictMark } from "../../components/verdict";
import { useNow } from "../../state/now";
import { useMayChange } from "../../state/session";
import { ago, fullTime } from "../../text/format";
import { helpFor, helpWords, useJudge, useResume } from "./actions";
import { oneLine } from "./inert";

type Props = { explained: Explained[]; traceId: string; spanId: string };

export const NotJudged = ({ explained, traceId, spanId }: Props) => (
  <ul className="skips">
    {explained.map((one) => (
      <Skip key={`${one.evaluator} ${one.target.kind}`} explained={one} traceId={traceId} spanId={spanId} />
    ))}
  </ul>
);

const moving = new Set(["waiting", "judging", "retrying"]);

const Skip = ({ explained, traceId, spanId }: { explained: Explained; traceId: string; spanId: string }) => {
  const words = explained.words || explained.state.replaceAll("_", " ");
  return (
    <li>
      {moving.has(explained.state) ? (
        <span className="turning" aria-hidden="true" />
      ) : (
        <VerdictMark outcome="skip" />
      )}
      <Link
        className="plain skip-name cut"
        to={`/evaluators/${encodeURIComponent(explained.evaluator)}`}
        title={explained.evaluator}
      >
        {explained.evaluator}
      </Link>
      <span className="skip-why">
        <b>{words.charAt(0).toUpperCase() + words.slice(1)}</b>
        {explained.detail ? <span dir="auto">: {oneLine(explained.detail)}</span> : null}
        <Due explained={explained} />
      </span>
      <HelpLink explained={explained} traceId={traceId} spanId={spanId} />
    </li>
  );
};

/** When it is tried again, where that is known and not said already. */
const Due = ({ explained }: { explained: Explained }) => {
  const now = useNow();
  if (!explained.next || Date.parse(explained.next) <= now) return null;
  const ahead = ago(new Date(2 * now - Date.parse(explained.next)).toISOString(), now);
  return (
    <span className="quiet" title={fullTime(explained.next)}>
      {" "}
      (next try in {ahead})
    </span>
  );
};

const HelpLink = ({
  explained,
  traceId,
  spanId,
}: {
  explained: Explained;
  traceId: string;
  spanId: string;
}) => {
  const mayChange = useMayChange();
  const judge = useJudge(traceId);
  const resume = useResume(traceId);
  const help = helpFor(explained);
  if (!help || !mayChange) return null;
  const name = encodeURIComponent(explained.evaluator);
  const words = helpWords[help];
  const label = `${words}: ${explained.evaluator}`;
  switch (help) {
    case "judge":
      return (
        <Button
          small
          look="ghost"
          className="link-like"
          aria-label={label}
          busy={judge.isPending}
          onClick={() => judge.mutate({ evaluator: explained.evaluator, spanId })}
        >
          {words}
        </Button>
      );
    case "resume":
      return (
        <Button
          small
          look="ghost"
          className="link-like"
          aria-label={label}
          busy={resume.isPending}
          onClick={() => resume.mutate(explained.evaluator)}
        >
          {words}
        </Button>
      );
    case "budget":
      return (
        <Link to={`/usage?evaluator=${name}`} aria-label={label}>
          {words}
        </Link>
      );
    case "try":
    case "edit":
      return (
        <Link to={`/evaluators/${name}?trace=${traceId}&span=${spanId}`} aria-label={label}>
          {words}
        </Link>
      );
  }
};

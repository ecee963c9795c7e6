import { Link } from "react-router";
import type { Pipeline } from "../../api/types";
import { Banner } from "../../components/banner";
import { clock, plural } from "../../text/format";

const most = 2;

/** Evaluators that do not run though they are published: those the pipeline stopped come first. */
export const PausedBanners = ({ pipeline }: { pipeline: Pipeline }) => {
  const paused = [...pipeline.paused].sort((a, b) =>
    a.paused_by === b.paused_by ? b.waiting - a.waiting : a.paused_by === "pipeline" ? -1 : 1,
  );
  return (
    <>
      {paused.slice(0, most).map((one) => (
        <Banner key={one.evaluator} tone="warn">
          <b>
            {one.evaluator} is paused{one.reason ? ":" : "."}
          </b>{" "}
          {one.reason}
          {one.reason && !/[.!?]$/.test(one.reason) ? ". " : " "}
          {one.waiting > 0 &&
            `${plural(one.waiting, "job waits", "jobs wait")} and will run when it resumes. `}
          {one.retry && `It is tried again at ${clock(one.retry, false)}. `}
          <Link to={`/evaluators/${encodeURIComponent(one.evaluator)}`}>Open evaluator</Link>
        </Banner>
      ))}
      {paused.length > most && (
        <Banner tone="warn">
          {plural(paused.length - most, "more evaluator is", "more evaluators are")} paused.{" "}
          <Link to="/evaluators?status=paused">Open evaluators</Link>
        </Banner>
      )}
    </>
  );
};

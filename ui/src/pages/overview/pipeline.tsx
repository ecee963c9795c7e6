import { Link } from "react-router";
import type { Pipeline as Shape } from "../../api/types";
import { Card } from "../../components/card";
import { classNames } from "../../components/class-names";
import { LiveMark } from "../../components/live-mark";
import { StatusWord } from "../../components/tag";
import { VerdictMark } from "../../components/verdict";
import { bytes, compact, count, duration, plural, wait } from "../../text/format";

const rate = (perSecond: number): string =>
  perSecond === 0 ? "0/s" : perSecond < 0.1 ? `${compact(perSecond * 60)}/min` : `${compact(perSecond)}/s`;

/** Jobs that wait longer than this are a backlog, not a queue. */
const slow = 120;
const mostErrors = 4;

/** The way of a span in five stages, what failed on it, and where results go. */
export const Pipeline = ({ pipeline }: { pipeline: Shape }) => {
  const behind = pipeline.oldest_seconds > slow;
  return (
    <Card
      title="Pipeline"
      hint={<LiveMark />}
      actions={<Link to="/results?verdict=none">Failures by code</Link>}
    >
      <div className="stack">
        <div className="stages">
          <Stage
            value={rate(pipeline.received_per_second)}
            name="received"
            detail={`${compact(pipeline.received_today)} today`}
          />
          <Stage
            value={rate(pipeline.matched_per_second)}
            name="matched"
            detail={`by ${pipeline.published} of ${pipeline.evaluators}`}
          />
          <Stage
            value={pipeline.waiting < 10_000 ? count(pipeline.waiting) : compact(pipeline.waiting)}
            name="waiting"
            detail={pipeline.waiting > 0 ? `${wait(pipeline.oldest_seconds)} old` : "none"}
            state={behind ? "slow" : "fine"}
          />
          <Stage
            value={rate(pipeline.judged_per_second)}
            name="judged"
            detail={pipeline.judged_p50_ms === null ? "none yet" : `p50 ${duration(pipeline.judged_p50_ms)}`}
            state={pipeline.waiting > 0 && pipeline.judged_per_second === 0 && behind ? "slow" : "fine"}
          />
          <Stage
            value={rate(pipeline.exported_per_second)}
            name="exported"
            detail={`${compact(pipeline.outbox)} to send`}
            state={pipeline.destinations.some((one) => one.trouble) ? "slow" : "fine"}
          />
        </div>
        {pipeline.errors.length > 0 && (
          <dl className="facts lines" aria-label="Failures of 24 hours">
            {pipeline.errors.slice(0, mostErrors).map((error) => (
              <Line key={`${error.code} ${error.judge_model}`} value={count(error.count)}>
                <VerdictMark outcome="none" />
                <Link
                  className="plain cut"
                  to={`/results?verdict=none&code=${encodeURIComponent(error.code)}`}
                >
                  <code>{error.code}</code> {error.judge_model}
                </Link>
              </Line>
            ))}
            {pipeline.errors.length > mostErrors && (
              <Line
                value={count(pipeline.errors.slice(mostErrors).reduce((sum, error) => sum + error.count, 0))}
              >
                <span className="quiet">
                  {plural(pipeline.errors.length - mostErrors, "other code", "other codes")}
                </span>
              </Line>
            )}
          </dl>
        )}
        <dl className="facts lines">
          <Line value={`${count(pipeline.spans)} spans`}>
            <StatusWord state={pipeline.workers > 0 ? "on" : "wrong"}>
              {plural(pipeline.workers, "worker")}, {plural(pipeline.leased, "job")} under way
            </StatusWord>
          </Line>
          {pipeline.destinations.map((one) => (
            <Line key={one.name} value={one.waiting > 0 ? `lag ${wait(one.oldest_seconds)}` : "up to date"}>
              <StatusWord state={one.trouble ? "wrong" : "on"} title={one.trouble || one.name}>
                {one.trouble ? `${one.name}: ${one.trouble}` : one.name}
              </StatusWord>
            </Line>
          ))}
          <Line value={pipeline.limit_bytes > 0 ? `of ${bytes(pipeline.limit_bytes)}` : ""}>
            <StatusWord
              state={
                pipeline.limit_bytes > 0 && pipeline.size_bytes > 0.9 * pipeline.limit_bytes ? "wrong" : "on"
              }
            >
              {bytes(pipeline.size_bytes)} stored
            </StatusWord>
          </Line>
        </dl>
      </div>
    </Card>
  );
};

const Stage = ({
  value,
  name,
  detail,
  state = "fine",
}: {
  value: string;
  name: string;
  detail: string;
  state?: "fine" | "slow";
}) => (
  <div className={classNames("stage", state)}>
    <span className="stage-value">{value}</span>
    <span className="stage-name">{name}</span>
    <span className="stage-detail">{detail}</span>
  </div>
);

const Line = ({ value, children }: { value: string; children: React.ReactNode }) => (
  <>
    <dt className="row">{children}</dt>
    <dd className="end">{value}</dd>
  </>
);

// Results by steps of time, small: passes in grey, fails and no verdicts on top of them.
import { type PointerEvent, useRef, useState } from "react";
import type { Bucket } from "../../api/types";
import { clock, count, day, tick } from "../../text/format";

type Props = {
  label: string;
  buckets: readonly Bucket[];
  stepMs: number;
  /** A click or a drag chooses a window of time. */
  onSelect: (from: number, to: number) => void;
};

const height = 60;

const passes = (bucket: Bucket) => bucket.passed + bucket.valued;
const all = (bucket: Bucket) => passes(bucket) + bucket.failed + bucket.none;

export const Bars = ({ label, buckets, stepMs, onSelect }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const most = Math.max(1, ...buckets.map(all));
  const width = 100 / Math.max(1, buckets.length);
  const start = (index: number) => Date.parse(buckets[index]?.start ?? "");
  const under = (event: PointerEvent) => {
    const { left, width: whole } = event.currentTarget.getBoundingClientRect();
    const index = Math.floor(((event.clientX - left) / whole) * buckets.length);
    return Math.min(buckets.length - 1, Math.max(0, index));
  };
  const chosen = from === null || at === null ? null : [Math.min(from, at), Math.max(from, at)];
  const bucket = at === null ? undefined : buckets[at];
  const span = stepMs * buckets.length;
  const marks = [0, 0.25, 0.5, 0.75]
    .map((part) => Math.round(part * buckets.length))
    .filter((index) => buckets[index]);
  return (
    <div className="bars">
      <div
        className="bars-box"
        ref={box}
        role="img"
        aria-label={label}
        onPointerMove={(event) => setAt(under(event))}
        onPointerLeave={() => {
          setAt(null);
          setFrom(null);
        }}
        onPointerDown={(event) =>
          event.button === 0 && event.pointerType === "mouse" && setFrom(under(event))
        }
        onPointerUp={(event) => {
          if (from === null) return;
          const to = under(event);
          setFrom(null);
          onSelect(start(Math.min(from, to)), start(Math.max(from, to)) + stepMs);
        }}
      >
        <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <defs>
            <pattern
              id="bars-hatch"
              width="5"
              height="5"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect className="bars-hatch-back" width="5" height="5" />
              <path className="bars-hatch-line" d="M1 0v5" />
            </pattern>
          </defs>
          {chosen ? (
            <rect
              className="bars-chosen"
              x={(chosen[0] ?? 0) * width}
              width={((chosen[1] ?? 0) - (chosen[0] ?? 0) + 1) * width}
              y="0"
              height={height}
            />
          ) : null}
          {buckets.map((one, index) => {
            const x = index * width + width * 0.12;
            const part = (value: number) => (value / most) * height;
            const grey = part(passes(one));
            const red = part(one.failed);
            const hatched = part(one.none);
            return (
              <g key={one.start} opacity={at === null || at === index || chosen ? 1 : 0.75}>
                <rect className="bars-pass" x={x} width={width * 0.76} y={height - grey} height={grey} />
                <rect className="bars-fail" x={x} width={width * 0.76} y={height - grey - red} height={red} />
                <rect
                  className="bars-none"
                  x={x}
                  width={width * 0.76}
                  y={height - grey - red - hatched}
                  height={hatched}
                />
              </g>
            );
          })}
        </svg>
      </div>
      <div className="bars-axis" aria-hidden="true">
        {marks.map((index) => (
          <span key={index} style={{ left: `${index * width}%` }}>
            {tick(start(index), span)}
          </span>
        ))}
        <span className="bars-now">{tick(start(0) + span, span)}</span>
      </div>
      {bucket && at !== null ? (
        <div
          className={at > buckets.length / 2 ? "bars-tip to-left" : "bars-tip"}
          style={{ left: `${(at + 0.5) * width}%` }}
        >
          <b>
            {stepMs < 86_400_000
              ? `${clock(bucket.start, false)} – ${clock(start(at) + stepMs, false)}`
              : day(bucket.start)}
          </b>{" "}
          {count(passes(bucket))} pass, {count(bucket.failed)} fail
          {bucket.none > 0 ? `, ${count(bucket.none)} no verdict` : ""}
        </div>
      ) : null}
    </div>
  );
};

// The four outcomes. Colour, shape and word: always two of the three, so that none can be taken for another.
import type { ReactNode } from "react";
import type { Outcome } from "../api/types";
import { count } from "../text/format";
import { classNames } from "./class-names";

/** `skip`: not judged. `value`: a result without acceptance criteria, which has no shape. */
export type Mark = Outcome | "skip";

export const verdictWords: Record<Mark, string> = {
  pass: "Pass",
  fail: "Fail",
  none: "No verdict",
  skip: "Not judged",
  value: "Value",
};

const shapes: Record<Exclude<Mark, "value">, ReactNode> = {
  pass: (
    <>
      <circle cx="7" cy="7" r="7" fill="currentColor" />
      <path className="mark-cut" d="m4 7.2 2.1 2.1L10 5" />
    </>
  ),
  fail: (
    <>
      <rect width="14" height="14" rx="2.5" fill="currentColor" />
      <path className="mark-cut" d="m4.5 4.5 5 5m0-5-5 5" />
    </>
  ),
  none: (
    <>
      <path className="mark-ink" d="M7 1.5 13 12.3H1z" />
      <path className="mark-ink" d="M7 5.7v2.8M7 10.4v.1" />
    </>
  ),
  skip: (
    <>
      <circle className="mark-ink" cx="7" cy="7" r="5.5" strokeDasharray="2.5 2.26" />
      <path className="mark-ink" d="M4.8 7h4.4" />
    </>
  ),
};

/** The shape alone. It says its word to a screen reader unless `silent` (the word stands beside it). */
export const VerdictMark = ({ outcome, silent = false }: { outcome: Mark; silent?: boolean }) => {
  if (outcome === "value") return null;
  return silent ? (
    <svg className={`mark ${outcome}`} viewBox="0 0 14 14" aria-hidden="true" focusable="false">
      {shapes[outcome]}
    </svg>
  ) : (
    <svg
      className={`mark ${outcome}`}
      viewBox="0 0 14 14"
      role="img"
      aria-label={verdictWords[outcome].toLowerCase()}
    >
      <title>{verdictWords[outcome]}</title>
      {shapes[outcome]}
    </svg>
  );
};

/** Shape and word: `Fail`. `children` replace the word. */
export const Verdict = ({ outcome, children }: { outcome: Mark; children?: ReactNode }) => (
  <span className={`verdict ${outcome}`}>
    <VerdictMark outcome={outcome} silent={children === undefined} />
    {children ?? verdictWords[outcome]}
  </span>
);

/** An evaluator's outcome in a frame: name, and the value or code in bold where there is room for it. */
export const VerdictChip = ({
  outcome,
  name,
  value,
  title,
}: {
  outcome: Mark;
  name: string;
  value?: string;
  title?: string;
}) => (
  <span className={`chip ${outcome}`} title={title ?? (value ? `${name}: ${value}` : name)}>
    <VerdictMark outcome={outcome} />
    <span className="cut">
      {name}
      {value && (
        <>
          {" "}
          <b>{value}</b>
        </>
      )}
    </span>
  </span>
);

/** A shape and how many: `✓ 6`. Nothing for 0. */
export const VerdictCount = ({ outcome, number }: { outcome: Mark; number: number }) =>
  number > 0 ? (
    <span className="chip count">
      <VerdictMark outcome={outcome} />
      {outcome === "value" && <span className="quiet">value</span>}
      {count(number)}
    </span>
  ) : null;

type Chips = {
  passed: number;
  failed: number;
  valued: number;
  none: number;
  waiting: number;
  chips: { evaluator: string; outcome: Outcome; value: string; result_id: string }[];
};

/**
 * The outcomes of one trace or span for a list: the worst first, passes added up. One chip shows its value, more show
 * names only. `reason` says why nothing was judged.
 */
export const VerdictChips = ({
  verdicts,
  most = 2,
  reason,
}: {
  verdicts: Chips;
  most?: number;
  reason?: string;
}) => {
  const bad = verdicts.chips.filter((chip) => chip.outcome === "fail" || chip.outcome === "none");
  const shown = bad.slice(0, most);
  const hidden = {
    fail: verdicts.failed - shown.filter((chip) => chip.outcome === "fail").length,
    none: verdicts.none - shown.filter((chip) => chip.outcome === "none").length,
  };
  const nothing = verdicts.passed + verdicts.failed + verdicts.valued + verdicts.none === 0;
  return (
    <span className="chips">
      {shown.map((chip) => (
        <VerdictChip
          key={chip.result_id}
          outcome={chip.outcome}
          name={chip.evaluator}
          value={shown.length === 1 ? chip.value : undefined}
          title={`${chip.evaluator}: ${chip.value}`}
        />
      ))}
      <VerdictCount outcome="fail" number={hidden.fail} />
      <VerdictCount outcome="none" number={hidden.none} />
      <VerdictCount outcome="pass" number={verdicts.passed} />
      <VerdictCount outcome="value" number={verdicts.valued} />
      {verdicts.waiting > 0 && <span className="chip count quiet">{count(verdicts.waiting)} waiting</span>}
      {nothing && verdicts.waiting === 0 && (
        <span className="chip skip">
          <VerdictMark outcome="skip" silent />
          <span className="cut">not judged{reason ? `: ${reason}` : ""}</span>
        </span>
      )}
    </span>
  );
};

/** A score on its scale, with the part that passes. */
export const ScoreScale = ({
  score,
  range,
  accepted,
}: {
  score: number;
  range: [number, number];
  accepted?: [number | null, number | null] | null;
}) => {
  const [low, high] = range;
  const place = (value: number) => Math.min(100, Math.max(0, ((value - low) / (high - low || 1)) * 100));
  const from = place(accepted?.[0] ?? low);
  const to = place(accepted?.[1] ?? high);
  return (
    <span
      className={classNames("scale")}
      role="img"
      aria-label={`${score} on a scale from ${low} to ${high}`}
    >
      {accepted && <i className="scale-accepted" style={{ left: `${from}%`, width: `${to - from}%` }} />}
      <i className="scale-at" style={{ left: `${place(score)}%` }} />
    </span>
  );
};

import { count } from "../text/format";

type Split = { passed: number; failed: number; none: number };

/** Passes, fails and no verdicts as parts of one bar; no verdict is hatched. */
export const SplitBar = ({ passed, failed, none }: Split) => (
  <span
    className="split"
    role="img"
    aria-label={`${count(passed)} pass, ${count(failed)} fail, ${count(none)} no verdict`}
  >
    {passed > 0 && <i className="split-pass" style={{ flexGrow: passed }} />}
    {failed > 0 && <i className="split-fail" style={{ flexGrow: failed }} />}
    {none > 0 && <i className="split-none" style={{ flexGrow: none }} />}
  </span>
);

const part = (value: number, limit: number) => Math.min(100, Math.max(0, (value / (limit || 1)) * 100));

/** What is spent of a limit, and what is reserved for calls under way; amber when it is used up. */
export const BudgetBar = ({
  used,
  reserved = 0,
  limit,
  label,
}: {
  used: number;
  reserved?: number;
  limit: number;
  label: string;
}) => {
  const spent = part(used, limit);
  return (
    <span
      className={used + reserved >= limit ? "bar full" : "bar"}
      role="img"
      aria-label={`${label}: ${Math.round(spent)}% used`}
    >
      <i style={{ width: `${spent}%` }} />
      {reserved > 0 && (
        <i
          className="bar-reserved"
          style={{ left: `${spent}%`, width: `${part(used + reserved, limit) - spent}%` }}
        />
      )}
    </span>
  );
};

/** A quantity as part of the largest beside it. */
export const ShareBar = ({
  value,
  most,
  tone = "none",
}: {
  value: number;
  most: number;
  tone?: "none" | "fail" | "accent";
}) => (
  <span className={`bar share ${tone}`} aria-hidden="true">
    <i style={{ width: `${part(value, most)}%` }} />
  </span>
);

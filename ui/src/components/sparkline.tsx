/** A line without axes, for a row. `values` between `low` and `high` (their own range if left out); null is a gap. */
export const Sparkline = ({
  values,
  low,
  high,
  bad = false,
}: {
  values: readonly (number | null)[];
  low?: number;
  high?: number;
  bad?: boolean;
}) => {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <span className="sparkline" aria-hidden="true" />;
  const bottom = low ?? Math.min(...known);
  const top = high ?? Math.max(...known);
  const x = (at: number) => (at / (values.length - 1)) * 96;
  const y = (value: number) => (top === bottom ? 11 : 20 - ((value - bottom) / (top - bottom)) * 18);
  const places = values.flatMap((value, at) =>
    value === null ? [] : [`${x(at).toFixed(1)} ${y(value).toFixed(1)}`],
  );
  const first = x(values.findIndex((value) => value !== null)).toFixed(1);
  const last = x(values.findLastIndex((value) => value !== null)).toFixed(1);
  return (
    <svg
      className={bad ? "sparkline bad" : "sparkline"}
      viewBox="0 0 96 22"
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path className="sparkline-area" d={`M${first} 22 L${places.join(" L")} L${last} 22Z`} />
      <path d={`M${places.join(" L")}`} />
    </svg>
  );
};

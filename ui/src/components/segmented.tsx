import type { ReactNode } from "react";

export type Segment<Value extends string> = { value: Value; label: ReactNode; count?: string };

/** A choice of one out of a few, all of them seen. */
export const Segmented = <Value extends string>({
  label,
  value,
  options,
  onChange,
  className = "",
}: {
  label: string;
  value: Value | null;
  options: readonly Segment<Value>[];
  onChange: (value: Value) => void;
  className?: string;
}) => (
  // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in a line with its neighbours.
  <div className={`segmented ${className}`} role="group" aria-label={label}>
    {options.map((option) => (
      <button
        key={option.value}
        type="button"
        aria-pressed={option.value === value}
        onClick={() => onChange(option.value)}
      >
        {option.label}
        {option.count !== undefined && <span className="segment-count">{option.count}</span>}
      </button>
    ))}
  </div>
);

import type { ReactNode } from "react";
import { points } from "../text/format";

/** A small word beside a name: a version, a type. */
export const Tag = ({
  tone,
  title,
  children,
}: {
  tone?: "warn" | "accent";
  title?: string;
  children: ReactNode;
}) => (
  <span className={tone ? `tag ${tone}` : "tag"} title={title}>
    {children}
  </span>
);

/** A state with its dot: filled, dashed, or paused. */
export const StatusWord = ({
  state,
  title,
  children,
}: {
  state: "on" | "off" | "draft" | "paused" | "wrong";
  title?: string;
  children: ReactNode;
}) => (
  <span className={`status ${state}`} title={title}>
    <span className="cut">{children}</span>
  </span>
);

const series = ["series-1", "series-2", "series-3", "series-4", "series-5", "series-6"];

/** The colour a service, model or line keeps everywhere: by its name, so that pages agree. */
export const seriesColour = (name: string): string => {
  // FNV-1a, its upper half: the lower bits of like names are alike.
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return `var(--${series[(hash >>> 16) % series.length]})`;
};

/** A service with its colour. */
export const ServiceName = ({ name }: { name: string }) => (
  <span className="service" style={{ "--c": seriesColour(name) } as React.CSSProperties} title={name}>
    <span className="cut" dir="auto">
      {name || "no service name"}
    </span>
  </span>
);

/** How a rate moved since the window before: less than half a point is no news. */
export const Delta = ({
  now,
  before,
}: {
  now: number | null | undefined;
  before: number | null | undefined;
}) => {
  if (now === null || now === undefined || before === null || before === undefined) return null;
  const difference = now - before;
  const tone = Math.abs(difference) < 0.005 ? "flat" : difference < 0 ? "bad" : "good";
  const [sign, word] =
    Math.abs(difference) < 0.0005 ? ["±", ""] : difference < 0 ? ["▼ ", "down "] : ["▲ ", "up "];
  return (
    <span className={`delta ${tone}`} title="against the window before">
      <span aria-hidden="true">{sign}</span>
      <span className="unseen">{word}</span>
      {points(difference)}
    </span>
  );
};

import type { ReactNode } from "react";
import { classNames } from "./class-names";

/** A panel with a heading. `hint` is quiet and beside it, `actions` at the right. `flush` leaves the inside unpadded. */
export const Card = ({
  title,
  hint,
  actions,
  flush = false,
  className,
  children,
}: {
  title?: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
  flush?: boolean;
  className?: string;
  children?: ReactNode;
}) => (
  <section className={classNames("card", className)}>
    {(title || actions) && (
      <header>
        {title && <h2>{title}</h2>}
        {hint && <span className="card-hint">{hint}</span>}
        <span className="spacer" />
        {actions}
      </header>
    )}
    {flush ? children : <div className="card-body">{children}</div>}
  </section>
);

/** Figures side by side in one card. */
export const FigureStrip = ({ label, children }: { label: string; children: ReactNode }) => (
  <section className="card figures" aria-label={label}>
    {children}
  </section>
);

/** One figure: what it is, the number, `small` beside it, and a line below. */
export const Figure = ({
  label,
  action,
  value,
  small,
  children,
}: {
  label: ReactNode;
  action?: ReactNode;
  value: ReactNode;
  small?: ReactNode;
  children?: ReactNode;
}) => (
  <div className="figure">
    <span className="figure-label">
      {label}
      {action}
    </span>
    <span className="figure-value">
      {value} {small && <small>{small}</small>}
    </span>
    <span className="figure-line">{children}</span>
  </div>
);

/** Rows with a hairline between them. */
export const List = ({
  tall = false,
  label,
  children,
}: {
  tall?: boolean;
  label?: string;
  children: ReactNode;
}) => (
  <ul className={tall ? "list tall" : "list"} aria-label={label}>
    {children}
  </ul>
);

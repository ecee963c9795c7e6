import type { ReactNode } from "react";
import { Icon } from "./icon";

export const Steps = ({ children }: { children: ReactNode }) => <ol className="steps">{children}</ol>;

/** One step: done, under way, or to come. */
export const Step = ({
  number,
  state,
  title,
  children,
}: {
  number: number;
  state: "done" | "now" | "later";
  title: ReactNode;
  children?: ReactNode;
}) => (
  <li className={`step ${state}`} aria-current={state === "now" ? "step" : undefined}>
    <span className="step-number">
      {state === "done" ? (
        <>
          <Icon name="check" small />
          <span className="unseen">done</span>
        </>
      ) : (
        number
      )}
    </span>
    <div className="step-content">
      <h3>{title}</h3>
      {children}
    </div>
  </li>
);

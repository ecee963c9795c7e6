import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon";

/** A line over the page's content: `warn` for what waits or is paused, `wrong` for what is broken. */
export const Banner = ({
  tone = "warn",
  icon = "alert",
  action,
  children,
}: {
  tone?: "warn" | "wrong" | "plain";
  icon?: IconName;
  action?: ReactNode;
  children: ReactNode;
}) => (
  <div className={`banner ${tone}`} role={tone === "wrong" ? "alert" : undefined}>
    <Icon name={icon} />
    <div className="banner-text">{children}</div>
    {action}
  </div>
);

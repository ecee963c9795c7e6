import { type ReactNode, useEffect } from "react";
import { Link } from "react-router";

/**
 * A page: its top bar with the title, where it lies (`crumbs`) and its actions, and its content. `bare` leaves out the
 * padding, for split views. `facts` stand beside the title: tags, an id.
 */
export const Page = ({
  title,
  crumbs = [],
  facts,
  actions,
  bare = false,
  children,
}: {
  title: string;
  crumbs?: readonly { label: string; to: string }[];
  facts?: ReactNode;
  actions?: ReactNode;
  bare?: boolean;
  children: ReactNode;
}) => {
  useEffect(() => {
    document.title = `${title} · Spanjudge`;
  }, [title]);
  return (
    <>
      <header className="topbar">
        {crumbs.map((crumb) => (
          <span key={crumb.to} className="crumb">
            <Link to={crumb.to}>{crumb.label}</Link>
            <span aria-hidden="true">/</span>
          </span>
        ))}
        <h1 className="cut" dir="auto">
          {title}
        </h1>
        {facts}
        <span className="spacer" />
        {actions}
      </header>
      <main className={bare ? "page bare" : "page"} id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
};

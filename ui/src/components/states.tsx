// What stands where data would: rows to come, nothing to show, or what went wrong.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";

const widths = [62, 88, 74, 94, 58, 82];

/** Grey rows in the shape of those to come. */
export const Skeleton = ({ rows = 4, height = 36 }: { rows?: number; height?: number }) => (
  <div className="skeletons" role="status" aria-label="Loading">
    {Array.from({ length: rows }, (_, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike and never move.
      <span key={at} className="skeleton-row" style={{ height }}>
        <span className="skeleton" style={{ width: `${widths[at % widths.length]}%` }} />
      </span>
    ))}
  </div>
);

/** Nothing to show: say which nothing it is, and what to do. */
export const EmptyState = ({
  icon,
  title,
  action,
  children,
}: {
  icon?: IconName;
  title: ReactNode;
  action?: ReactNode;
  children?: ReactNode;
}) => (
  <div className="empty">
    {icon && <Icon name={icon} />}
    <h3>{title}</h3>
    {children && <div className="empty-text">{children}</div>}
    {action}
  </div>
);

/** What the server said went wrong, in one panel; the rest of the page goes on. */
export const ErrorPanel = ({
  error,
  what,
  onRetry,
}: {
  error: unknown;
  what?: string;
  onRetry?: () => void;
}) => (
  <div className="error-panel" role="alert">
    <Icon name="alert" />
    <div>
      <b>{what ?? "This could not be loaded"}</b>
      <p>{wordsOf(error)}</p>
    </div>
    {onRetry && (
      <Button small onClick={onRetry}>
        Try again
      </Button>
    )}
  </div>
);

/** An error in words for people. */
export const wordsOf = (error: unknown): string => {
  if (error instanceof ApiError) {
    const fields = error.errors.map((one) => (one.field ? `${one.field}: ${one.message}` : one.message));
    return [error.detail, ...fields.filter((line) => !error.detail.includes(line))].join(". ");
  }
  return error instanceof Error ? error.message : String(error);
};

/** A query's data, or the skeleton before it, or the error with “Try again”. Old data stays when a refresh fails. */
export const QueryPanel = <Data,>({
  query,
  skeleton,
  what,
  children,
}: {
  query: UseQueryResult<Data>;
  skeleton?: ReactNode;
  what?: string;
  children: (data: Data) => ReactNode;
}) => {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError)
    return <ErrorPanel error={query.error} what={what} onRetry={() => void query.refetch()} />;
  return <>{skeleton ?? <Skeleton />}</>;
};

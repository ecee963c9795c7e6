import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { Result, ResultPage } from "../../api/types";
import { Card, List } from "../../components/card";
import { EmptyState, QueryPanel, Skeleton } from "../../components/states";
import { ServiceName } from "../../components/tag";
import { UntrustedLine } from "../../components/untrusted";
import { VerdictChip } from "../../components/verdict";
import { useNow } from "../../state/now";
import type { TimeRange } from "../../state/time-range";
import { ago, count, fullTime } from "../../text/format";

/** Where a result's target can be looked at. */
export const targetAddress = ({ id, target }: Result): string => {
  if (!target.trace_id) return `/results?session=${encodeURIComponent(target.session_id)}`;
  const place = target.span_id
    ? `?span=${target.span_id}&tab=evaluation&result=${encodeURIComponent(id)}`
    : `?result=${encodeURIComponent(id)}`;
  return `/traces/${target.trace_id}${place}`;
};

/** The newest fails with the judge's words. */
export const NewestFails = ({
  time,
  service,
  failed,
}: {
  time: TimeRange;
  service: string[];
  failed?: number;
}) => {
  const now = useNow();
  const query = useQuery({
    queryKey: ["results", "newest-fails", time.key, service],
    queryFn: ({ signal }) =>
      api.get<ResultPage>("/results", {
        query: { verdict: "fail", limit: 6, service, ...time.window() },
        signal,
      }),
    placeholderData: (before) => before,
  });
  return (
    <Card
      title="Newest fails"
      actions={
        <Link to="/results?verdict=fail">{failed === undefined ? "All" : `All ${count(failed)}`}</Link>
      }
      flush
    >
      <QueryPanel
        query={query}
        what="The newest fails could not be loaded"
        skeleton={<Skeleton rows={6} height={40} />}
      >
        {(page) =>
          page.items.length === 0 ? (
            <EmptyState title="No fails in this window" />
          ) : (
            <List label="Newest fails">
              {page.items.map((result) => (
                <li key={result.id} className="fail-row">
                  <VerdictChip outcome="fail" name={result.evaluator} value={result.value} />
                  <Link className="plain cut grow" to={targetAddress(result)}>
                    <UntrustedLine text={result.explanation || result.input || "no explanation"} />
                  </Link>
                  <span className="not-phone fail-service">
                    <ServiceName name={result.service} />
                  </span>
                  <time className="quiet end" dateTime={result.time} title={fullTime(result.time)}>
                    {ago(result.time, now)}
                  </time>
                </li>
              ))}
            </List>
          )
        }
      </QueryPanel>
    </Card>
  );
};

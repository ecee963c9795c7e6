import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { Pipeline } from "../../api/types";
import { Card, List } from "../../components/card";
import { ErrorPanel, Skeleton } from "../../components/states";
import { StatusWord } from "../../components/tag";
import { wait } from "../../text/format";

/** Where verdicts go, and how to fetch them. */
export const WaysOut = () => {
  const pipeline = useQuery({
    queryKey: ["pipeline"],
    queryFn: ({ signal }) => api.get<Pipeline>("/pipeline", { signal }),
    refetchInterval: 15_000,
  });
  return (
    <Card title="Get verdicts back" actions={<Link to="/results">Results</Link>} flush>
      {pipeline.isError && !pipeline.data && (
        <ErrorPanel error={pipeline.error} onRetry={() => void pipeline.refetch()} />
      )}
      {pipeline.isPending && <Skeleton rows={2} height={40} />}
      {pipeline.data && (
        <List>
          {pipeline.data.destinations.map((one) => (
            <li key={one.name}>
              <span className="grow cut">
                <StatusWord state={one.trouble ? "wrong" : "on"}>
                  OTLP logs and metrics to {one.name}
                </StatusWord>
              </span>
              <span className="quiet cut">
                {one.trouble || (one.waiting > 0 ? `lag ${wait(one.oldest_seconds)}` : "up to date")}
              </span>
            </li>
          ))}
          {pipeline.data.destinations.length === 0 && (
            <li>
              <span className="grow soft">
                Nothing is exported. Set <code>SPANJUDGE_EXPORT_OTLP_ENDPOINT</code> to send verdicts to a
                collector or backend
              </span>
            </li>
          )}
          <li>
            <span className="grow soft">
              Export as CSV or JSONL, or read <code>/api/v1/results</code>
            </span>
            <a className="nowrap" href="/docs" target="_blank" rel="noopener">
              API reference
            </a>
          </li>
        </List>
      )}
    </Card>
  );
};

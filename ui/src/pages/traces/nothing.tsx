// An empty list says which nothing it is: nothing was ever received, nothing in this window, or nothing that matches.
import { useQueries, useQuery } from "@tanstack/react-query";
import { api, type Query } from "../../api/client";
import type { Page, Pipeline } from "../../api/types";
import { Button, LinkButton } from "../../components/button";
import { EmptyState, Skeleton } from "../../components/states";
import type { FilterName, Filters } from "../../state/filters";
import { type Range, rangeMs, ranges, rangeWords, type TimeRange } from "../../state/time-range";
import { fullTime } from "../../text/format";
import { inWords } from "./facets";

type Props = {
  noun: "traces" | "results";
  filters: Filters;
  time: TimeRange;
  timeOf: (item: never) => string;
};

const without = (query: Query, name: FilterName): Query => {
  const { [name]: _, ...rest } = query;
  return rest;
};

export const Nothing = ({ noun, filters, time, timeOf }: Props) => {
  const pipeline = useQuery({
    queryKey: ["pipeline"],
    queryFn: ({ signal }) => api.get<Pipeline>("/pipeline", { signal }),
    // Who waits for the first span looks at this.
    refetchInterval: ({ state }) => (state.data?.spans === 0 ? 4_000 : false),
  });
  if (pipeline.isPending) return <Skeleton rows={6} />;
  if (pipeline.data?.spans === 0)
    return (
      <EmptyState
        icon="setup"
        title="No span has come yet"
        action={
          <LinkButton look="primary" to="/setup">
            Send the first span
          </LinkButton>
        }
      >
        Point an application or an OpenTelemetry Collector at this server: its traces show up here within
        seconds.
      </EmptyState>
    );
  return filters.any ? (
    <NoMatch noun={noun} filters={filters} time={time} />
  ) : (
    <NotInWindow noun={noun} time={time} timeOf={timeOf} />
  );
};

/** Which of the filters leaves nothing: those without which there would be something. */
const NoMatch = ({
  noun,
  filters,
  time,
}: {
  noun: "traces" | "results";
  filters: Filters;
  time: TimeRange;
}) => {
  const names: FilterName[] = filters.text ? [...filters.active, "text"] : filters.active;
  const tries = useQueries({
    queries: names.map((name) => ({
      queryKey: [noun, "without", name, time.key, filters.key],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get<Page<unknown>>(`/${noun}`, {
          query: { ...without(filters.query, name), ...time.window(), limit: 1 },
          signal,
        }),
      enabled: names.length > 1,
      meta: { live: false },
    })),
  });
  const guilty = names.filter((_, at) => (tries[at]?.data?.items.length ?? 0) > 0);
  return (
    <EmptyState
      icon="filter"
      title={`No ${noun} match ${names.length === 1 ? "this filter" : "all of these filters"} ${time.words}`}
      action={
        <span className="empty-actions">
          {names.map((name) => (
            <Button
              key={name}
              look={guilty.length === 1 && guilty[0] === name ? "primary" : "plain"}
              icon="close"
              onClick={() => filters.remove(name)}
            >
              <span className="cut" dir="auto">
                {inWords(name, filters.values[name])}
              </span>
            </Button>
          ))}
          {names.length > 1 ? (
            <Button look="ghost" onClick={filters.clear}>
              Clear all
            </Button>
          ) : null}
        </span>
      }
    >
      {guilty.length > 0
        ? `Without “${guilty.map((name) => inWords(name, filters.values[name])).join("” or without “")}” there are some.`
        : names.length > 1
          ? "Leaving out one of them is not enough."
          : null}
    </EmptyState>
  );
};

const NotInWindow = ({ noun, time, timeOf }: Omit<Props, "filters">) => {
  const newest = useQuery({
    queryKey: [noun, "newest of all"],
    queryFn: ({ signal }) => api.get<Page<never>>(`/${noun}`, { query: { limit: 1 }, signal }),
    meta: { live: false },
  });
  if (newest.isPending) return <Skeleton rows={6} />;
  const item = newest.data?.items[0];
  if (item === undefined)
    return noun === "results" ? (
      <EmptyState
        icon="evaluators"
        title="Nothing was judged yet"
        action={<LinkButton to="/evaluators">Evaluators</LinkButton>}
      >
        Spans have come. Publish an evaluator whose scope takes them, and their results show up here.
      </EmptyState>
    ) : (
      <EmptyState icon="traces" title="No traces are kept" />
    );
  const at = timeOf(item);
  const wider: Range | undefined = ranges.find((range) => Date.now() - Date.parse(at) < rangeMs[range]);
  const day = Date.parse(at);
  return (
    <EmptyState
      icon="clock"
      title={`No ${noun} ${time.words}`}
      action={
        wider && wider !== time.range ? (
          <Button look="primary" onClick={() => time.setRange(wider)}>
            Show {rangeWords[wider]}
          </Button>
        ) : (
          <Button look="primary" onClick={() => time.setFixed(day - 12 * 3600e3, day + 12 * 3600e3)}>
            Show the day around it
          </Button>
        )
      }
    >
      The newest is of {fullTime(at).slice(0, -4)}.
    </EmptyState>
  );
};

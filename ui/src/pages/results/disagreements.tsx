// Where answers differ: one evaluator that changed its mind about a span, or evaluators that say different things of one.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "react-router";
import { api } from "../../api/client";
import type { Disagreement, Page, Result, VerdictChanges } from "../../api/types";
import { Button } from "../../components/button";
import { Card, List } from "../../components/card";
import { Icon } from "../../components/icon";
import { Segmented } from "../../components/segmented";
import { EmptyState, ErrorPanel, QueryPanel, Skeleton } from "../../components/states";
import { ServiceName, Tag } from "../../components/tag";
import { VerdictMark } from "../../components/verdict";
import type { Filters } from "../../state/filters";
import { useNow } from "../../state/now";
import type { TimeRange } from "../../state/time-range";
import { useUrlState } from "../../state/url";
import { count, fullTime, moment, plural } from "../../text/format";
import { oneLine } from "../trace/inert";
import { rememberList } from "../traces/last-list";
import { addressOf } from "./address";
import { ShortValue } from "./columns";

type Kind = Disagreement["kind"];
type Props = { filters: Filters; time: TimeRange };

/** What counts of the filters: those that single out one answer would leave nothing to compare. */
const queryOf = ({ filters, time }: Props) => {
  const { service, model, operation, session, evaluator, judge_model } = filters.query;
  return { service, model, operation, session, evaluator, judge_model, ...time.window() };
};

/** How often evaluators changed their mind, in the summary above the list. */
export const ChangesCard = ({
  filters,
  time,
  ready,
  onOpen,
}: Props & { ready: boolean; onOpen: (evaluator: string) => void }) => {
  const query = useQuery({
    queryKey: ["results", "changes", time.key, filters.key],
    queryFn: ({ signal }) =>
      api.get<VerdictChanges>("/disagreements/changes", { query: queryOf({ filters, time }), signal }),
    placeholderData: keepPreviousData,
    enabled: ready,
  });
  return (
    <Card title="Changed their mind" hint="same span, another verdict" flush>
      <QueryPanel query={query} skeleton={<Skeleton rows={3} height={34} />}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="card-nothing">No verdict was turned round by a newer version or attempt</p>
          ) : (
            <List label="Changed their mind">
              {data.items.slice(0, 3).map((one) => (
                <li key={`${one.evaluator} ${one.after}`}>
                  <button type="button" className="line-button" onClick={() => onOpen(one.evaluator)}>
                    <span className="cut grow">{one.evaluator}</span>
                    <VerdictMark outcome={one.before} />
                    <Icon name="right" small />
                    <VerdictMark outcome={one.after} />
                    <span className="line-number">{count(one.count)}</span>
                  </button>
                </li>
              ))}
            </List>
          )
        }
      </QueryPanel>
    </Card>
  );
};

const kinds = ["versions", "evaluators"] as const;

export const Disagreements = ({ filters, time }: Props) => {
  const [kind, setKind] = useUrlState<Kind>("differ", "versions", kinds);
  const list = useInfiniteQuery({
    queryKey: ["results", "disagreements", kind, time.key, filters.key],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Disagreement>>("/disagreements", {
        query: { ...queryOf({ filters, time }), kind, cursor: pageParam, limit: 30 },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
  const items = (list.data?.pages ?? []).flatMap((page) => page.items);
  return (
    <section className="card" aria-label="Disagreements">
      <header>
        <Segmented<Kind>
          label="What differs"
          value={kind}
          onChange={setKind}
          options={[
            { value: "versions", label: "One evaluator, two answers" },
            { value: "evaluators", label: "Evaluators on one span" },
          ]}
        />
        <span className="card-hint not-phone">
          {kind === "versions"
            ? "by another version, another judge model, or when judged again"
            : filters.values.evaluator.length > 1
              ? `where ${filters.values.evaluator.join(" and ")} differ`
              : "filter for two evaluators to compare just these"}
        </span>
      </header>
      {list.isError && items.length === 0 ? (
        <ErrorPanel
          error={list.error}
          what="Disagreements could not be loaded"
          onRetry={() => void list.refetch()}
        />
      ) : list.isPending ? (
        <Skeleton rows={8} />
      ) : items.length === 0 ? (
        <Agreed kind={kind} time={time} />
      ) : (
        <ol className={list.isPlaceholderData ? "differs stale" : "differs"}>
          {items.map((one) => (
            <Differs key={`${one.results[0]?.id}`} disagreement={one} />
          ))}
        </ol>
      )}
      {list.hasNextPage && items.length > 0 ? (
        <div className="table-foot">
          <span>{plural(items.length, one(kind))} shown</span>
          <span className="grow" />
          <Button small busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </section>
  );
};

const one = (kind: Kind): string => (kind === "versions" ? "changed verdict" : "span");

const Agreed = ({ kind, time }: { kind: Kind; time: TimeRange }) => (
  <EmptyState icon="check" title={`No answers differ ${time.words}`}>
    {kind === "versions"
      ? "When a new version of an evaluator, or a second attempt, says otherwise of a span than the one before, both answers stand here."
      : "When one evaluator passes a span that another one fails, both answers stand here."}
  </EmptyState>
);

/** Leads to a result, and the way back to here. */
const ResultLink = ({
  result,
  className,
  children,
}: {
  result: Result;
  className: string;
  children: ReactNode;
}) => {
  const { pathname, search } = useLocation();
  return (
    <Link
      className={className}
      to={addressOf(result)}
      dir="auto"
      onClick={() => rememberList(pathname + search, [], result.id)}
    >
      {children}
    </Link>
  );
};

const Differs = ({ disagreement }: { disagreement: Disagreement }) => {
  const now = useNow(60_000);
  const { kind, results, target } = disagreement;
  const first = results[0];
  if (!first) return null;
  return (
    <li>
      <div className="differs-head">
        <ResultLink className="plain" result={first}>
          <b>
            {kind === "versions" ? first.evaluator : target.kind === "span" ? "Span" : `Whole ${target.kind}`}
          </b>
        </ResultLink>
        <ServiceName name={disagreement.service} />
        <span className="quiet mono not-phone">
          {target.span_id || target.trace_id || oneLine(target.session_id)}
        </span>
        <span className="grow" />
        <time className="quiet" dateTime={disagreement.time} title={fullTime(disagreement.time)}>
          {moment(disagreement.time, now)}
        </time>
      </div>
      <ul className="answers">
        {results.map((result) => (
          <Answer key={result.id} result={result} named={kind === "evaluators"} />
        ))}
      </ul>
    </li>
  );
};

const Answer = ({ result, named }: { result: Result; named: boolean }) => (
  <li>
    <VerdictMark outcome={result.outcome} />
    <span className="answer-by">
      {named ? <b className="cut medium">{result.evaluator}</b> : null}
      <Tag>{result.number === null ? result.version.slice(0, 7) : `v${result.number}`}</Tag>
      <span className="cut quiet">{result.judge_model ?? "no model"}</span>
      {named || result.current ? null : <span className="quiet">before</span>}
    </span>
    <span className="answer-value">
      <ShortValue result={result} />
    </span>
    <ResultLink className="plain answer-words" result={result}>
      {oneLine(result.explanation) || "no explanation"}
    </ResultLink>
  </li>
);

// Every trace that came, newest first, with what the evaluators say of it.
import { useMemo, useRef } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import type { TraceRow } from "../../api/types";
import { CopyButton } from "../../components/button";
import { FilterBar } from "../../components/filter-bar";
import { LiveMark } from "../../components/live-mark";
import { Page } from "../../components/page";
import { Segmented } from "../../components/segmented";
import { ErrorPanel, Skeleton } from "../../components/states";
import type { Column } from "../../components/table";
import { ServiceName } from "../../components/tag";
import { TimeRangePicker } from "../../components/time-range-picker";
import { VerdictChips, VerdictMark } from "../../components/verdict";
import { VirtualTable } from "../../components/virtual-table";
import { type FilterName, type Filters, useFilters } from "../../state/filters";
import { useKeys } from "../../state/keys";
import { useRested } from "../../state/later";
import { useNow } from "../../state/now";
import { useTimeRange } from "../../state/time-range";
import { compact, count, duration, fullTime, moment, money } from "../../text/format";
import { oneLine } from "../trace/inert";
import { useFilterOptions } from "./facets";
import { rememberList } from "./last-list";
import { KeysLine, NewRows } from "./list-frame";
import { useLiveList } from "./live-list";
import { Nothing } from "./nothing";
import { ResultsOverTime } from "./over-time";
import { useReading } from "./reading";
import { useCurrent, useScrollBack } from "./return";
import { SearchState } from "./search-state";
import "./traces.css";

const listKeys = [
  ["j k", "move"],
  ["Enter", "open"],
  ["x", "only like this"],
  ["e", "why (not) judged"],
  ["?", "all keys"],
] as const;

const offered: readonly FilterName[] = [
  "service",
  "evaluator",
  "model",
  "operation",
  "label",
  "code",
  "judge_model",
  "min_score",
  "max_score",
  "session",
];

const idOf = (trace: TraceRow) => trace.trace_id;
const timeOf = (trace: TraceRow) => trace.start;
const addressOf = (trace: TraceRow) => `/traces/${trace.trace_id}`;

export default function Traces() {
  const time = useTimeRange();
  const filters = useFilters();
  const go = useNavigate();
  const { pathname, search } = useLocation();
  const address = pathname + search;
  const [current, setCurrent] = useCurrent(address);
  const reading = useReading(current !== null);
  const list = useLiveList<TraceRow>({
    noun: "traces",
    key: `${time.key} ${filters.key}`,
    query: () => ({ ...filters.query, ...time.window() }),
    idOf,
    reading: reading.now,
    firstVisible: reading.firstRow,
  });
  const rowsStand = useRested(!list.loading && !list.stale);
  const { options, nearby } = useFilterOptions(time, offered);
  const remember = (trace: TraceRow) => rememberList(address, list.rows.map(idOf), idOf(trace));
  const columns = useColumns(remember);
  useScrollBack(address, list.rows.length > 0);

  const open = (trace: TraceRow, tab = "") => {
    remember(trace);
    void go(`${addressOf(trace)}${tab}`);
  };
  const letIn = () => {
    list.letIn();
    setCurrent(null);
    window.scrollTo({ top: 0 });
  };

  const chosen = list.rows.find((trace) => idOf(trace) === current);
  useKeys("List", [
    { keys: "e", does: "why (not) judged", run: () => chosen && open(chosen, "?tab=evaluation") },
    { keys: "x", does: "only traces like this", run: () => chosen && filters.change(likeThis(chosen)) },
    { keys: "n", does: "show new ones", run: letIn },
    { keys: "Escape", does: "leave the row", hidden: true, run: () => setCurrent(null) },
  ]);

  return (
    <Page
      title="Traces"
      actions={
        <>
          <TimeRangePicker time={time} />
          <span className="not-phone live-place">
            <LiveMark count={list.fresh} onShow={letIn} />
          </span>
          <CopyButton icon="link" label="Copy link to this view" text={() => window.location.href} />
        </>
      }
    >
      <div className="filters-place" {...nearby}>
        <FilterBar filters={filters} options={options} search="Search input and output">
          <VerdictSwitch filters={filters} />
        </FilterBar>
      </div>
      <section className="card" aria-label="List of traces" ref={reading.box}>
        <ResultsOverTime filters={filters} time={time} ready={rowsStand} />
        <NewRows list={list} one="trace" onShow={letIn} />
        {list.error && list.rows.length === 0 ? (
          <ErrorPanel error={list.error} what="Traces could not be loaded" onRetry={list.retry} />
        ) : list.loading ? (
          <Skeleton rows={14} />
        ) : list.rows.length === 0 && !list.searching ? (
          <Nothing noun="traces" filters={filters} time={time} timeOf={timeOf} />
        ) : (
          <VirtualTable
            label="Traces"
            columns={columns}
            rows={list.rows}
            rowKey={idOf}
            href={addressOf}
            onOpen={open}
            onEnd={list.loadMore}
            more={!list.end}
            current={current}
            onCurrent={(trace) => setCurrent(idOf(trace))}
            stale={list.stale}
            foot={
              <>
                <KeysLine keys={listKeys} />
                <span className="grow" />
                <SearchState list={list} one="trace" />
              </>
            }
          />
        )}
      </section>
    </Page>
  );
}

/** The same service, and the evaluator that failed first if one did. */
const likeThis = (trace: TraceRow): Partial<Record<FilterName, string[]>> => {
  const bad = trace.verdicts.chips.find((chip) => chip.outcome === "fail" || chip.outcome === "none");
  return {
    service: trace.service ? [trace.service] : [],
    ...(bad ? { evaluator: [bad.evaluator], verdict: [bad.outcome] } : {}),
  };
};

const verdictChoices = [
  { value: "", label: "All" },
  {
    value: "fail",
    label: (
      <>
        <VerdictMark outcome="fail" silent />
        Has fail
      </>
    ),
  },
  {
    value: "none",
    label: (
      <>
        <VerdictMark outcome="none" silent />
        No verdict
      </>
    ),
  },
  {
    value: "pass",
    label: (
      <>
        <VerdictMark outcome="pass" silent />
        Has pass
      </>
    ),
  },
] as const;

const VerdictSwitch = ({ filters }: { filters: Filters }) => {
  const chosen = filters.values.verdict;
  const value = chosen.length === 0 ? "" : chosen.length === 1 ? chosen[0] : null;
  return (
    <Segmented<string>
      label="Verdict"
      value={value ?? null}
      options={verdictChoices}
      onChange={(verdict) => filters.set("verdict", verdict ? [verdict] : [])}
    />
  );
};

const useColumns = (remember: (trace: TraceRow) => void): Column<TraceRow>[] => {
  const now = useNow(60_000);
  const newest = useRef(remember);
  newest.current = remember;
  return useMemo(
    () => [
      {
        key: "time",
        head: "Time ↓",
        width: "96px",
        place: "aside",
        cell: (trace) => (
          <time className="quiet" dateTime={trace.start} title={fullTime(trace.start)}>
            {moment(trace.start, now)}
          </time>
        ),
      },
      {
        key: "name",
        head: "Root span and input",
        place: "title",
        cell: (trace) => (
          <Link
            className="plain trace-name cut"
            to={addressOf(trace)}
            tabIndex={-1}
            onClick={() => newest.current(trace)}
          >
            <b dir="auto">{oneLine(trace.name) || "without a name"}</b>{" "}
            <span className="quiet" dir="auto">
              {oneLine(trace.input) || (trace.verdicts.chips.length === 0 ? "(no content)" : "")}
            </span>
          </Link>
        ),
      },
      {
        key: "service",
        head: "Service",
        width: "132px",
        place: "meta",
        cell: (trace) => <ServiceName name={trace.service} />,
      },
      {
        key: "verdicts",
        head: "Verdicts",
        width: "minmax(220px, 0.82fr)",
        place: "wide",
        cell: (trace) => <VerdictChips verdicts={trace.verdicts} />,
      },
      {
        key: "spans",
        head: "Spans",
        width: "56px",
        align: "end",
        wideOnly: true,
        cell: (trace) => (
          <span
            className={trace.errors > 0 ? "has-errors" : undefined}
            title={trace.errors > 0 ? `${count(trace.errors)} failed` : undefined}
          >
            {count(trace.spans)}
          </span>
        ),
      },
      {
        key: "duration",
        head: "Duration",
        width: "76px",
        align: "end",
        place: "tail",
        cell: (trace) => duration(trace.duration_ms),
      },
      {
        key: "tokens",
        head: "Tokens",
        width: "64px",
        align: "end",
        wideOnly: true,
        cell: (trace) => (trace.tokens === null ? <span className="quiet">–</span> : compact(trace.tokens)),
      },
      {
        key: "cost",
        head: "Judge cost",
        width: "84px",
        align: "end",
        wideOnly: true,
        cell: (trace) =>
          trace.judge_cost_usd > 0 ? money(trace.judge_cost_usd) : <span className="quiet">–</span>,
      },
    ],
    [now],
  );
};

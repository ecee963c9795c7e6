// What the evaluators said, across all of them: the fails, the failures by code, and where answers differ.
import { useIsFetching } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { apiUrl } from "../../api/client";
import type { Result } from "../../api/types";
import { Dialog } from "../../components/dialog";
import { FilterBar } from "../../components/filter-bar";
import { LiveMark } from "../../components/live-mark";
import { Menu } from "../../components/menu";
import { Page } from "../../components/page";
import { ErrorPanel, Skeleton } from "../../components/states";
import { TimeRangePicker } from "../../components/time-range-picker";
import { VirtualTable } from "../../components/virtual-table";
import type { Filters } from "../../state/filters";
import { type FilterName, useFilters } from "../../state/filters";
import { useKeys } from "../../state/keys";
import { useRested } from "../../state/later";
import { type TimeRange, useTimeRange } from "../../state/time-range";
import { useUrlLists, useUrlState } from "../../state/url";
import { PromptOf } from "../trace/exact-prompt";
import { useFilterOptions } from "../traces/facets";
import { rememberList } from "../traces/last-list";
import { KeysLine, NewRows } from "../traces/list-frame";
import { useLiveList } from "../traces/live-list";
import { Nothing } from "../traces/nothing";
import { useReading } from "../traces/reading";
import { useCurrent, useScrollBack } from "../traces/return";
import { SearchState } from "../traces/search-state";
import { addressOf } from "./address";
import { useColumns } from "./columns";
import { Disagreements } from "./disagreements";
import { Summary, useSummary, ViewSwitch } from "./summary";
import "../traces/traces.css";
import "../trace/span.css";
import "./results.css";

const listKeys = [
  ["j k", "move"],
  ["Enter", "open span"],
  ["p", "exact prompt"],
  ["x", "only like this"],
] as const;

const offered: readonly FilterName[] = [
  "evaluator",
  "service",
  "code",
  "label",
  "judge_model",
  "model",
  "operation",
  "min_score",
  "max_score",
  "session",
];

const viewNames = ["view", "differ", "evaluator"] as const;

const idOf = (result: Result) => result.id;
const timeOf = (result: Result) => result.time;

export default function Results() {
  const time = useTimeRange();
  const filters = useFilters();
  const rowsCome = useIsFetching({ queryKey: ["results", "list"] }) > 0;
  const ready = useRested(!rowsCome);
  const summary = useSummary(filters, time, ready);
  const { options, nearby } = useFilterOptions(time, offered);
  const [, change] = useUrlLists(viewNames);
  const [view, setView] = useUrlState<"" | "disagree">("view", "", ["disagree"]);
  const differing = view === "disagree";
  return (
    <Page
      title="Results"
      actions={
        <>
          <TimeRangePicker time={time} />
          <Export filters={filters} time={time} />
        </>
      }
    >
      <div className="filters-place" {...nearby}>
        <FilterBar filters={filters} options={options} search={differing ? undefined : "Search explanations"}>
          <ViewSwitch
            filters={filters}
            total={summary.data?.total}
            differing={differing}
            onDiffering={(on) => setView(on ? "disagree" : "")}
          />
        </FilterBar>
      </div>
      <Summary
        query={summary}
        ready={ready}
        filters={filters}
        time={time}
        onChanges={(evaluator) => change({ view: ["disagree"], differ: [], evaluator: [evaluator] })}
      />
      {differing ? <Disagreements filters={filters} time={time} /> : <List filters={filters} time={time} />}
    </Page>
  );
}

/** Everything the filters fit, not only what was loaded. */
const Export = ({ filters, time }: { filters: Filters; time: TimeRange }) => {
  const query = { ...filters.query, ...time.window() };
  return (
    <Menu
      label="Export"
      icon="export"
      entries={[
        { label: "CSV", hint: "for a table", href: apiUrl("/results.csv", query), download: "results.csv" },
        {
          label: "JSONL",
          hint: "one result a line",
          href: apiUrl("/results.jsonl", query),
          download: "results.jsonl",
        },
      ]}
    />
  );
};

const List = ({ filters, time }: { filters: Filters; time: TimeRange }) => {
  const go = useNavigate();
  const { pathname, search } = useLocation();
  const address = pathname + search;
  const [current, setCurrent] = useCurrent(address);
  const [prompt, setPrompt] = useState<Result | null>(null);
  const reading = useReading(current !== null);
  const list = useLiveList<Result>({
    noun: "results",
    key: `${time.key} ${filters.key}`,
    query: () => ({ ...filters.query, ...time.window() }),
    idOf,
    reading: reading.now,
    firstVisible: reading.firstRow,
  });
  useScrollBack(address, list.rows.length > 0);
  const remember = (result: Result) => rememberList(address, [], idOf(result));
  const columns = useColumns(remember);
  const open = (result: Result) => {
    remember(result);
    void go(addressOf(result));
  };
  const letIn = () => {
    list.letIn();
    setCurrent(null);
    window.scrollTo({ top: 0 });
  };
  const chosen = list.rows.find((result) => idOf(result) === current);
  useKeys("List", [
    { keys: "p", does: "exact prompt", run: () => chosen && setPrompt(chosen) },
    {
      keys: "x",
      does: "only results like this",
      run: () => chosen && filters.change({ evaluator: [chosen.evaluator], verdict: [chosen.outcome] }),
    },
    { keys: "n", does: "show new ones", run: letIn },
    { keys: "Escape", does: "leave the row", hidden: true, run: () => setCurrent(null) },
  ]);
  return (
    <section className="card" aria-label="List of results" ref={reading.box}>
      <NewRows list={list} one="result" onShow={letIn} />
      {list.error && list.rows.length === 0 ? (
        <ErrorPanel error={list.error} what="Results could not be loaded" onRetry={list.retry} />
      ) : list.loading ? (
        <Skeleton rows={12} />
      ) : list.rows.length === 0 && !list.searching ? (
        <Nothing noun="results" filters={filters} time={time} timeOf={timeOf} />
      ) : (
        <VirtualTable
          label="Results"
          columns={columns}
          rows={list.rows}
          rowKey={idOf}
          href={addressOf}
          onOpen={open}
          onEnd={list.loadMore}
          more={!list.end}
          current={current}
          onCurrent={(result) => setCurrent(idOf(result))}
          stale={list.stale}
          foot={
            <>
              <KeysLine keys={listKeys} />
              <span className="grow" />
              <LiveMark />
              <SearchState list={list} one="result" />
            </>
          }
        />
      )}
      {prompt ? (
        <Dialog wide title={`What ${prompt.evaluator} asked`} onClose={() => setPrompt(null)}>
          <PromptOf result={prompt} />
        </Dialog>
      ) : null}
    </section>
  );
};

// What the filtered results come to: fails by evaluator, failures by code. Each line narrows the list to itself.
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Figures, Statistics } from "../../api/types";
import { ShareBar } from "../../components/bars";
import { Card, List } from "../../components/card";
import { Segmented } from "../../components/segmented";
import { QueryPanel, Skeleton } from "../../components/states";
import { VerdictMark } from "../../components/verdict";
import type { Filters } from "../../state/filters";
import type { TimeRange } from "../../state/time-range";
import { compact, count, percent } from "../../text/format";
import { ChangesCard } from "./disagreements";

/** Of all verdicts, whichever of them the list shows, and whatever text is searched: sums do not look into texts. */
export const useSummary = (filters: Filters, time: TimeRange, ready: boolean) => {
  const { verdict: _, code: __, text: ___, ...query } = filters.query;
  return useQuery({
    queryKey: ["statistics", "summary", time.key, JSON.stringify(query)],
    queryFn: ({ signal }) =>
      api.get<Statistics>("/statistics", { query: { ...query, ...time.window(), by: "evaluator" }, signal }),
    placeholderData: keepPreviousData,
    enabled: ready,
  });
};

/** Verdicts, and where they differ: that is a list of its own. */
export const ViewSwitch = ({
  filters,
  total,
  differing,
  onDiffering,
}: {
  filters: Filters;
  total: Figures | undefined;
  differing: boolean;
  onDiffering: (on: boolean) => void;
}) => {
  const chosen = filters.values.verdict;
  const value = differing
    ? "differ"
    : chosen.length === 0
      ? ""
      : chosen.length === 1
        ? (chosen[0] ?? null)
        : null;
  const number = (of: (figures: Figures) => number) => (total ? compact(of(total)) : undefined);
  return (
    <Segmented<string>
      label="Verdict"
      value={value}
      options={[
        { value: "", label: "All", count: number((one) => one.passed + one.failed + one.valued + one.none) },
        { value: "fail", label: <Word outcome="fail">Fail</Word>, count: number((one) => one.failed) },
        { value: "none", label: <Word outcome="none">No verdict</Word>, count: number((one) => one.none) },
        { value: "pass", label: <Word outcome="pass">Pass</Word>, count: number((one) => one.passed) },
        { value: "differ", label: "Disagree" },
      ]}
      onChange={(verdict) => {
        if (verdict === "differ") onDiffering(true);
        else if (differing) onDiffering(false);
        else filters.set("verdict", verdict ? [verdict] : []);
      }}
    />
  );
};

const Word = ({ outcome, children }: { outcome: "pass" | "fail" | "none"; children: string }) => (
  <>
    <VerdictMark outcome={outcome} silent />
    {children}
  </>
);

const most = 3;

type SummaryProps = {
  query: UseQueryResult<Statistics>;
  filters: Filters;
  time: TimeRange;
  /** Rows come first. */
  ready: boolean;
  onChanges: (evaluator: string) => void;
};

export const Summary = ({ query, filters, time, ready, onChanges }: SummaryProps) => (
  <div className="columns three not-phone">
    <Card title="Fails, by evaluator" hint={rateOf(query.data)} flush>
      <QueryPanel query={query} skeleton={<Skeleton rows={3} height={34} />}>
        {(data) => <Fails data={data} filters={filters} />}
      </QueryPanel>
    </Card>
    <Card title="No verdict, by code" hint={shareOf(query.data)} flush>
      <QueryPanel query={query} skeleton={<Skeleton rows={3} height={34} />}>
        {(data) => <Codes data={data} filters={filters} />}
      </QueryPanel>
    </Card>
    <ChangesCard filters={filters} time={time} ready={ready} onOpen={onChanges} />
  </div>
);

const rateOf = (data: Statistics | undefined): string =>
  data && data.total.pass_rate !== null ? `${percent(data.total.pass_rate)} pass` : "";

const shareOf = (data: Statistics | undefined): string => {
  if (!data) return "";
  const all = data.total.passed + data.total.failed + data.total.valued + data.total.none;
  return all > 0 && data.total.none > 0 ? `${percent(data.total.none / all)} of results` : "";
};

const Fails = ({ data, filters }: { data: Statistics; filters: Filters }) => {
  const series = data.series
    .filter((one) => one.figures.failed > 0)
    .sort((one, other) => other.figures.failed - one.figures.failed);
  if (series.length === 0) return <p className="card-nothing">Nothing failed</p>;
  const top = series[0]?.figures.failed ?? 0;
  return (
    <List label="Fails, by evaluator">
      {series.slice(0, most).map((one) => (
        <li key={one.key}>
          <button
            type="button"
            className="line-button"
            onClick={() => filters.change({ evaluator: [one.key], verdict: ["fail"] })}
          >
            <VerdictMark outcome="fail" />
            <span className="cut grow">{one.key}</span>
            <span className="quiet small-text">{percent(one.figures.pass_rate)} pass</span>
            <ShareBar value={one.figures.failed} most={top} tone="fail" />
            <span className="line-number">{count(one.figures.failed)}</span>
          </button>
        </li>
      ))}
    </List>
  );
};

const Codes = ({ data, filters }: { data: Statistics; filters: Filters }) => {
  const codes = [...data.codes].sort((one, other) => other.count - one.count);
  if (codes.length === 0) return <p className="card-nothing">Every judgement came to a verdict</p>;
  const top = codes[0]?.count ?? 0;
  return (
    <List label="No verdict, by code">
      {codes.slice(0, most).map((one) => (
        <li key={one.value}>
          <button
            type="button"
            className="line-button"
            onClick={() => filters.change({ verdict: ["none"], code: [one.value] })}
          >
            <VerdictMark outcome="none" />
            <code className="cut grow">{one.value}</code>
            <ShareBar value={one.count} most={top} tone="none" />
            <span className="line-number">{count(one.count)}</span>
          </button>
        </li>
      ))}
    </List>
  );
};

import { Link } from "react-router";
import type { EvaluatorRow } from "../../api/types";
import { Sparkline } from "../../components/sparkline";
import { type Column, Table } from "../../components/table";
import { Delta, StatusWord, Tag } from "../../components/tag";
import { VerdictMark } from "../../components/verdict";
import { useNow } from "../../state/now";
import { ago, clock, count, money, percent, plural, score } from "../../text/format";
import type { SortKey } from "./order";
import { RowMenu } from "./row-menu";

const words = { published: "Published", draft: "Draft", archived: "Archived", paused: "Paused" } as const;
const looks = { published: "on", draft: "draft", archived: "off", paused: "paused" } as const;

/** Worse by more than five points: that is worth a look. */
const isWorse = ({ figures, before }: EvaluatorRow): boolean =>
  figures.pass_rate !== null && before.pass_rate !== null && before.pass_rate - figures.pass_rate > 0.05;

const resultsOf = (row: EvaluatorRow): number => row.figures.passed + row.figures.failed + row.figures.valued;

const editorOf = (name: string) => `/evaluators/${encodeURIComponent(name)}`;

function Name({ row }: { row: EvaluatorRow }) {
  return (
    <span className="evaluator-name">
      <Link className="plain cut" to={editorOf(row.name)} title={row.description || row.name}>
        <b>{row.name}</b>
      </Link>
      <Tag>{row.status === "draft" ? "–" : `v${row.number}`}</Tag>
      {row.draft_number !== null && row.status !== "draft" && (
        <Tag tone="accent">draft v{row.draft_number}</Tag>
      )}
    </span>
  );
}

function State({ row }: { row: EvaluatorRow }) {
  const byBudget = row.status === "paused" && row.paused_by === "pipeline" && /budget/i.test(row.reason);
  return (
    <StatusWord state={looks[row.status]} title={row.reason || undefined}>
      {byBudget ? "Budget used up" : words[row.status]}
    </StatusWord>
  );
}

function Rate({ row }: { row: EvaluatorRow }) {
  const { figures, before } = row;
  if (resultsOf(row) === 0) return <span className="quiet">no results</span>;
  const byScore = figures.pass_rate === null;
  return (
    <span className="rate">
      <Sparkline values={row.trend} bad={isWorse(row)} />
      <b className="rate-now">
        {!byScore
          ? percent(figures.pass_rate)
          : figures.mean_score !== null
            ? score(figures.mean_score)
            : "–"}
      </b>
      {byScore ? (
        <span className="quiet">{figures.mean_score !== null ? "mean" : "values"}</span>
      ) : (
        <Delta now={figures.pass_rate} before={before.pass_rate} />
      )}
    </span>
  );
}

function LastError({ row, now }: { row: EvaluatorRow; now: number }) {
  if (row.status === "paused" && row.reason) {
    return (
      <span className="row small-text soft" title={row.reason}>
        <span className="cut" dir="auto">
          {row.retry ? `again at ${clock(row.retry, false)}: ` : ""}
          {row.reason}
        </span>
      </span>
    );
  }
  if (!row.last_error_code) return <span className="quiet no-error">–</span>;
  const times = row.figures.none > 0 ? `${count(row.figures.none)} × ` : "";
  return (
    <Link
      className="row small-text soft plain"
      to={`/results?evaluator=${encodeURIComponent(row.name)}&verdict=none`}
      title={`${row.last_error}${row.last_error_time ? `, ${ago(row.last_error_time, now)} ago` : ""}`}
    >
      <VerdictMark outcome="none" />
      <span className="cut">
        {times}
        {row.last_error_code}
      </span>
    </Link>
  );
}

type Props = {
  rows: readonly EvaluatorRow[];
  sort: SortKey;
  onSort: (sort: SortKey) => void;
  windowWords: string;
  mayChange: boolean;
  onArchive: (row: EvaluatorRow) => void;
  onBackfill: (row: EvaluatorRow) => void;
};

export function EvaluatorList({ rows, sort, onSort, windowWords, mayChange, onArchive, onBackfill }: Props) {
  const now = useNow();
  const columns: Column<EvaluatorRow>[] = [
    { key: "name", head: "Evaluator", sort: true, place: "title", cell: (row) => <Name row={row} /> },
    {
      key: "kind",
      head: "Answer, target",
      width: "122px",
      wideOnly: true,
      cell: (row) => <span className="quiet">{`${row.answer_type}, ${row.target}`}</span>,
    },
    {
      key: "status",
      head: "Status",
      width: "112px",
      place: "aside",
      cell: (row) => (
        <span className="row">
          <State row={row} />
          {mayChange && (
            <RowMenu inCard row={row} onArchive={() => onArchive(row)} onBackfill={() => onBackfill(row)} />
          )}
        </span>
      ),
    },
    {
      key: "worst",
      head: `Pass rate, ${windowWords}`,
      width: "196px",
      sort: true,
      place: "meta",
      cell: (row) => <Rate row={row} />,
    },
    {
      key: "results",
      head: "Results",
      width: "72px",
      align: "end",
      sort: true,
      place: "tail",
      cell: (row) => (
        <Link className="plain" to={`/results?evaluator=${encodeURIComponent(row.name)}`}>
          {row.status === "draft" ? "–" : count(resultsOf(row))}
          <span className="phone-only quiet"> results</span>
        </Link>
      ),
    },
    {
      key: "waiting",
      head: "Waiting",
      width: "64px",
      align: "end",
      sort: true,
      wideOnly: true,
      cell: (row) => (
        <span className={row.waiting ? "" : "quiet"}>{row.waiting ? count(row.waiting) : "–"}</span>
      ),
    },
    {
      key: "sampling",
      head: "Sampling",
      width: "72px",
      align: "end",
      wideOnly: true,
      cell: (row) => <span className="soft">{`${row.sampling}%`}</span>,
    },
    {
      key: "judge",
      head: "Judge model",
      width: "92px",
      wideOnly: true,
      cell: (row) => <span className="soft">{row.judge}</span>,
    },
    {
      key: "cost",
      head: "Cost",
      width: "72px",
      align: "end",
      sort: true,
      cell: (row) => (row.status === "draft" ? "–" : money(row.figures.cost_usd)),
    },
    {
      key: "error",
      head: "Last error",
      width: "132px",
      place: "wide",
      cell: (row) => <LastError row={row} now={now} />,
    },
    {
      key: "menu",
      head: <span className="unseen">Actions</span>,
      width: "44px",
      align: "end",
      cell: (row) =>
        mayChange ? (
          <RowMenu row={row} onArchive={() => onArchive(row)} onBackfill={() => onBackfill(row)} />
        ) : null,
    },
  ];
  return (
    <Table
      label={`${plural(rows.length, "evaluator")}, the worst first`}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.name}
      sort={{ key: sort, down: sort !== "worst" && sort !== "name" }}
      onSort={({ key }) => onSort(key as SortKey)}
    />
  );
}

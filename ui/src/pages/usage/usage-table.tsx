import { useMemo } from "react";
import { Link } from "react-router";
import type { Budgets, Standing, Usage } from "../../api/types";
import { BudgetBar } from "../../components/bars";
import { Card } from "../../components/card";
import { Segmented } from "../../components/segmented";
import { EmptyState } from "../../components/states";
import { type Column, type Sort, Table } from "../../components/table";
import { Tag } from "../../components/tag";
import { useMayChange } from "../../state/session";
import { useUrlState } from "../../state/url";
import { compact, count, money, percent, utcDay } from "../../text/format";
import { amount, isUsedUp, periodWords } from "./standings";
import { type Group, groups, groupWords, type Sum, sums } from "./sums";

const sorts: Record<string, (sum: Sum) => number> = {
  results: (sum) => sum.results,
  calls: (sum) => sum.calls,
  input: (sum) => sum.input,
  output: (sum) => sum.output,
  cost: (sum) => sum.cost,
};

const calls: Column<Sum> = {
  key: "calls",
  head: "Calls",
  width: "72px",
  align: "end",
  sort: true,
  cell: (sum) => count(sum.calls),
};

/** What was used, by evaluator, judge model or day; an evaluator's limit beside it. */
export const UsageTable = ({
  usage,
  budgets,
  onEdit,
}: {
  usage: Usage;
  budgets?: Budgets;
  onEdit: (evaluator: string) => void;
}) => {
  const mayChange = useMayChange();
  const [by, setBy] = useUrlState<Group>("by", "evaluator", groups);
  const [written, setSort] = useUrlState<string>("sort", "");
  const sort: Sort | undefined = written
    ? { key: written.replace(/^-/, ""), down: !written.startsWith("-") }
    : undefined;
  const rows = useMemo(() => {
    const list = sums(usage.rows, by);
    const value = sort && sorts[sort.key];
    return value ? list.sort((a, b) => (value(b) - value(a)) * (sort.down ? 1 : -1)) : list;
  }, [usage.rows, by, sort]);
  const days = new Set(usage.rows.map((row) => row.day)).size;

  const columns: Column<Sum>[] = [
    {
      key: "key",
      head: groupWords[by],
      place: "title",
      cell: (sum) => (
        <Key
          sum={sum}
          by={by}
          usedUp={(budgets?.standings ?? []).some((one) => one.evaluator === sum.key && isUsedUp(one))}
        />
      ),
    },
    {
      key: "others",
      head: by === "evaluator" ? "Judge model" : "Evaluators",
      width: "150px",
      place: "meta",
      cell: (sum) => (
        <span className="soft" title={sum.others.join(", ")}>
          {sum.others.length === 1
            ? sum.others[0]
            : by === "evaluator"
              ? `${sum.others.length} models`
              : count(sum.others.length)}
        </span>
      ),
    },
    {
      key: "results",
      head: "Results",
      width: "78px",
      align: "end",
      sort: true,
      cell: (sum) => count(sum.results),
    },
    {
      key: "failures",
      head: "No verdict",
      width: "78px",
      align: "end",
      wideOnly: true,
      cell: (sum) => (sum.failures ? count(sum.failures) : "–"),
    },
    // Several evaluators share a call: the calls of a judge model or a day cannot be added up from theirs.
    ...(by === "evaluator" ? [calls] : []),
    {
      key: "input",
      head: "Input",
      width: "78px",
      align: "end",
      wideOnly: true,
      sort: true,
      cell: (sum) => compact(sum.input),
    },
    {
      key: "output",
      head: "Output",
      width: "78px",
      align: "end",
      wideOnly: true,
      sort: true,
      cell: (sum) => compact(sum.output),
    },
    {
      key: "cached",
      head: "Cached",
      width: "66px",
      align: "end",
      wideOnly: true,
      cell: (sum) => (sum.input ? percent(sum.cached / sum.input, 0) : "–"),
    },
    {
      key: "cost",
      head: "Cost",
      width: "84px",
      align: "end",
      place: "aside",
      sort: true,
      cell: (sum) => <b>{money(sum.cost)}</b>,
    },
    {
      key: "each",
      head: "per 1,000",
      width: "84px",
      align: "end",
      place: "tail",
      cell: (sum) =>
        sum.results ? (
          <span title="a thousand results">
            {money((sum.cost / sum.results) * 1000)}
            <span className="in-cards quiet"> per 1,000</span>
          </span>
        ) : (
          "–"
        ),
    },
  ];
  if (by === "evaluator") {
    columns.push({
      key: "budget",
      head: "Budget",
      width: "206px",
      place: "wide",
      cell: (sum) => (
        <Budget
          evaluator={sum.key}
          standings={budgets?.standings}
          onEdit={mayChange && budgets ? () => onEdit(sum.key) : undefined}
        />
      ),
    });
  }
  return (
    <Card
      title={`By ${groupWords[by].toLowerCase()}`}
      hint={<span className="not-phone">a call can serve several evaluators; its tokens are divided</span>}
      actions={
        <Segmented<Group>
          label="Group by"
          value={by}
          options={groups.map((value) => ({ value, label: groupWords[value] }))}
          onChange={setBy}
        />
      }
      flush
    >
      {rows.length === 0 ? (
        <EmptyState title="Nothing was used" />
      ) : (
        <Table
          label={`Usage by ${groupWords[by].toLowerCase()}`}
          columns={columns}
          rows={rows}
          rowKey={(sum) => sum.key}
          sort={sort}
          onSort={(next) => setSort(`${next.down ? "" : "-"}${next.key}`)}
          foot={
            <>
              <span>{count(rows.reduce((all, sum) => all + sum.results, 0))} results</span>
              <span>{compact(usage.input_tokens)} input tokens</span>
              <span>{compact(usage.output_tokens)} output tokens</span>
              <span className="spacer" />
              <span>
                {money(usage.cost_usd)} on {days} {days === 1 ? "day" : "days"}
              </span>
            </>
          }
        />
      )}
    </Card>
  );
};

const Key = ({ sum, by, usedUp }: { sum: Sum; by: Group; usedUp: boolean }) => {
  if (by === "day") {
    const next = new Date(Date.parse(`${sum.key}T00:00:00Z`) + 86_400_000).toISOString();
    return (
      <Link
        className="plain key"
        to={`/results?from=${sum.key}T00:00:00Z&to=${next}`}
        title={`Results of ${sum.key} (UTC)`}
      >
        {utcDay(sum.key)}
      </Link>
    );
  }
  if (by === "model") {
    return (
      <Link className="plain key" to={`/results?judge_model=${encodeURIComponent(sum.key)}`}>
        {sum.key}
      </Link>
    );
  }
  return (
    <span className="row">
      <Link className="plain key cut" to={`/evaluators/${encodeURIComponent(sum.key)}`}>
        {sum.key}
      </Link>
      {usedUp && <Tag tone="warn">used up</Tag>}
    </span>
  );
};

/** The evaluator's limit that is nearest to its end, or a way to set one. */
const Budget = ({
  evaluator,
  standings = [],
  onEdit,
}: {
  evaluator: string;
  standings?: readonly Standing[];
  onEdit?: () => void;
}) => {
  const own = standings
    .filter((one) => one.evaluator === evaluator)
    .sort((a, b) => b.used / b.limit - a.used / a.limit)[0];
  if (!own) {
    return onEdit ? (
      <button type="button" className="link" aria-label={`Set budget for ${evaluator}`} onClick={onEdit}>
        Set budget
      </button>
    ) : (
      <span className="quiet">none</span>
    );
  }
  const words = `${Math.floor((own.used / own.limit) * 100)}% of ${amount(own, own.limit)}`;
  return (
    <span className="row">
      <span className="budget-bar">
        <BudgetBar used={own.used} reserved={own.reserved} limit={own.limit} label={evaluator} />
      </span>
      {onEdit ? (
        <button
          type="button"
          className="link plain-link"
          title={`${words} ${periodWords[own.period]}`}
          aria-label={`Edit the budget of ${evaluator}: ${words} ${periodWords[own.period]}`}
          onClick={onEdit}
        >
          {words}
        </button>
      ) : (
        <span title={periodWords[own.period]}>{words}</span>
      )}
    </span>
  );
};

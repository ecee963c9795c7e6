import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, saveFile } from "../../api/client";
import type { Usage as Shape } from "../../api/types";
import { Banner } from "../../components/banner";
import { Button } from "../../components/button";
import { Card, FigureStrip } from "../../components/card";
import { Chart, Legend } from "../../components/chart";
import { Page } from "../../components/page";
import { Segmented } from "../../components/segmented";
import { EmptyState, ErrorPanel, QueryPanel, Skeleton } from "../../components/states";
import { useUrlState } from "../../state/url";
import { compact, money, utcDay } from "../../text/format";
import { BudgetDialog } from "./budget-dialog";
import { BudgetFigures } from "./budget-figures";
import { csv, daysBetween, type Measure, stacks } from "./sums";
import "./usage.css";
import { UsageTable } from "./usage-table";
import { useBudgets } from "./use-budgets";

const spans = ["7", "30", "90"] as const;
type Span = (typeof spans)[number];

/** Tokens and USD by evaluator, judge model and day, and the limits they have. */
const Usage = () => {
  const [span, setSpan] = useUrlState<Span>("days", "30", spans);
  const [editing, setEditing] = useState<{ evaluator: string | null } | null>(null);
  const budgets = useBudgets();
  const usage = useQuery({
    queryKey: ["usage", span],
    queryFn: ({ signal }) =>
      api.get<Shape>("/usage", { query: { from_day: dayBefore(Number(span) - 1) }, signal }),
    placeholderData: (before) => before,
  });
  return (
    <Page
      title="Usage"
      actions={
        <>
          <Segmented<Span>
            label="Days"
            value={span}
            options={spans.map((value) => ({ value, label: `${value} d` }))}
            onChange={setSpan}
          />
          <Button
            icon="export"
            disabled={!usage.data || usage.data.rows.length === 0}
            onClick={() =>
              usage.data &&
              saveFile(
                new Blob([csv(usage.data.rows)], { type: "text/csv" }),
                `spanjudge-usage-${usage.data.first_day}-${usage.data.last_day}.csv`,
              )
            }
          >
            CSV
          </Button>
        </>
      }
    >
      {usage.data && usage.data.unpriced.length > 0 && (
        <Banner tone="warn">
          <b>Nobody knows the price of {usage.data.unpriced.join(", ")}:</b> what it costs counts as $0, and
          USD limits cannot hold it. Its tokens are counted.
        </Banner>
      )}
      {budgets.data ? (
        <BudgetFigures budgets={budgets.data} onEdit={(evaluator) => setEditing({ evaluator })} />
      ) : budgets.isError ? (
        <ErrorPanel
          error={budgets.error}
          what="The budgets could not be loaded"
          onRetry={() => void budgets.refetch()}
        />
      ) : (
        <FigureStrip label="Budgets">
          <Skeleton rows={2} />
        </FigureStrip>
      )}
      <QueryPanel
        query={usage}
        what="The usage could not be loaded"
        skeleton={
          <Card title="Judge cost a day" flush>
            <Skeleton rows={7} />
          </Card>
        }
      >
        {(data) => (
          <div className={usage.isPlaceholderData ? "stack wide-gap stale" : "stack wide-gap"}>
            <Days usage={data} />
            <UsageTable
              usage={data}
              budgets={budgets.data}
              onEdit={(evaluator) => setEditing({ evaluator })}
            />
          </div>
        )}
      </QueryPanel>
      {editing && budgets.data && (
        <BudgetDialog budgets={budgets.data} evaluator={editing.evaluator} onClose={() => setEditing(null)} />
      )}
    </Page>
  );
};

const dayBefore = (days: number): string =>
  new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** What each day cost, by judge model. */
const Days = ({ usage }: { usage: Shape }) => {
  const [measure, setMeasure] = useUrlState<Measure>("measure", "usd", ["usd", "tokens"]);
  const days = useMemo(() => daysBetween(usage.first_day, usage.last_day), [usage.first_day, usage.last_day]);
  const series = useMemo(() => stacks(usage.rows, days, measure), [usage.rows, days, measure]);
  const times = useMemo(() => days.map((day) => Date.parse(`${day}T00:00:00Z`)), [days]);
  const format = measure === "usd" ? chartMoney : compact;
  const total =
    measure === "usd" ? money(usage.cost_usd) : `${compact(usage.input_tokens + usage.output_tokens)} tokens`;
  return (
    <Card
      title={measure === "usd" ? "Judge cost a day" : "Judge tokens a day"}
      hint={`${total} in ${days.length} days`}
      actions={
        <>
          <span className="not-phone">
            <Legend series={series} />
          </span>
          <Segmented<Measure>
            label="Measure"
            value={measure}
            options={[
              { value: "usd", label: "USD" },
              { value: "tokens", label: "Tokens" },
            ]}
            onChange={setMeasure}
          />
        </>
      }
      flush
    >
      {usage.rows.length === 0 ? (
        <EmptyState icon="usage" title={`Nothing was judged in ${days.length} days`}>
          Usage is counted from the first call of a judge model
        </EmptyState>
      ) : (
        <div className="usage-chart">
          <Chart
            label={`${measure === "usd" ? "Judge cost" : "Judge tokens"} by day and judge model, ${days.length} days, ${total} in all`}
            kind="bars"
            times={times}
            series={series}
            format={format}
            formatTime={(at) =>
              at === times[times.length - 1] ? "today" : utcDay(new Date(at).toISOString().slice(0, 10))
            }
          />
        </div>
      )}
    </Card>
  );
};

/** Without the noughts that a price of a call has: `$5`, `$0.05`. */
const chartMoney = (value: number): string =>
  `$${Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 8 })}`;

export default Usage;

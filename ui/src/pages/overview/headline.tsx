import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { Budgets, Standing, Statistics } from "../../api/types";
import { BudgetBar, SplitBar } from "../../components/bars";
import { Figure, FigureStrip } from "../../components/card";
import { ErrorPanel, Skeleton } from "../../components/states";
import { Delta } from "../../components/tag";
import { VerdictMark } from "../../components/verdict";
import type { TimeRange } from "../../state/time-range";
import { compact, count, money, percent, plural } from "../../text/format";
import { amount, periodWords } from "../usage/standings";

/** The four figures over everything: how good, how many, what it cost in USD and tokens. */
export const Headline = ({
  statistics,
  time,
}: {
  statistics: UseQueryResult<Statistics>;
  time: TimeRange;
}) => {
  const budgets = useQuery({
    queryKey: ["budgets"],
    queryFn: ({ signal }) => api.get<Budgets>("/budgets", { signal }),
  });
  if (statistics.isError && !statistics.data) {
    return (
      <ErrorPanel
        error={statistics.error}
        what="The figures could not be loaded"
        onRetry={() => void statistics.refetch()}
      />
    );
  }
  if (!statistics.data) {
    return (
      <FigureStrip label="Figures">
        <Skeleton rows={2} />
      </FigureStrip>
    );
  }
  const { total, before } = statistics.data;
  const results = total.passed + total.failed + total.valued + total.none;
  return (
    <FigureStrip label={`Figures ${time.words}`}>
      <Figure
        label="Pass rate"
        value={
          <>
            {percent(total.pass_rate)} <Delta now={total.pass_rate} before={before.pass_rate} />
          </>
        }
      >
        <SplitBar {...total} />
      </Figure>
      <Figure
        label="Results"
        value={
          <Link className="plain" to="/results">
            {count(results)}
          </Link>
        }
        small={`on ${plural(total.spans, "target")}`}
      >
        <Link className="plain row" to="/results?verdict=fail">
          <VerdictMark outcome="fail" silent /> {count(total.failed)} fail
        </Link>
        <Link className="plain row not-phone" to="/results?verdict=none">
          <VerdictMark outcome="none" silent /> {count(total.none)} no verdict
        </Link>
      </Figure>
      <Figure label="Judge cost" value={money(total.cost_usd)} small={time.words}>
        <BudgetLine standing={tightest(budgets.data, "usd")} failed={budgets.isError} />
      </Figure>
      <Figure
        label="Judge tokens"
        value={compact(total.input_tokens + total.output_tokens)}
        small={time.words}
      >
        <BudgetLine standing={tightest(budgets.data, "tokens")} failed={budgets.isError} />
      </Figure>
    </FigureStrip>
  );
};

/** The limit of all evaluators together that is nearest to its end. */
const tightest = (budgets: Budgets | undefined, unit: Standing["unit"]): Standing | null | undefined =>
  budgets === undefined
    ? undefined
    : (budgets.standings
        .filter((one) => one.evaluator === null && one.unit === unit)
        .sort((a, b) => b.used / b.limit - a.used / a.limit)[0] ?? null);

const BudgetLine = ({ standing, failed }: { standing: Standing | null | undefined; failed: boolean }) => {
  if (failed) return <>budgets could not be loaded</>;
  if (standing === undefined) return <span className="skeleton grow" />;
  if (standing === null) {
    return (
      <span>
        no limit, <Link to="/usage">set one</Link>
      </span>
    );
  }
  const words = `${Math.floor((standing.used / standing.limit) * 100)}% of ${amount(standing, standing.limit)} ${periodWords[standing.period]}`;
  return (
    <>
      <BudgetBar used={standing.used} reserved={standing.reserved} limit={standing.limit} label={words} />
      <Link className="plain nowrap" to="/usage">
        {words}
      </Link>
    </>
  );
};

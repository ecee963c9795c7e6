import type { Budgets, Standing } from "../../api/types";
import { BudgetBar } from "../../components/bars";
import { Figure, FigureStrip } from "../../components/card";
import { Icon } from "../../components/icon";
import { useNow } from "../../state/now";
import { useMayChange } from "../../state/session";
import { clock, compact, day, money } from "../../text/format";
import { amount, atThisPace, isUsedUp, periodWords, standingTitle } from "./standings";

const most = 4;
const part = (one: Standing) => (one.used + one.reserved) / one.limit;

/** The limits of all evaluators together, then those of single ones that are nearest to their end. */
const shown = (standings: readonly Standing[]): Standing[] => {
  const all = standings.filter((one) => one.evaluator === null);
  const own = standings
    .filter((one) => one.evaluator !== null && part(one) >= 0.8)
    .sort((a, b) => part(b) - part(a));
  return [...all, ...own].slice(0, most);
};

/** How the limits stand. */
export const BudgetFigures = ({
  budgets,
  onEdit,
}: {
  budgets: Budgets;
  onEdit: (evaluator: string | null) => void;
}) => {
  const mayChange = useMayChange();
  const now = useNow(60_000);
  const list = shown(budgets.standings);
  const edit = (evaluator: string | null, label: string) =>
    mayChange ? (
      <button
        type="button"
        className="link"
        aria-label={`Edit budget: ${label}`}
        onClick={() => onEdit(evaluator)}
      >
        Edit
      </button>
    ) : undefined;
  return (
    <FigureStrip label="Budgets">
      {list.map((standing) => {
        const title = standing.evaluator ?? standingTitle(standing);
        return (
          <Figure
            key={`${standing.evaluator} ${standing.unit} ${standing.period}`}
            label={<span className="cut">{title}</span>}
            action={edit(standing.evaluator, title)}
            value={standing.unit === "usd" ? money(standing.used) : compact(standing.used)}
            small={`of ${standing.unit === "usd" ? money(standing.limit) : compact(standing.limit)} ${periodWords[standing.period]}`}
          >
            <span className="stack budget-line">
              <BudgetBar
                used={standing.used}
                reserved={standing.reserved}
                limit={standing.limit}
                label={title}
              />
              <span className="row cut">{lineOf(standing, now)}</span>
            </span>
          </Figure>
        );
      })}
      {!budgets.standings.some((one) => one.evaluator === null && one.unit === "usd") && (
        <Figure label="USD" action={edit(null, "USD")} value="no limit">
          {mayChange ? "a limit stops calls before they cost more" : "nobody set one"}
        </Figure>
      )}
    </FigureStrip>
  );
};

const lineOf = (standing: Standing, now: number) => {
  const resets = standing.period === "day" ? "00:00 UTC" : day(standing.resets);
  if (isUsedUp(standing)) {
    return (
      <>
        <Icon name="clock" small /> no calls until {resets}
      </>
    );
  }
  if (standing.runs_out) {
    const at = standing.period === "day" ? clock(standing.runs_out, false) : day(standing.runs_out);
    return (
      <>
        <Icon name="clock" small /> used up at {at} at this pace
      </>
    );
  }
  if (standing.reserved > 0) return `${amount(standing, standing.reserved)} reserved for calls under way`;
  const pace = atThisPace(standing, now);
  return pace === null || standing.used === 0
    ? `starts again ${standing.period === "day" ? `at ${resets}` : `on ${resets}`}`
    : `at this pace ${amount(standing, pace)} ${standing.period === "day" ? "today" : "this month"}`;
};

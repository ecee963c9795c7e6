import { Link } from "react-router";
import type { Statistics } from "../../api/types";
import { Card, List } from "../../components/card";
import { Sparkline } from "../../components/sparkline";
import { EmptyState } from "../../components/states";
import { Delta } from "../../components/tag";
import type { TimeRange } from "../../state/time-range";
import { percent } from "../../text/format";
import { clearlyWorse, rated, rateOf } from "./rates";

const most = 6;

/** The evaluators with the lowest pass rate, against the window before. */
export const Lowest = ({ statistics, time }: { statistics: Statistics; time: TimeRange }) => {
  const worst = rated(statistics.series).slice(0, most);
  const window = time.range && time.range !== "24h" ? `&range=${time.range}` : "";
  return (
    <Card
      title="Lowest pass rate"
      hint={time.range === "24h" ? "vs. day before" : "vs. window before"}
      actions={<Link to="/evaluators">All {statistics.series.length}</Link>}
      flush
    >
      {worst.length === 0 ? (
        <EmptyState title="No evaluator has a pass rate yet" />
      ) : (
        <List tall label="Evaluators with the lowest pass rate">
          {worst.map((one) => (
            <li key={one.key}>
              <div className="grow">
                <div className="row">
                  <Link
                    className="plain cut"
                    to={`/results?evaluator=${encodeURIComponent(one.key)}&verdict=fail${window}`}
                    title={`Fails of ${one.key}`}
                  >
                    <b>{one.key}</b>
                  </Link>
                </div>
                <div className="quiet cut small-text" dir="auto">
                  {one.services.join(", ") || "all services"}
                </div>
              </div>
              <Sparkline values={one.buckets.map(rateOf)} bad={clearlyWorse(one)} />
              <div className="end rate">
                <b>{percent(one.figures.pass_rate)}</b>
                <div>
                  <Delta now={one.figures.pass_rate} before={one.before.pass_rate} />
                </div>
              </div>
            </li>
          ))}
        </List>
      )}
    </Card>
  );
};

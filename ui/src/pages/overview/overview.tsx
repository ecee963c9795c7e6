import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Facets, Pipeline as PipelineShape, Statistics } from "../../api/types";
import { Banner } from "../../components/banner";
import { Card } from "../../components/card";
import { LiveMark } from "../../components/live-mark";
import { Menu } from "../../components/menu";
import { Page } from "../../components/page";
import { ErrorPanel, QueryPanel, Skeleton } from "../../components/states";
import { TimeRangePicker } from "../../components/time-range-picker";
import { type Filters, useFilters } from "../../state/filters";
import { type TimeRange, useTimeRange } from "../../state/time-range";
import { EmptyOverview } from "./empty";
import { Headline } from "./headline";
import { Lowest } from "./lowest";
import { NewestFails } from "./newest-fails";
import "./overview.css";
import { PausedBanners } from "./paused";
import { Pipeline } from "./pipeline";
import { RateChart } from "./rate-chart";

/** How good the answers are, which evaluators they fail, what judging costs, and whether it runs. */
const Overview = () => {
  const pipeline = useQuery({
    queryKey: ["pipeline"],
    queryFn: ({ signal }) => api.get<PipelineShape>("/pipeline", { signal }),
    refetchInterval: 15_000,
  });
  if (pipeline.data?.spans === 0 && pipeline.data.received_today === 0) return <EmptyOverview />;
  if (pipeline.isPending) {
    return (
      <Page title="Overview">
        <Skeleton rows={6} height={60} />
      </Page>
    );
  }
  return <Dashboard pipeline={pipeline} />;
};

const Dashboard = ({ pipeline }: { pipeline: ReturnType<typeof useQuery<PipelineShape>> }) => {
  const time = useTimeRange();
  const filters = useFilters();
  const service = filters.values.service;
  const statistics = useQuery({
    queryKey: ["statistics", "evaluator", time.key, service],
    queryFn: ({ signal }) =>
      api.get<Statistics>("/statistics", { query: { by: "evaluator", service, ...time.window() }, signal }),
    placeholderData: (before) => before,
  });
  return (
    <Page
      title="Overview"
      actions={
        <>
          <ServiceMenu filters={filters} time={time} />
          <TimeRangePicker time={time} />
          <span className="not-phone">
            <LiveMark />
          </span>
        </>
      }
    >
      {pipeline.data && <PausedBanners pipeline={pipeline.data} />}
      {pipeline.data && !pipeline.data.ready && <Banner tone="wrong">{pipeline.data.not_ready}</Banner>}
      <Headline statistics={statistics} time={time} />
      <div className={statistics.isPlaceholderData ? "columns two-one stale" : "columns two-one"}>
        <Card
          title="Pass rate by evaluator"
          hint={
            statistics.data && <span className="not-phone">{stepWords(statistics.data.step_seconds)}</span>
          }
          actions={statistics.data && <RateChart.Highlight />}
          flush
        >
          <QueryPanel
            query={statistics}
            what="The pass rates could not be loaded"
            skeleton={<Skeleton rows={6} />}
          >
            {(data) => <RateChart statistics={data} time={time} />}
          </QueryPanel>
        </Card>
        <QueryPanel
          query={statistics}
          what="The evaluators could not be loaded"
          skeleton={
            <Card title="Lowest pass rate" flush>
              <Skeleton rows={6} height={46} />
            </Card>
          }
        >
          {(data) => <Lowest statistics={data} time={time} />}
        </QueryPanel>
      </div>
      <div className="columns two-one">
        <NewestFails time={time} service={service} failed={statistics.data?.total.failed} />
        {pipeline.data ? (
          <Pipeline pipeline={pipeline.data} />
        ) : (
          <Card title="Pipeline" flush>
            <ErrorPanel error={pipeline.error} onRetry={() => void pipeline.refetch()} />
          </Card>
        )}
      </div>
    </Page>
  );
};

const stepWords = (seconds: number): string => {
  const [size, unit] =
    seconds % 86400 === 0
      ? [seconds / 86400, "day"]
      : seconds % 3600 === 0
        ? [seconds / 3600, "hour"]
        : [seconds / 60, "minute"];
  return `${size === 1 ? `one ${unit}` : `${Number(size.toFixed(1))} ${unit}s`} a point; no verdict is not counted`;
};

/** One service or all of them. */
const ServiceMenu = ({ filters, time }: { filters: Filters; time: TimeRange }) => {
  const facets = useQuery({
    queryKey: ["facets", time.key],
    queryFn: ({ signal }) => api.get<Facets>("/facets", { query: time.window(), signal }),
  });
  const chosen = filters.values.service;
  const known = [...new Set([...(facets.data?.services.map((one) => one.value) ?? []), ...chosen])];
  if (known.length < 2 && chosen.length === 0) return null;
  return (
    <Menu
      className="not-phone"
      label={
        chosen.length === 0 ? "All services" : chosen.length === 1 ? chosen[0] : `${chosen.length} services`
      }
      entries={[
        { label: "All services", checked: chosen.length === 0, onChoose: () => filters.set("service", []) },
        ...known.map((name) => ({
          label: name || "no service name",
          checked: chosen.includes(name),
          onChoose: () => filters.set("service", [name]),
        })),
      ]}
    />
  );
};

export default Overview;

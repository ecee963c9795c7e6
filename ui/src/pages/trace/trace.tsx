// One trace: its spans and when they ran, and all about the chosen one.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { Link, useParams } from "react-router";
import { ApiError, api } from "../../api/client";
import type { Trace as TraceShape } from "../../api/types";
import { CopyButton, IconButton, LinkButton } from "../../components/button";
import { Page } from "../../components/page";
import { EmptyState, ErrorPanel, Skeleton } from "../../components/states";
import { ServiceName } from "../../components/tag";
import { useKeys } from "../../state/keys";
import { useNow } from "../../state/now";
import { useUrlState } from "../../state/url";
import { count, duration, fullTime, moment, money } from "../../text/format";
import { listAddress } from "../traces/last-list";
import { download } from "./download";
import { oneLine } from "./inert";
import { firstTab, type SpanTab, spanOfResult, spanTabs, worstSpan } from "./selection";
import { SpanPane } from "./span-pane";
import { SpanTree } from "./span-tree";
import { useWalk, type Walk } from "./walk";
import { WholeTrace } from "./whole-trace";
import "./trace.css";
import "./span.css";

const waits = (trace: TraceShape): boolean =>
  trace.spans.some((span) => span.verdicts.waiting > 0) ||
  trace.explained.some(
    (one) => one.state === "waiting" || one.state === "judging" || one.state === "retrying",
  );

/** While results are on their way, and while spans of a young trace may still come. */
const pace = (trace: TraceShape | undefined): number | false => {
  if (!trace) return false;
  if (waits(trace)) return 2_500;
  const age = Date.now() - Date.parse(trace.start) - trace.duration_ms;
  return age < 120_000 ? 5_000 : false;
};

export default function Trace() {
  const { traceId = "" } = useParams();
  const query = useQuery({
    queryKey: ["traces", traceId],
    queryFn: ({ signal }) => api.get<TraceShape>(`/traces/${encodeURIComponent(traceId)}`, { signal }),
    meta: { live: false },
    refetchInterval: ({ state }) => pace(state.data),
  });
  const crumbs = [{ label: "Traces", to: listAddress() }];
  const walk = useWalk(traceId, query.data, query.isError);
  if (query.data) return <Shown trace={query.data} crumbs={crumbs} walk={walk} />;
  return (
    <Page title="Trace" crumbs={crumbs}>
      {query.isError ? (
        query.error instanceof ApiError && query.error.status === 404 ? (
          <EmptyState
            icon="search"
            title="This trace is not stored"
            action={<LinkButton to={listAddress()}>All traces</LinkButton>}
          >
            {query.error.detail}
          </EmptyState>
        ) : (
          <ErrorPanel
            error={query.error}
            what="The trace could not be loaded"
            onRetry={() => void query.refetch()}
          />
        )
      ) : (
        <Skeleton rows={12} />
      )}
    </Page>
  );
}

type ShownProps = { trace: TraceShape; crumbs: { label: string; to: string }[]; walk: Walk };

const Shown = ({ trace, crumbs, walk }: ShownProps) => {
  const pane = useRef<HTMLElement>(null);
  const [spanId, setSpanId] = useUrlState<string>("span", "");
  const [chosen] = useUrlState<string>("result", "");
  const [written, setTab] = useUrlState<SpanTab | "">("tab", "", spanTabs);

  const span =
    trace.spans.find((one) => one.span_id === spanId) ??
    spanOfResult(trace.spans, chosen) ??
    worstSpan(trace.spans);
  const tab = written || (chosen ? "evaluation" : firstTab(span));
  const select = useCallback((id: string) => setSpanId(id, { replace: true }), [setSpanId]);
  const choose = useCallback((next: SpanTab) => setTab(next, { replace: true }), [setTab]);

  useKeys("Span", [
    { keys: "1", does: "conversation", run: () => choose("conversation") },
    { keys: "2", does: "attributes", run: () => choose("attributes") },
    { keys: "3", does: "evaluation", run: () => choose("evaluation") },
    { keys: "e", does: "why (not) judged", run: () => choose("evaluation") },
    { keys: "p", does: "exact prompt", run: () => togglePrompt(pane.current) },
  ]);

  // The list that led here may have been scrolled far down.
  useLayoutEffect(() => {
    window.scrollTo({ top: 0 });
  }, []);

  // On a narrow screen the span follows its tree: choosing one leads down to it.
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another span is a reason to move.
  useEffect(() => {
    if (first.current) first.current = false;
    else if (window.matchMedia("(max-width: 1180px)").matches)
      pane.current?.scrollIntoView({ block: "start" });
  }, [spanId]);

  return (
    <Page
      bare
      title={oneLine(trace.name) || "Trace without a name"}
      crumbs={crumbs}
      facts={
        <span className="quiet mono not-phone nowrap" title={trace.trace_id}>
          {trace.trace_id.slice(0, 8)}…{trace.trace_id.slice(-6)}
        </span>
      }
      actions={
        <>
          <IconButton
            icon="left"
            label="Trace above ([)"
            disabled={!walk.above}
            onClick={() => walk.step(-1)}
          />
          <IconButton
            icon="right"
            label="Trace below (])"
            disabled={!walk.below}
            onClick={() => walk.step(1)}
          />
          <CopyButton icon="link" label="Copy link" text={() => linkTo(span?.span_id, tab)} />
          <IconButton
            look="plain"
            icon="download"
            label="Download as JSON"
            onClick={() => download(`trace-${trace.trace_id}.json`, JSON.stringify(trace, null, 2))}
          />
        </>
      }
    >
      <div className="trace">
        <section className="pane" aria-label="Trace">
          <Facts trace={trace} />
          <div className="pane-scroll">
            <SpanTree
              spans={trace.spans}
              totalMs={trace.duration_ms}
              selected={span?.span_id ?? null}
              onSelect={select}
            />
            {trace.total_spans > trace.spans.length ? (
              <p className="not-all">
                {count(trace.spans.length)} of {count(trace.total_spans)} spans are shown
              </p>
            ) : null}
            <WholeTrace trace={trace} chosen={chosen || null} />
          </div>
        </section>
        <section className="pane" aria-label="Selected span" ref={pane}>
          {span ? (
            <SpanPane
              key={span.span_id}
              traceId={trace.trace_id}
              span={span}
              tab={tab}
              onTab={choose}
              chosen={chosen || null}
            />
          ) : (
            <EmptyState title="This trace has no spans" />
          )}
        </section>
      </div>
    </Page>
  );
};

/** The address with the span and tab in it, also while they are not chosen but shown. */
const linkTo = (spanId: string | undefined, tab: SpanTab): string => {
  const url = new URL(window.location.href);
  if (spanId) url.searchParams.set("span", spanId);
  url.searchParams.set("tab", tab);
  return url.href;
};

/** Opens the prompt of the result in focus, or of the first one; closes it when it is open. */
const togglePrompt = (pane: HTMLElement | null) => {
  const card = document.activeElement?.closest("article") ?? pane;
  const summary = card?.querySelector<HTMLElement>("details.prompt > summary");
  summary?.click();
  summary?.scrollIntoView({ block: "nearest" });
};

const Facts = ({ trace }: { trace: TraceShape }) => {
  const now = useNow(60_000);
  return (
    <div className="trace-facts">
      <ServiceName name={trace.service} />
      <time dateTime={trace.start} title={fullTime(trace.start)}>
        {moment(trace.start, now)}
      </time>
      <span>
        <em>Duration</em> {duration(trace.duration_ms)}
      </span>
      {trace.tokens === null ? null : (
        <span>
          <em>Tokens</em> {count(trace.tokens)}
        </span>
      )}
      <span title={`${count(trace.judge_tokens)} tokens of judge models`}>
        <em>Judged for</em> {money(trace.judge_cost_usd)}
      </span>
      {trace.session_id ? (
        <span className="cut">
          <em>Session</em>{" "}
          <Link to={`/traces?range=30d&session=${encodeURIComponent(trace.session_id)}`} dir="auto">
            {oneLine(trace.session_id)}
          </Link>
        </span>
      ) : null}
    </div>
  );
};

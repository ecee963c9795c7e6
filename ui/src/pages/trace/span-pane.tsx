// The chosen span: what was said, its attributes, what the evaluators say.
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { SpanDetail, TreeSpan } from "../../api/types";
import { CopyButton } from "../../components/button";
import { Icon } from "../../components/icon";
import { QueryPanel, Skeleton } from "../../components/states";
import { Tabs } from "../../components/tabs";
import { VerdictCount } from "../../components/verdict";
import { count, duration } from "../../text/format";
import { Attributes } from "./attributes";
import { Conversation } from "./conversation";
import { Evaluation } from "./evaluation";
import { oneLine } from "./inert";
import type { SpanTab } from "./selection";
import { kindOf } from "./tree";

type Props = {
  traceId: string;
  span: TreeSpan;
  tab: SpanTab;
  onTab: (tab: SpanTab) => void;
  chosen: string | null;
};

const underWay = new Set(["waiting", "judging", "retrying", "judged"]);

/** Results are on their way. One that is judged and has no result yet was stored between two looks. */
const isMoving = (span: SpanDetail): boolean =>
  span.explained.some((one) => underWay.has(one.state) && !one.result);

/** How many outcomes the tree knows of: one that came between two looks is missing in the older of them. */
const known = ({ verdicts }: TreeSpan): number =>
  verdicts.passed + verdicts.failed + verdicts.valued + verdicts.none;

const useSpan = (traceId: string, span: TreeSpan) =>
  useQuery({
    queryKey: ["spans", traceId, span.span_id],
    queryFn: ({ signal }) => api.get<SpanDetail>(`/traces/${traceId}/spans/${span.span_id}`, { signal }),
    // A span does not change; its results do, and while some are on their way they are asked for.
    meta: { live: false },
    refetchInterval: ({ state: { data } }) =>
      data && (isMoving(data) || data.results.length < known(span)) ? 2_500 : false,
  });

export const SpanPane = ({ traceId, span, tab, onTab, chosen }: Props) => {
  const query = useSpan(traceId, span);
  const detail = query.data;
  const tokens = detail ? (detail.input_tokens ?? 0) + (detail.output_tokens ?? 0) : (span.tokens ?? 0);
  return (
    <>
      <div className="pane-head">
        <Icon name={kindOf(span) === "tool" ? "tool" : kindOf(span) === "agent" ? "agent" : "chat"} />
        <h2 className="cut" dir="auto">
          {oneLine(span.name) || "without a name"}
        </h2>
        <span className="quiet mono not-phone">{span.span_id}</span>
        <span className="not-phone">
          <CopyButton small text={span.span_id} label="Copy span id" />
        </span>
        <span className="grow" />
        <span className="quiet nowrap">{duration(span.duration_ms)}</span>
        {tokens > 0 ? (
          <span
            className="quiet nowrap not-phone"
            title={
              detail
                ? `${count(detail.input_tokens ?? 0)} in, ${count(detail.output_tokens ?? 0)} out`
                : undefined
            }
          >
            {count(tokens)} tokens
          </span>
        ) : null}
      </div>
      <Tabs<SpanTab>
        label="Selected span"
        value={tab}
        onChange={onTab}
        tabs={[
          { value: "conversation", label: "Conversation", hint: <kbd className="not-phone">1</kbd> },
          { value: "attributes", label: "Attributes", hint: <kbd className="not-phone">2</kbd> },
          { value: "evaluation", label: "Evaluation", hint: <kbd className="not-phone">3</kbd> },
        ]}
        aside={<Counts span={span} detail={detail} />}
      >
        <QueryPanel
          query={query}
          what="The span could not be loaded"
          skeleton={<Skeleton rows={6} height={64} />}
        >
          {(data) =>
            tab === "conversation" ? (
              <Conversation span={data} />
            ) : tab === "attributes" ? (
              <Attributes span={data} />
            ) : (
              <Evaluation span={data} chosen={chosen} />
            )
          }
        </QueryPanel>
      </Tabs>
    </>
  );
};

const Counts = ({ span, detail }: { span: TreeSpan; detail: SpanDetail | undefined }) => (
  <span className="chips">
    <VerdictCount outcome="fail" number={span.verdicts.failed} />
    <VerdictCount outcome="none" number={span.verdicts.none} />
    <VerdictCount outcome="pass" number={span.verdicts.passed} />
    <VerdictCount outcome="value" number={span.verdicts.valued} />
    <VerdictCount
      outcome="skip"
      number={detail?.explained.filter((one) => one.state !== "judged" && !one.result).length ?? 0}
    />
  </span>
);

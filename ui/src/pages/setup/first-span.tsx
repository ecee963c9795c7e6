import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { ResultPage, Setup, SpanPage } from "../../api/types";
import { Card } from "../../components/card";
import { CodeBlock } from "../../components/code";
import { Waiting } from "../../components/live-mark";
import { Step, Steps } from "../../components/steps";
import { StatusWord } from "../../components/tag";
import { Verdict } from "../../components/verdict";
import { useNow } from "../../state/now";
import { ago, plural } from "../../text/format";

/** What has come so far, from the first request to the first verdict. */
export const useProgress = (setup: Setup) => {
  const spans = useQuery({
    queryKey: ["spans", "first"],
    queryFn: ({ signal }) => api.get<SpanPage>("/spans", { query: { limit: 20 }, signal }),
    enabled: setup.received > 0,
  });
  const results = useQuery({
    queryKey: ["results", "first"],
    queryFn: ({ signal }) => api.get<ResultPage>("/results", { query: { limit: 1 }, signal }),
    enabled: setup.received > 0,
  });
  const withContent = spans.data?.items.filter((span) => span.input || span.output).length ?? 0;
  return {
    received: setup.received > 0,
    seen: spans.data?.items.length ?? 0,
    models: spans.data?.items.filter((span) => span.model !== null || span.operation !== null).length ?? 0,
    content: withContent > 0,
    verdict: results.data?.items[0] ?? null,
  };
};

/** The steps of a first span, each done as it happens. */
export const FirstSpan = ({ setup }: { setup: Setup }) => {
  const now = useNow(5_000);
  const { received, seen, models, content, verdict } = useProgress(setup);
  const state = (done: boolean, before: boolean) => (done ? "done" : before ? "now" : "later");
  return (
    <Card
      title="Your first span"
      actions={
        verdict ? (
          <StatusWord state="on">Arrived and judged</StatusWord>
        ) : (
          <Waiting>{received ? "Waiting for a verdict" : "Waiting for your first span"}</Waiting>
        )
      }
    >
      <Steps>
        <Step number={1} state="done" title="The server is up">
          <p className="soft">
            The judge is <code>{setup.judge}</code>
          </p>
        </Step>
        <Step number={2} state={state(received, true)} title="A span arrived">
          {received ? (
            <p className="soft">
              {plural(setup.received, "span")} so far
              {setup.last_received && (
                <>
                  , the newest {ago(setup.last_received, now)} ago
                  {setup.last_service && (
                    <>
                      {" "}
                      from <b dir="auto">{setup.last_service}</b>
                    </>
                  )}
                </>
              )}
            </p>
          ) : (
            <p className="quiet">This page notices by itself</p>
          )}
        </Step>
        <Step number={3} state={state(content || verdict !== null, received)} title="It has content">
          {received && !content && verdict === null && seen > 0 && (
            <>
              <p className="soft">
                {models > 0
                  ? `${plural(models, "model call")} came without messages, so nothing can be judged.`
                  : "No model call is among the newest spans, so nothing can be judged."}{" "}
                Set this in the application and restart it:
              </p>
              <CodeBlock wrap text="OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true" />
            </>
          )}
          {content && <p className="soft">Input and output are on the newest spans</p>}
        </Step>
        <Step number={4} state={state(verdict !== null, content)} title="The first verdict">
          {verdict ? (
            <p className="soft row wrap">
              <Verdict outcome={verdict.outcome} /> <span dir="auto">{verdict.evaluator}</span>{" "}
              <Link to="/results">Results</Link>
            </p>
          ) : content ? (
            <p className="soft">
              Usually seconds after the span. <Link to="/evaluators">Is an evaluator published?</Link>
            </p>
          ) : (
            <p className="quiet">Usually seconds after the span</p>
          )}
        </Step>
      </Steps>
    </Card>
  );
};

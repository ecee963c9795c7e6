import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { Evaluators } from "../../api/types";
import { Button, CopyButton, LinkButton } from "../../components/button";
import { Card, List } from "../../components/card";
import { Icon } from "../../components/icon";
import { Waiting } from "../../components/live-mark";
import { Page } from "../../components/page";
import { QueryPanel, Skeleton, wordsOf } from "../../components/states";
import { Step, Steps } from "../../components/steps";
import { Tabs } from "../../components/tabs";
import { useMayChange } from "../../state/session";
import { useIngestToken } from "../setup/ingest-token";
import { Snippet } from "../setup/send";
import { placeholder } from "../setup/snippets";
import { useSetup } from "../setup/use-setup";

type Way = "any" | "collector" | "curl";

/** Nothing was ever received: how to send the first span. The page fills by itself when it comes. */
export const EmptyOverview = () => {
  const setup = useSetup();
  const [way, setWay] = useState<Way>("any");
  const mayChange = useMayChange();
  const { token, making } = useIngestToken();
  return (
    <Page
      title="Overview"
      actions={
        <LinkButton to="/setup" icon="setup">
          Setup
        </LinkButton>
      }
    >
      <section className="card hero">
        <div>
          <h2>Send a span, read a verdict</h2>
          <p>
            This page shows how good your application’s answers are, which evaluators they fail, and what
            judging them costs. Nothing has been received yet.
          </p>
        </div>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <path className="level" d="M0 1H100M0 50H100M0 99H100" />
          <path d="M0 55C14 44 24 42 36 48S60 58 74 49 90 34 100 33" />
          <path d="M0 28C14 24 22 38 34 34S52 20 64 24 84 33 100 25" />
        </svg>
      </section>
      <div className="columns two-one start">
        <Card title="Three steps, about a minute" actions={<Waiting>Waiting for your first span</Waiting>}>
          <QueryPanel
            query={setup}
            what="This server’s addresses could not be loaded"
            skeleton={<Skeleton rows={8} />}
          >
            {(data) => (
              <Steps>
                <Step number={1} state="done" title="The server is up">
                  <p className="soft">
                    OTLP on <code>{data.http}/v1/traces</code>
                    {data.grpc && (
                      <>
                        {" "}
                        and gRPC <code>{data.grpc}</code>
                      </>
                    )}
                    . The judge is <code>{data.judge}</code>.
                  </p>
                </Step>
                <Step number={2} state="now" title="Point your application here">
                  {mayChange && (
                    <div className="row wrap token-line">
                      {token ? (
                        <>
                          <span className="soft">A token for sending is in the snippet.</span>
                          <CopyButton small text={token} label="Copy token" />
                        </>
                      ) : (
                        <>
                          <Button small icon="key" busy={making.isPending} onClick={() => making.mutate()}>
                            Make a token for sending
                          </Button>
                          <span className="quiet">and put it in the snippet</span>
                        </>
                      )}
                      {making.isError && (
                        <span role="alert" className="form-error">
                          {wordsOf(making.error)}
                        </span>
                      )}
                    </div>
                  )}
                  <Tabs<Way>
                    look="segmented"
                    label="Way in"
                    value={way}
                    onChange={setWay}
                    tabs={[
                      { value: "any", label: "Any OpenTelemetry app" },
                      { value: "collector", label: "Collector" },
                      { value: "curl", label: "One span by hand" },
                    ]}
                  >
                    <Snippet way={way} setup={data} token={token ?? placeholder} />
                  </Tabs>
                </Step>
                <Step number={3} state="later" title="See the verdict">
                  <WhatJudges />
                </Step>
              </Steps>
            )}
          </QueryPanel>
        </Card>
        <div className="stack wide-gap">
          <Card title="No application at hand?">
            <div className="stack">
              <p className="soft">
                The demo starts a server of its own, sends it the spans of five made-up services and judges
                them, without a key.
              </p>
              <div className="row">
                <code className="demo-command">spanjudge demo</code>
                <CopyButton text="spanjudge demo" label="Copy the command" />
              </div>
            </div>
          </Card>
          <Card title="Span sent and nothing here?" flush>
            <List>
              {["Is it arriving?", "Is content captured? It is off by default", "gRPC, ports and tokens"].map(
                (words) => (
                  <li key={words}>
                    <Link className="row-link" to="/setup">
                      <span className="grow cut">{words}</span>
                      <Icon name="right" small />
                    </Link>
                  </li>
                ),
              )}
            </List>
          </Card>
        </div>
      </div>
    </Page>
  );
};

/** Which evaluators will judge the first span. */
const WhatJudges = () => {
  const { data } = useQuery({
    queryKey: ["evaluators", "count"],
    queryFn: ({ signal }) => api.get<Evaluators>("/evaluators", { signal }),
    staleTime: 60_000,
  });
  const running = data?.items.filter((one) => one.status === "published") ?? [];
  if (data && running.length === 0) {
    return (
      <p className="soft">
        No evaluator is published yet. <Link to="/evaluators">Take one from the gallery</Link>: it judges
        every span that it fits, and this page fills by itself.
      </p>
    );
  }
  return (
    <p className="soft">
      {running.length > 0 && (
        <>
          {running.slice(0, 6).map((one, at) => (
            <span key={one.name}>
              {at > 0 && ", "}
              <Link to={`/evaluators/${encodeURIComponent(one.name)}`}>{one.name}</Link>
            </span>
          ))}
          {running.length > 6 && ` and ${running.length - 6} more`} {running.length === 1 ? "is" : "are"}{" "}
          published.{" "}
        </>
      )}
      This page fills by itself. Spans without content are listed under Traces as “not judged: no content”.
    </p>
  );
};

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { download } from "../../api/client";
import type { Setup } from "../../api/types";
import { Button, CopyButton } from "../../components/button";
import { Card } from "../../components/card";
import { CodeBlock } from "../../components/code";
import { Field, TextInput } from "../../components/field";
import { ErrorPanel, wordsOf } from "../../components/states";
import { Tabs } from "../../components/tabs";
import { Tag } from "../../components/tag";
import { useMayChange } from "../../state/session";
import { toast } from "../../state/toast";
import { useUrlState } from "../../state/url";
import { plural } from "../../text/format";
import { useIngestToken } from "./ingest-token";
import {
  collector,
  environment,
  javascript,
  masked,
  oneSpan,
  openobserve,
  placeholder,
  python,
} from "./snippets";

const ways = ["collector", "python", "javascript", "any", "curl", "openobserve"] as const;
type Way = (typeof ways)[number];

const labels: Record<Way, string> = {
  collector: "Collector",
  python: "Python",
  javascript: "JavaScript",
  any: "Any SDK",
  curl: "One span by hand",
  openobserve: "OpenObserve",
};

/** Address, token, and a snippet for each way in. */
export const Send = ({ setup }: { setup: Setup }) => {
  const mayChange = useMayChange();
  const { token, making } = useIngestToken();
  const [way, setWay] = useUrlState<Way>("way", "collector", ways);
  return (
    <Card
      title="Send spans"
      hint={<span className="not-phone">with this server’s address and a token for sending only</span>}
    >
      <div className="stack">
        <div className="two">
          <Field label="OTLP over HTTP" help={setup.grpc ? `gRPC: ${setup.grpc}` : "gRPC is off"}>
            {(tied) => (
              <span className="row">
                <TextInput {...tied} mono readOnly value={setup.http} />
                <CopyButton text={setup.http} label="Copy address" />
              </span>
            )}
          </Field>
          <Field
            label="Token"
            aside={<Tag>ingest</Tag>}
            error={making.isError ? wordsOf(making.error) : undefined}
            help={
              token
                ? "Shown on this visit only: copy it now"
                : mayChange
                  ? "May send spans and nothing else"
                  : "Ask somebody with the scope admin for one: spanjudge tokens new --scope ingest"
            }
          >
            {(tied) => (
              <span className="row">
                <TextInput
                  {...tied}
                  mono
                  readOnly
                  value={token ? masked(token) : ""}
                  placeholder="none made yet"
                />
                {token && <CopyButton text={token} label="Copy token" />}
                {mayChange && (
                  <Button
                    look={token ? "plain" : "primary"}
                    busy={making.isPending}
                    onClick={() => making.mutate()}
                  >
                    {token ? "New" : "Make a token"}
                  </Button>
                )}
              </span>
            )}
          </Field>
        </div>
        <Tabs
          label="Way in"
          value={way}
          onChange={(next) => setWay(next, { replace: true })}
          tabs={ways.map((value) => ({ value, label: labels[value] }))}
        >
          <Snippet way={way} setup={setup} token={token ?? placeholder} />
        </Tabs>
      </div>
    </Card>
  );
};

/** One way in; the copy holds the whole token, the picture its ends. */
export const Snippet = ({ way, setup, token }: { way: Way; setup: Setup; token: string }) => {
  const [opened] = useState(Date.now);
  if (way === "openobserve") return <OpenObserve setup={setup} />;
  if (way === "curl") {
    const text = oneSpan(setup, token, opened);
    return <CodeBlock text={text.replace(token, masked(token))} copy={text} wrap label="Copy the command" />;
  }
  const made = { collector, python, javascript, any: environment }[way];
  return <CodeBlock text={made(setup, masked(token))} copy={made(setup, token)} label="Copy the snippet" />;
};

/** Scorers for OpenObserve: files with address and token filled in, ready to import. */
const OpenObserve = ({ setup }: { setup: Setup }) => {
  const mayChange = useMayChange();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const load = async () => {
    setBusy(true);
    setError(null);
    try {
      await download("/setup/openobserve", "spanjudge-openobserve.zip");
      toast("The files hold a new token with the scope score");
      void client.invalidateQueries({ queryKey: ["tokens"] });
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="stack">
      <CodeBlock text={openobserve(setup)} label="Copy the address" copy={`${setup.http}/evaluate`} />
      <div className="row wrap">
        {mayChange && (
          <Button look="primary" icon="download" busy={busy} onClick={() => void load()}>
            Download {plural(setup.scorers.length, "scorer")} with a new token
          </Button>
        )}
        <a className="button" href="/api/v1/setup/openobserve" download="spanjudge-openobserve.zip">
          Without a token
        </a>
      </div>
      {error !== null && (
        <ErrorPanel error={error} what="The files could not be made" onRetry={() => void load()} />
      )}
      <p className="quiet">
        Score configurations and remote scorers, ready to import:{" "}
        {setup.scorers.map((name, at) => (
          <span key={name}>
            {at > 0 && ", "}
            <code>{name}</code>
          </span>
        ))}
      </p>
    </div>
  );
};

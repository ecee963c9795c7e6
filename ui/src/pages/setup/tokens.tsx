import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, api } from "../../api/client";
import type { MadeToken, NewToken, TokenList, TokenRow } from "../../api/types";
import { Button, CopyButton, IconButton } from "../../components/button";
import { Card, List } from "../../components/card";
import { ConfirmDialog, Dialog } from "../../components/dialog";
import { Checkbox, Field, Select, TextInput } from "../../components/field";
import { QueryPanel, Skeleton, wordsOf } from "../../components/states";
import { Tag } from "../../components/tag";
import { useNow } from "../../state/now";
import { toast } from "../../state/toast";
import { ago, day, plural } from "../../text/format";

const scopes: readonly { value: TokenRow["scopes"][number]; words: string }[] = [
  { value: "ingest", words: "ingest: send spans" },
  { value: "score", words: "score: ask the Remote Scorer" },
  { value: "read", words: "read: look at everything" },
  { value: "admin", words: "admin: change what runs and what it may cost" },
];

/** The tokens that were made, and a way to make and to revoke one. */
export const Tokens = () => {
  const now = useNow(60_000);
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<TokenRow | null>(null);
  const tokens = useQuery({
    queryKey: ["tokens"],
    queryFn: ({ signal }) => api.get<TokenList>("/tokens", { signal }),
  });
  const revoke = useMutation({
    mutationFn: (row: TokenRow) => api.delete(`/tokens/${encodeURIComponent(row.id)}`),
    onSuccess: (_, row) => toast(`The token ${row.name || row.id} is revoked`),
    onError: (error) => toast(wordsOf(error), { tone: "wrong" }),
    onSettled: () => {
      setEnding(null);
      void client.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  return (
    <Card
      title="Tokens"
      actions={
        <Button small icon="plus" onClick={() => setMaking(true)}>
          New token
        </Button>
      }
      flush
    >
      <QueryPanel
        query={tokens}
        what="The tokens could not be loaded"
        skeleton={<Skeleton rows={2} height={40} />}
      >
        {(data) => (
          <List label="Tokens">
            {data.items.map((row) => (
              <li key={row.id}>
                <span className="grow cut" dir="auto">
                  {row.name || <span className="quiet">no name</span>} <code className="quiet">{row.id}</code>
                </span>
                <span className="row">
                  {row.scopes.map((scope) => (
                    <Tag key={scope} tone={scope === "admin" ? "accent" : undefined}>
                      {scope}
                    </Tag>
                  ))}
                </span>
                <span className="quiet nowrap not-phone">
                  {row.expires
                    ? Date.parse(row.expires) < now
                      ? "expired"
                      : `until ${day(row.expires)}`
                    : `${ago(row.created, now)} old`}
                </span>
                <IconButton
                  small
                  icon="bin"
                  label={`Revoke ${row.name || row.id}`}
                  onClick={() => setEnding(row)}
                />
              </li>
            ))}
            <li className="quiet">
              {plural(data.from_settings, "token")} in the settings, which this page cannot change
            </li>
            {data.only_in ? (
              <li className="quiet">
                <span className="grow">
                  Tokens made here are kept in <code>{data.only_in}</code>: processes that cannot read this
                  file do not know them. Without <code>SPANJUDGE_TOKENS_FILE</code> they are in the database,
                  where all do.
                </span>
              </li>
            ) : null}
          </List>
        )}
      </QueryPanel>
      {making && <MakeToken onClose={() => setMaking(false)} />}
      {ending && (
        <ConfirmDialog
          title={`Revoke ${ending.name || ending.id}`}
          action="Revoke"
          danger
          busy={revoke.isPending}
          onConfirm={() => revoke.mutate(ending)}
          onClose={() => setEnding(null)}
        >
          <p>
            What uses this token is refused from now on, and sessions that began with it end. It cannot be
            taken back.
          </p>
        </ConfirmDialog>
      )}
    </Card>
  );
};

const MakeToken = ({ onClose }: { onClose: () => void }) => {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<TokenRow["scopes"]>(["ingest"]);
  const [days, setDays] = useState("");
  const make = useMutation({
    mutationFn: (body: NewToken) => api.post<MadeToken>("/tokens", body),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const error = make.error instanceof ApiError ? make.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ name, scopes: chosen, expires_days: days ? Number(days) : null });
  };
  if (make.data) {
    return (
      <Dialog
        title="The token"
        onClose={onClose}
        footer={
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        }
      >
        <p>It is shown this once. Copy it to where it is used.</p>
        <span className="row">
          <TextInput
            mono
            readOnly
            aria-label="Token"
            value={make.data.token}
            onFocus={(event) => event.target.select()}
          />
          <CopyButton text={make.data.token} label="Copy token" />
        </span>
      </Dialog>
    );
  }
  return (
    <Dialog
      title="New token"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            form="new-token"
            busy={make.isPending}
            disabled={chosen.length === 0}
          >
            Make the token
          </Button>
        </>
      }
    >
      <form id="new-token" className="stack" onSubmit={submit}>
        <Field label="Name" help="To know it again in this list" error={error?.of("name")}>
          {(tied) => (
            <TextInput
              {...tied}
              value={name}
              maxLength={100}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <fieldset className="scopes">
          <legend>May</legend>
          {scopes.map(({ value, words }) => (
            <Checkbox
              key={value}
              label={words}
              checked={chosen.includes(value)}
              onChange={(event) =>
                setChosen(event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))
              }
            />
          ))}
        </fieldset>
        <Field label="Ends" error={error?.of("expires_days")}>
          {(tied) => (
            <Select {...tied} value={days} onChange={(event) => setDays(event.target.value)}>
              <option value="">never</option>
              <option value="7">in 7 days</option>
              <option value="30">in 30 days</option>
              <option value="90">in 90 days</option>
              <option value="365">in a year</option>
            </Select>
          )}
        </Field>
        {make.isError && !error?.of("name") && !error?.of("expires_days") && (
          <p role="alert" className="form-error">
            {wordsOf(make.error)}
          </p>
        )}
      </form>
    </Dialog>
  );
};

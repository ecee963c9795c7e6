// Every variable and need on the chosen subject: there, empty, missing or cut; and the prompt as it would be sent.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../../api/client";
import type { Definition, Variable, Variables } from "../../../api/types";
import { Dialog } from "../../../components/dialog";
import { Icon, type IconName } from "../../../components/icon";
import { ErrorPanel, Skeleton } from "../../../components/states";
import { Untrusted } from "../../../components/untrusted";
import { count } from "../../../text/format";
import { useDelayed } from "../delayed";
import { canonical } from "../form";
import { chosen, type Subject } from "./subject";

const icons: Record<Variable["state"], IconName> = {
  resolved: "check",
  empty: "circle",
  missing: "close",
  cut: "cut",
};

const told = ({ state, text, total_chars: total, kept_chars: kept, note, attribute }: Variable): string => {
  if (state === "cut") return `${count(kept)} of ${count(total)} characters kept${note ? `, ${note}` : ""}`;
  if (state === "resolved") return text;
  return note || (state === "missing" ? `${attribute ?? "it"} is not on this span` : "nothing in it");
};

export function Doctor({ definition, subject }: { definition: Definition; subject: Subject }) {
  const [open, setOpen] = useState(false);
  const { value, key } = useDelayed(definition, canonical(definition), 500);
  const query = useQuery({
    queryKey: ["variables", subject.key, key, subject.kind === "pasted" ? canonical(subject.pasted) : ""],
    queryFn: ({ signal }) =>
      api.post<Variables>("/variables", { definition: value, ...chosen(subject) }, { signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
    meta: { live: false },
  });
  const name = subject.kind === "span" ? `span ${subject.span_id.slice(0, 8)}` : "this text";
  const { data } = query;
  return (
    <section className="trial-part" aria-label={`Variables on ${name}`}>
      <header className="group-head">
        Variables on {name}
        <span className="spacer" />
        {data?.prompt && (
          <button type="button" className="link" onClick={() => setOpen(true)}>
            Exact prompt
          </button>
        )}
      </header>
      {query.error && !data ? (
        <ErrorPanel
          error={query.error}
          what="Variables cannot be shown"
          onRetry={() => void query.refetch()}
        />
      ) : !data ? (
        <Skeleton rows={3} height={30} />
      ) : (
        <ul className="doctor">
          {data.variables.length === 0 && (
            <li className="quiet no-variables">No variable and no need: the judge sees the whole span.</li>
          )}
          {data.variables.map((variable) => (
            <li key={variable.name} className={variable.state}>
              <Icon name={icons[variable.state]} small />
              <code className="cut" title={variable.attribute ?? undefined}>
                {variable.name}
              </code>
              <span className="doctor-state">{variable.state}</span>
              <span className="cut" dir="auto" title={told(variable).slice(0, 500)}>
                {told(variable)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {open && data?.prompt && <PromptDialog variables={data} name={name} onClose={() => setOpen(false)} />}
    </section>
  );
}

function PromptDialog({
  variables,
  name,
  onClose,
}: {
  variables: Variables;
  name: string;
  onClose: () => void;
}) {
  const { prompt, tokens } = variables;
  if (!prompt) return null;
  return (
    <Dialog wide title={`Prompt on ${name}`} onClose={onClose}>
      <p className="quiet">
        {tokens === null ? "" : `About ${count(tokens)} tokens. `}
        {prompt.note}
      </p>
      {prompt.system && (
        <section className="prompt-part" aria-label="System message">
          <h3>System</h3>
          <Untrusted mono text={prompt.system} />
        </section>
      )}
      <section className="prompt-part" aria-label="User message">
        <h3>User</h3>
        <Untrusted mono text={prompt.user} />
      </section>
      {prompt.answer_schema && (
        <section className="prompt-part" aria-label="Shape of the answer">
          <h3>Answer schema</h3>
          <Untrusted mono text={JSON.stringify(prompt.answer_schema, null, 2)} />
        </section>
      )}
    </Dialog>
  );
}

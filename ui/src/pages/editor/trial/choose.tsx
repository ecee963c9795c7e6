// Which spans to try on: the newest the scope takes, spans found by their text, or pasted text.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../../api/client";
import type { Pasted, SpanPage } from "../../../api/types";
import { Button } from "../../../components/button";
import { Dialog } from "../../../components/dialog";
import { Checkbox, Field, TextArea, TextInput } from "../../../components/field";
import { EmptyState, ErrorPanel, Skeleton } from "../../../components/states";
import { Tabs } from "../../../components/tabs";
import { useNow } from "../../../state/now";
import { moment, plural } from "../../../text/format";
import { useDelayed } from "../delayed";
import { noText, ofRow, ofText, type Subject } from "./subject";

type Props = {
  subjects: readonly Subject[];
  matching: readonly Subject[];
  onChoose: (subjects: Subject[] | null) => void;
  onClose: () => void;
};

const tabs = [
  { value: "matching", label: "In scope" },
  { value: "search", label: "Search" },
  { value: "text", label: "Your text" },
] as const;

/** `onChoose(null)` goes back to the newest in scope. */
export function ChooseSpans({ subjects, matching, onChoose, onClose }: Props) {
  const [tab, setTab] = useState<(typeof tabs)[number]["value"]>("matching");
  const [picked, setPicked] = useState<Subject[]>([...subjects]);
  const toggle = (subject: Subject) =>
    setPicked((before) =>
      before.some((one) => one.key === subject.key)
        ? before.filter((one) => one.key !== subject.key)
        : [...before, subject],
    );
  return (
    <Dialog
      wide
      title="Spans to try on"
      onClose={onClose}
      footer={
        <>
          <span className="quiet grow">{plural(picked.length, "span")} chosen</span>
          <Button
            onClick={() => {
              onChoose(null);
              onClose();
            }}
          >
            Newest in scope
          </Button>
          <Button
            look="primary"
            disabled={picked.length === 0}
            onClick={() => {
              onChoose(picked);
              onClose();
            }}
          >
            Use {picked.length}
          </Button>
        </>
      }
    >
      <Tabs label="Where from" value={tab} tabs={tabs} onChange={setTab}>
        {tab === "matching" && <Matching matching={matching} picked={picked} onToggle={toggle} />}
        {tab === "search" && <Search picked={picked} onToggle={toggle} />}
        {tab === "text" && (
          <PastedText
            number={picked.filter((one) => one.kind === "pasted").length + 1}
            onAdd={(subject) => setPicked((before) => [...before, subject])}
          />
        )}
      </Tabs>
      {picked.some((one) => one.kind === "pasted") && (
        <ul className="choose-list" aria-label="Pasted text">
          {picked
            .filter((one) => one.kind === "pasted")
            .map((one) => (
              <SubjectRow key={one.key} subject={one} on onToggle={toggle} />
            ))}
        </ul>
      )}
    </Dialog>
  );
}

function SubjectRow({
  subject,
  on,
  onToggle,
}: {
  subject: Subject;
  on: boolean;
  onToggle: (subject: Subject) => void;
}) {
  const now = useNow();
  return (
    <li>
      <Checkbox
        checked={on}
        onChange={() => onToggle(subject)}
        label={
          <span className="choose-row">
            <span className="cut" dir="auto">
              {subject.text}
            </span>
            <span className="quiet nowrap">
              {subject.kind === "span"
                ? `${subject.service}, ${subject.span_id.slice(0, 8)}, ${moment(subject.time, now)}`
                : "pasted"}
            </span>
          </span>
        }
      />
    </li>
  );
}

type ListProps = { picked: readonly Subject[]; onToggle: (subject: Subject) => void };

function Matching({ matching, picked, onToggle }: ListProps & { matching: readonly Subject[] }) {
  if (!matching.length) return <EmptyState icon="search" title="No span of the last 24 hours is in scope" />;
  return (
    <ul className="choose-list">
      {matching.map((one) => (
        <SubjectRow
          key={one.key}
          subject={one}
          on={picked.some((held) => held.key === one.key)}
          onToggle={onToggle}
        />
      ))}
    </ul>
  );
}

function Search({ picked, onToggle }: ListProps) {
  const [text, setText] = useState("");
  const { value } = useDelayed(text, text, 300);
  const query = useQuery({
    queryKey: ["spans", "try", value],
    queryFn: ({ signal }) => api.get<SpanPage>("/spans", { query: { text: value, limit: 30 }, signal }),
    meta: { live: false },
  });
  return (
    <>
      <Field label="Words in the input or output, or a trace or span id">
        {(tied) => <TextInput {...tied} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      {query.isError ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !query.data ? (
        <Skeleton rows={4} />
      ) : query.data.items.length === 0 ? (
        <EmptyState icon="search" title="No span has these words" />
      ) : (
        <ul className="choose-list">
          {query.data.items.map(ofRow).map((one) => (
            <SubjectRow
              key={one.key}
              subject={one}
              on={picked.some((held) => held.key === one.key)}
              onToggle={onToggle}
            />
          ))}
        </ul>
      )}
    </>
  );
}

const fields: readonly [Exclude<keyof Pasted, "attributes">, string, number][] = [
  ["input", "Input", 3],
  ["output", "Output", 4],
  ["context", "Context", 2],
  ["expected", "Expected answer", 2],
  ["system_prompt", "System prompt", 2],
];

function PastedText({ number, onAdd }: { number: number; onAdd: (subject: Subject) => void }) {
  const [pasted, setPasted] = useState<Pasted>(noText);
  const [attributes, setAttributes] = useState("");
  const pairs = attributes.split("\n").filter((line) => line.trim() !== "");
  const wrong = pairs.filter((line) => !/^[^=\s][^=]*=/.test(line.trim()));
  const isEmpty = fields.every(([name]) => pasted[name].trim() === "");
  const add = () => {
    const held = Object.fromEntries(
      pairs.map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      }),
    );
    onAdd(ofText({ ...pasted, attributes: held }, number));
    setPasted(noText);
    setAttributes("");
  };
  return (
    <div className="stack">
      {fields.map(([name, label, rows]) => (
        <Field key={name} label={label}>
          {(tied) => (
            <TextArea
              {...tied}
              dir="auto"
              rows={rows}
              value={pasted[name]}
              onChange={(event) => setPasted({ ...pasted, [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <Field
        label="Attributes"
        aside="one a line: name = value"
        error={wrong.length ? `“${wrong[0]}” has no “=”; write a name, “=” and a value` : undefined}
      >
        {(tied) => (
          <TextArea
            {...tied}
            mono
            rows={2}
            value={attributes}
            onChange={(event) => setAttributes(event.target.value)}
          />
        )}
      </Field>
      <Button className="self-start" icon="plus" disabled={isEmpty || wrong.length > 0} onClick={add}>
        Add this text
      </Button>
    </div>
  );
}

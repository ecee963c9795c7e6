// How the judge answers, and which answers pass.
import { useState } from "react";
import type { Answer as AnswerShape } from "../../api/types";
import { Card } from "../../components/card";
import { Checkbox, TextInput } from "../../components/field";
import { Segmented } from "../../components/segmented";
import { useEditing } from "./editing";
import { withAnswerType } from "./form";
import { LabelTable } from "./label-table";
import { PlaceField, PlaceIssues, usePlace } from "./place";
import { AnswerSchemaText } from "./schema-text";
import { ScoreForm } from "./score-form";

const types = [
  { value: "category", label: "Category" },
  { value: "boolean", label: "Boolean" },
  { value: "score", label: "Score" },
] as const;

const formNames: Record<AnswerShape["type"], string> = {
  category: "Labels",
  boolean: "Meanings",
  score: "Range",
};

export function AnswerFormat() {
  const { form, update } = useEditing();
  const { type } = form.definition.answer;
  const [view, setView] = useState<"form" | "schema">(
    form.unparsed["answer.schema"] === undefined ? "form" : "schema",
  );
  const views = [
    { value: "form", label: formNames[type] },
    { value: "schema", label: "JSON schema" },
  ] as const;
  return (
    <Card
      title="Answer format and acceptance"
      actions={
        <Segmented label="View of the answer format" value={view} options={views} onChange={setView} />
      }
    >
      <div className="stack">
        {view === "schema" ? (
          <AnswerSchemaText />
        ) : (
          <>
            <Segmented
              className="self-start"
              label="Answer type"
              value={type}
              options={types}
              onChange={(next) => update((before) => withAnswerType(before, next))}
            />
            <PlaceIssues place="answer.type" />
            {type === "category" && <LabelTable />}
            {type === "boolean" && <BooleanForm />}
            {type === "score" && <ScoreForm />}
          </>
        )}
        <PlaceIssues place="answer" />
        <Acceptance />
      </div>
    </Card>
  );
}

function BooleanForm() {
  const { form, edit, readOnly } = useEditing();
  const { answer } = form.definition;
  const parts = [
    ["when_true", "True means", "The answer gives a date and a place"],
    ["when_false", "False means", "Either is missing"],
  ] as const;
  return (
    <div className="two">
      {parts.map(([part, label, example]) => (
        <PlaceField key={part} place={`answer.${part}`} label={label}>
          {(props) => (
            <TextInput
              {...props}
              dir="auto"
              placeholder={example}
              readOnly={readOnly}
              value={answer[part]}
              onChange={(event) => edit({ answer: { ...answer, [part]: event.target.value } })}
            />
          )}
        </PlaceField>
      ))}
    </div>
  );
}

const passWhen = [
  { value: "true", label: "True passes" },
  { value: "false", label: "False passes" },
] as const;

function Acceptance() {
  const { form, definition, edit, update, readOnly } = useEditing();
  const { type } = form.definition.answer;
  const { props } = usePlace("acceptance");
  const held = form.definition.acceptance;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like the fields around it.
    <div className="acceptance stack" role="group" aria-label="Acceptance criteria">
      <Checkbox
        {...props}
        label="Say pass or fail"
        disabled={readOnly}
        checked={form.verdicts}
        onChange={(event) => update((before) => ({ ...before, verdicts: event.target.checked }))}
      />
      {!form.verdicts && (
        <span className="field-help">Results show their value only and count in no pass rate.</span>
      )}
      {form.verdicts && type === "category" && (
        <span className="field-help">Labels with a tick pass; the others fail.</span>
      )}
      {form.verdicts && type === "boolean" && (
        <>
          <Segmented
            className="self-start"
            label="What passes"
            value={definition.acceptance?.pass_when === false ? "false" : "true"}
            options={passWhen}
            onChange={(next) =>
              edit({
                acceptance: { pass_values: null, min: null, max: null, ...held, pass_when: next === "true" },
              })
            }
          />
          <PlaceIssues place="acceptance.pass_when" />
        </>
      )}
      <PlaceIssues place="acceptance" />
      {form.verdicts && type !== "category" && <VerdictWords />}
    </div>
  );
}

function VerdictWords() {
  const { form, edit, readOnly } = useEditing();
  const words = form.definition.labels ?? { pass: "", fail: "" };
  return (
    <>
      <div className="two">
        {(["pass", "fail"] as const).map((verdict) => (
          <PlaceField
            key={verdict}
            place={`labels.${verdict}`}
            label={verdict === "pass" ? "Word for a pass" : "Word for a fail"}
            aside="optional"
          >
            {(props) => (
              <TextInput
                {...props}
                dir="auto"
                placeholder={verdict === "pass" ? "Grounded" : "Not grounded"}
                readOnly={readOnly}
                value={words[verdict]}
                onChange={(event) => edit({ labels: { ...words, [verdict]: event.target.value } })}
              />
            )}
          </PlaceField>
        ))}
      </div>
      <PlaceIssues place="labels" />
    </>
  );
}

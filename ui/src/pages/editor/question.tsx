// What the judge is asked: a rubric, or a system and a user prompt; what a target must have; and custom variables.
import { type RefObject, useRef } from "react";
import type { Definition } from "../../api/types";
import { Button, IconButton } from "../../components/button";
import { Card } from "../../components/card";
import { Combobox } from "../../components/combobox";
import { FieldWords, TextArea, TextInput } from "../../components/field";
import { Segmented } from "../../components/segmented";
import { TokenField } from "../../components/token-field";
import { count } from "../../text/format";
import { useAttributes } from "./asking";
import { CodeField, type CodeHandle } from "./code/code-field";
import { useEditing } from "./editing";
import type { Style } from "./form";
import { PlaceField, PlaceIssues, usePlace } from "./place";
import { fieldsOf, needsOf, newVariable, unmapped } from "./variables";

const styles = [
  { value: "rubric", label: "Rubric" },
  { value: "prompt", label: "System and user prompt" },
] as const;

export function Question() {
  const { form, update } = useEditing();
  const setStyle = (style: Style) =>
    update((before) => {
      const { target, prompt } = before.definition;
      // A prompt begins with what it must name anyway.
      const fresh = prompt ?? { system: "", user: `{{${target}.${fieldsOf[target][0]}}}` };
      const definition = style === "prompt" ? { ...before.definition, prompt: fresh } : before.definition;
      return { ...before, style, definition };
    });
  return (
    <Card
      title={form.style === "rubric" ? "Rubric" : "Prompt"}
      actions={<Segmented label="Style" value={form.style} options={styles} onChange={setStyle} />}
    >
      <div className="stack">
        {form.style === "rubric" ? <Rubric /> : <Prompts />}
        <div className="two">
          <Needs />
          <CustomVariables />
        </div>
      </div>
    </Card>
  );
}

function Rubric() {
  const { form, edit, readOnly } = useEditing();
  const rubric = usePlace("rubric", true);
  const { target, rubric: text, brief } = form.definition;
  return (
    <div className="field">
      <div className={rubric.props["aria-invalid"] ? "text-editor wrong" : "text-editor"}>
        <CodeField
          id={rubric.props.id}
          label="Rubric"
          language="text"
          value={text ?? ""}
          onChange={(next) => edit({ rubric: next })}
          onBlur={rubric.props.onBlur}
          invalid={rubric.props["aria-invalid"]}
          describedBy={rubric.props["aria-describedby"]}
          readOnly={readOnly}
          placeholder={
            "Tell in prose what good means, and each label: what it takes, and the doubtful cases."
          }
        />
      </div>
      <FieldWords
        id={rubric.props.id}
        help={`The judge sees the ${target} in fences beside it; role and answer shape are added, so that several rubrics share one call.`}
      />
      <PlaceIssues place="rubric" />
      <details className="more" open={brief !== null || undefined}>
        <summary>Short form, for calls that many rubrics share</summary>
        <PlaceField place="brief" label="In few words">
          {(props) => (
            <TextArea
              {...props}
              rows={3}
              dir="auto"
              readOnly={readOnly}
              value={brief ?? ""}
              onChange={(event) => edit({ brief: event.target.value || null })}
            />
          )}
        </PlaceField>
      </details>
    </div>
  );
}

function Prompts() {
  const { form, edit, readOnly } = useEditing();
  const { prompt, target, variables } = form.definition;
  const held = prompt ?? { system: "", user: "" };
  return (
    <>
      {(["system", "user"] as const).map((part) => (
        <PromptText
          key={part}
          part={part}
          value={held[part]}
          variables={{ target, custom: variables }}
          readOnly={readOnly}
          onChange={(text) => edit({ prompt: { ...held, [part]: text } })}
        />
      ))}
      <span className="field-help">
        Judged alone, in a call of its own. The answer’s shape is asked for by the product.
      </span>
      <PlaceIssues place="prompt" />
    </>
  );
}

type PromptProps = {
  part: "system" | "user";
  value: string;
  variables: { target: Definition["target"]; custom: Record<string, string> };
  readOnly: boolean;
  onChange: (text: string) => void;
};

function PromptText({ part, value, variables, readOnly, onChange }: PromptProps) {
  const place = `prompt.${part}`;
  const { props } = usePlace(place);
  const handle = useRef<CodeHandle | null>(null);
  const label = part === "system" ? "System prompt" : "User prompt";
  return (
    <div className="field">
      <span className="field-label">
        <label htmlFor={props.id}>{label}</label>
      </span>
      <div className={props["aria-invalid"] ? "text-editor wrong" : "text-editor"}>
        {!readOnly && <InsertBar handle={handle} {...variables} />}
        <CodeField
          id={props.id}
          label={label}
          language="template"
          variables={variables}
          value={value}
          onChange={onChange}
          onBlur={props.onBlur}
          invalid={props["aria-invalid"]}
          describedBy={props["aria-describedby"]}
          readOnly={readOnly}
          handle={handle}
        />
      </div>
      <PlaceIssues place={place} />
    </div>
  );
}

type InsertProps = {
  handle: RefObject<CodeHandle | null>;
  target: Definition["target"];
  custom: Record<string, string>;
};

function InsertBar({ handle, target, custom }: InsertProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in a line.
    <div className="insert-bar" role="group" aria-label="Insert a variable">
      <span className="quiet">Insert</span>
      {[
        ...fieldsOf[target].map((field) => [field, `${target}.${field}`]),
        ...Object.keys(custom).map((name) => [name, name]),
      ].map(([shown, name]) => (
        <button
          type="button"
          className="insert mono"
          key={name}
          onClick={() => handle.current?.insert(`{{${name}}}`)}
        >
          {shown}
        </button>
      ))}
    </div>
  );
}

function Needs() {
  const { form, edit } = useEditing();
  const { needs, target } = form.definition;
  const choices = needsOf.map((value) => ({ value }));
  return (
    <PlaceField place="needs" label="Needs" help={`Without these a ${target} is not judged, and says so.`}>
      {(props) => (
        <TokenField
          {...props}
          values={needs}
          choices={choices}
          label="Add what it needs"
          placeholder="Add"
          onChange={(next) => edit({ needs: needsOf.filter((need) => next.includes(need)) })}
          render={(value) => <span className="mono">{value}</span>}
        />
      )}
    </PlaceField>
  );
}

/** Names for span attributes. A name that a prompt uses already is offered here. */
function CustomVariables() {
  const { form, edit, readOnly } = useEditing();
  const { variables, target, prompt, scope } = form.definition;
  const { data } = useAttributes(scope.services);
  const choices = (data?.items ?? []).map(({ name, count: spans }) => ({ value: name, hint: count(spans) }));
  const wanted =
    form.style === "prompt" && prompt ? unmapped(`${prompt.system}\n${prompt.user}`, target, variables) : [];
  if (form.style === "rubric" && Object.keys(variables).length === 0) return null;
  const rename = (from: string, to: string) =>
    edit({
      variables: Object.fromEntries(
        Object.entries(variables).map(([name, key]) => [name === from ? to : name, key]),
      ),
    });
  const entries = Object.entries(variables);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a grid item like its neighbour.
    <div className="field" role="group" aria-label="Variables">
      <span className="field-label">Variables</span>
      {entries.map(([name, attribute], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the name is being edited, so the place is what stays.
        <div className="stack tight" key={index}>
          <div className="variable">
            <VariableName
              name={name}
              taken={variables}
              readOnly={readOnly}
              onRename={(to) => rename(name, to)}
            />
            <span className="quiet">=</span>
            <VariableSource
              name={name}
              value={attribute}
              choices={choices}
              readOnly={readOnly}
              onChange={(key) => edit({ variables: { ...variables, [name]: key } })}
            />
            {!readOnly && (
              <IconButton
                small
                icon="close"
                label={`Remove variable ${name}`}
                onClick={() =>
                  edit({ variables: Object.fromEntries(entries.filter(([held]) => held !== name)) })
                }
              />
            )}
          </div>
          <PlaceIssues place={`variables.${name}`} />
        </div>
      ))}
      {!readOnly && (
        <span className="row wrap">
          <Button
            look="ghost"
            small
            icon="plus"
            onClick={() => edit({ variables: { ...variables, [newVariable(variables)]: "" } })}
          >
            Variable
          </Button>
          {wanted.map((name) => (
            <Button
              key={name}
              look="ghost"
              small
              icon="plus"
              onClick={() => edit({ variables: { ...variables, [name]: "" } })}
            >
              <span className="mono">{name}</span>
            </Button>
          ))}
        </span>
      )}
      <span className="field-help">A name for a span attribute, by its exact key.</span>
      <PlaceIssues place="variables" />
    </div>
  );
}

type NameProps = {
  name: string;
  taken: Record<string, string>;
  readOnly: boolean;
  onRename: (to: string) => void;
};

function VariableName({ name, taken, readOnly, onRename }: NameProps) {
  return (
    <TextInput
      mono
      aria-label="Name of the variable"
      readOnly={readOnly}
      value={name}
      // Two variables of one name would become one and lose an attribute.
      onChange={(event) => {
        const to = event.target.value;
        if (to === name || !Object.hasOwn(taken, to)) onRename(to);
      }}
    />
  );
}

type SourceProps = {
  name: string;
  value: string;
  choices: { value: string; hint: string }[];
  readOnly: boolean;
  onChange: (key: string) => void;
};

function VariableSource({ name, value, choices, readOnly, onChange }: SourceProps) {
  const { props } = usePlace(`variables.${name}`);
  return (
    <Combobox
      {...props}
      mono
      aria-label={`Attribute of ${name || "the variable"}`}
      placeholder="span attribute"
      readOnly={readOnly}
      value={value}
      choices={choices}
      onChange={onChange}
    />
  );
}

// The rules of a scope: attribute, operator, value, and how many spans satisfy each alone.
import { useState } from "react";
import type { Rule, RuleCount } from "../../api/types";
import { Button, IconButton } from "../../components/button";
import { Combobox } from "../../components/combobox";
import { Select } from "../../components/field";
import { Icon } from "../../components/icon";
import { TokenField } from "../../components/token-field";
import { count } from "../../text/format";
import { useAttributes, useAttributeValues } from "./asking";
import { useEditing } from "./editing";
import { withoutUnparsedOf, withUnparsed } from "./form";
import { PlaceIssues, usePlace } from "./place";
import { usePreviewed } from "./previewed";
import {
  converted,
  listOf,
  numberOf,
  operators,
  operatorWords,
  takesList,
  takesNoValue,
  takesNumber,
  textOf,
} from "./values";

export function Rules() {
  const { form, update, readOnly } = useEditing();
  const { scope } = form.definition;
  const { data: preview } = usePreviewed();
  // Rows keep their identity when one above them is removed, so that open menus and the focus stay where they were.
  const [keys, setKeys] = useState<number[]>([]);
  const keyOf = (index: number) => keys[index] ?? index;
  const setRules = (rules: Rule[]) =>
    update((before) => ({
      ...before,
      definition: { ...before.definition, scope: { ...before.definition.scope, rules } },
    }));
  const remove = (index: number) => {
    setKeys(scope.rules.map((_, at) => keyOf(at)).filter((_, at) => at !== index));
    update((before) => withoutUnparsedOf(before, "scope.rules"));
    setRules(scope.rules.filter((_, at) => at !== index));
  };
  const add = () => {
    const next = scope.rules.map((_, at) => keyOf(at));
    setKeys([...next, Math.max(-1, ...next) + 1]);
    setRules([...scope.rules, { attribute: "", operator: "equals", value: "" }]);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like the fields around it.
    <div className="field" role="group" aria-labelledby="rules-label">
      <span className="field-label">
        <span id="rules-label">Rules</span>
        <span className="field-aside">
          {scope.rules.length ? "all must hold" : "none: every span of these services"}
        </span>
      </span>
      <div className="stack rules">
        {scope.rules.map((rule, index) => (
          <RuleRow
            key={keyOf(index)}
            rule={rule}
            index={index}
            counted={preview?.rules.find((one) => one.index === index)}
            onChange={(next) => setRules(scope.rules.map((held, at) => (at === index ? next : held)))}
            onRemove={() => remove(index)}
          />
        ))}
        {!readOnly && (
          <Button look="ghost" small icon="plus" className="self-start" onClick={add}>
            Rule
          </Button>
        )}
      </div>
      <PlaceIssues place="scope.rules" />
      <PlaceIssues place="scope" />
    </div>
  );
}

type RowProps = {
  rule: Rule;
  index: number;
  counted: RuleCount | undefined;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
};

function RuleRow({ rule, index, counted, onChange, onRemove }: RowProps) {
  const { form, readOnly } = useEditing();
  const place = `scope.rules[${index}]`;
  const attribute = usePlace(`${place}.attribute`, counted?.seen === false);
  const operator = usePlace(`${place}.operator`);
  const { data: known } = useAttributes(form.definition.scope.services);
  const choices = (known?.items ?? []).map(({ name, count: spans }) => ({ value: name, hint: count(spans) }));
  const number = index + 1;
  return (
    <>
      <div className="rule">
        <Combobox
          {...attribute.props}
          mono
          aria-label={`Attribute of rule ${number}`}
          placeholder="attribute"
          readOnly={readOnly}
          value={rule.attribute}
          choices={choices}
          onChange={(text) => onChange({ ...rule, attribute: text })}
        />
        <Select
          {...operator.props}
          aria-label={`Operator of rule ${number}`}
          disabled={readOnly}
          value={rule.operator}
          onChange={(event) => {
            const next = operators.find((one) => one === event.target.value) ?? "equals";
            onChange({ ...rule, operator: next, value: converted(rule.value, next) });
          }}
        >
          {operators.map((one) => (
            <option key={one} value={one}>
              {operatorWords(one)}
            </option>
          ))}
        </Select>
        <RuleValue rule={rule} index={index} onChange={(value) => onChange({ ...rule, value })} />
        <span className="hit" title="Spans of the last 24 hours that satisfy this rule alone">
          {counted && rule.attribute ? count(counted.matching) : ""}
        </span>
        {readOnly ? (
          <span />
        ) : (
          <IconButton small icon="close" label={`Remove rule ${number}`} onClick={onRemove} />
        )}
      </div>
      <PlaceIssues place={`${place}.attribute`} />
      <PlaceIssues place={`${place}.operator`} />
      <PlaceIssues place={`${place}.value`} />
      {counted && !counted.seen && rule.attribute && (
        <span className="field-note" id={`${attribute.props.id}-help`}>
          <Icon name="alert" small />
          <span>
            Not seen on any span in 24 hours.
            {counted.nearest && (
              <>
                {" "}
                Did you mean{" "}
                <button
                  type="button"
                  className="link mono"
                  onClick={() => onChange({ ...rule, attribute: counted.nearest })}
                >
                  {counted.nearest}
                </button>
                ?
              </>
            )}
          </span>
        </span>
      )}
    </>
  );
}

type ValueProps = { rule: Rule; index: number; onChange: (value: unknown) => void };

function RuleValue({ rule, index, onChange }: ValueProps) {
  const { form, update, readOnly } = useEditing();
  const place = `scope.rules[${index}].value`;
  const { props } = usePlace(place);
  const [near, setNear] = useState(false);
  const { data } = useAttributeValues(rule.attribute, form.definition.scope.services, near);
  const choices = (data?.name === rule.attribute ? data.items : []).map(({ value, count: spans }) => ({
    value,
    hint: count(spans),
  }));
  const label = `Value of rule ${index + 1}`;
  if (takesNoValue(rule.operator)) return <span className="quiet no-value">no value</span>;
  if (takesList(rule.operator)) {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: only hears that the field in it was reached.
      <div className="mono-tokens" onFocus={() => setNear(true)}>
        <TokenField
          {...props}
          values={listOf(rule.value)}
          onChange={onChange}
          choices={choices}
          label={label}
          placeholder="Add"
        />
      </div>
    );
  }
  const typed = (text: string) => {
    if (!takesNumber(rule.operator)) return onChange(text);
    const number = numberOf(text);
    update((before) => withUnparsed(before, place, number === null || String(number) !== text ? text : null));
    onChange(number ?? text);
  };
  return (
    <Combobox
      {...props}
      mono
      aria-label={label}
      placeholder="(empty)"
      readOnly={readOnly}
      value={form.unparsed[place] ?? textOf(rule.value)}
      choices={choices}
      onFocus={() => setNear(true)}
      onChange={typed}
    />
  );
}

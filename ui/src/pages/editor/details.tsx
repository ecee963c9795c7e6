import { useMutation } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { JudgeCheck, JudgeModel } from "../../api/types";
import { Card } from "../../components/card";
import { FieldWords, Select, TextInput } from "../../components/field";
import { wordsOf } from "../../components/states";
import { StatusWord } from "../../components/tag";
import { duration, money } from "../../text/format";
import { useJudges } from "./asking";
import { useEditing } from "./editing";
import { PlaceField, type PlaceProps } from "./place";

export function Details() {
  const { form, edit, isNew, readOnly } = useEditing();
  const { name, description, judge } = form.definition;
  return (
    <Card title="Details">
      <div className="stack">
        <div className="two">
          <PlaceField
            place="name"
            label="Name"
            help={
              isNew
                ? "The score’s name in every export."
                : "The score’s name in every export. It stays; duplicate the evaluator for another one."
            }
          >
            {(props) => (
              <TextInput
                {...props}
                mono
                value={name}
                readOnly={readOnly || !isNew}
                onChange={(event) => edit({ name: event.target.value })}
              />
            )}
          </PlaceField>
          <PlaceField place="judge" label="Judge model">
            {(props) => (
              <JudgeChoice props={props} judge={judge} onChange={(next) => edit({ judge: next })} />
            )}
          </PlaceField>
        </div>
        <PlaceField place="description" label="Description">
          {(props) => (
            <TextInput
              {...props}
              dir="auto"
              value={description}
              readOnly={readOnly}
              onChange={(event) => edit({ description: event.target.value })}
            />
          )}
        </PlaceField>
      </div>
    </Card>
  );
}

type ChoiceProps = { props: PlaceProps; judge: string; onChange: (judge: string) => void };

function JudgeChoice({ props, judge, onChange }: ChoiceProps) {
  const { readOnly } = useEditing();
  const { data, error } = useJudges();
  const items = data?.items ?? [];
  const chosen = items.find((one) => one.name === judge);
  return (
    <>
      <Select {...props} value={judge} disabled={readOnly} onChange={(event) => onChange(event.target.value)}>
        {!chosen && <option value={judge}>{data ? `${judge} (not in the settings)` : judge}</option>}
        {items.map((one) => (
          <option key={one.name} value={one.name}>
            {one.name === one.model ? one.name : `${one.name}, ${one.model}`}
          </option>
        ))}
      </Select>
      {chosen && <JudgeState judge={chosen} />}
      {error && <FieldWords id="judges" note={`Judge models cannot be listed: ${wordsOf(error)}`} />}
    </>
  );
}

const words: Record<JudgeModel["state"], string> = {
  ready: "reachable",
  starting: "starting",
  unknown: "not asked yet",
  limited: "rate limited",
  unavailable: "not reachable",
};
const looks = {
  ready: "on",
  starting: "draft",
  unknown: "draft",
  limited: "paused",
  unavailable: "wrong",
} as const;

function JudgeState({ judge }: { judge: JudgeModel }) {
  const { readOnly } = useEditing();
  const check = useMutation({
    mutationFn: () => api.post<JudgeCheck>(`/judges/${encodeURIComponent(judge.name)}/check`),
  });
  const told = check.data;
  const state = told ? (told.reachable ? "ready" : "unavailable") : judge.state;
  const priced = judge.price_input !== null && judge.price_output !== null;
  const detail = told
    ? [told.detail, duration(told.duration_ms), told.cost_usd ? money(told.cost_usd) : ""]
        .filter(Boolean)
        .join(", ")
    : judge.state === "ready"
      ? ""
      : judge.detail;
  return (
    <span className="field-help judge-state" role="status">
      <StatusWord state={looks[state]}>{words[state]}</StatusWord>
      <span>
        {[
          judge.capability,
          priced ? `$${judge.price_input} / $${judge.price_output} per M` : "price not known",
        ]
          .filter(Boolean)
          .join(", ")}
      </span>
      {!readOnly && (
        <button type="button" className="link" disabled={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? "Asking …" : "Check now"}
        </button>
      )}
      {(detail || check.error) && (
        <span className="cut-lines" dir="auto">
          {check.error ? wordsOf(check.error) : detail}
        </span>
      )}
    </span>
  );
}

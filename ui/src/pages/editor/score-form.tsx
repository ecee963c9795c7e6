// A number in a range, points on the scale with what they look like, and the part that passes.
import type { Acceptance } from "../../api/types";
import { Button, IconButton } from "../../components/button";
import { Checkbox, TextInput } from "../../components/field";
import { useEditing } from "./editing";
import { withoutUnparsedOf } from "./form";
import { NumberField } from "./number-field";
import { PlaceField, PlaceIssues, usePlace } from "./place";

export function ScoreForm() {
  const { form, edit } = useEditing();
  const { answer, acceptance } = form.definition;
  const setBound = (bound: "min" | "max", value: number | null) => {
    const held: Acceptance = { pass_values: null, pass_when: null, min: null, max: null, ...acceptance };
    edit({ acceptance: { ...held, [bound]: value } });
  };
  return (
    <>
      <div className="four">
        <PlaceField place="answer.min" label="Lowest">
          {(props) => (
            <NumberField
              place="answer.min"
              props={props}
              value={answer.min}
              placeholder="0"
              optional
              onChange={(min) => edit({ answer: { ...answer, min } })}
            />
          )}
        </PlaceField>
        <PlaceField place="answer.max" label="Highest">
          {(props) => (
            <NumberField
              place="answer.max"
              props={props}
              value={answer.max}
              placeholder="1"
              optional
              onChange={(max) => edit({ answer: { ...answer, max } })}
            />
          )}
        </PlaceField>
        {form.verdicts && (
          <>
            <PlaceField place="acceptance.min" label="Passes from">
              {(props) => (
                <NumberField
                  place="acceptance.min"
                  props={props}
                  value={acceptance?.min ?? null}
                  placeholder="any"
                  optional
                  onChange={(value) => setBound("min", value)}
                />
              )}
            </PlaceField>
            <PlaceField place="acceptance.max" label="Passes to">
              {(props) => (
                <NumberField
                  place="acceptance.max"
                  props={props}
                  value={acceptance?.max ?? null}
                  placeholder="any"
                  optional
                  onChange={(value) => setBound("max", value)}
                />
              )}
            </PlaceField>
          </>
        )}
      </div>
      <Anchors />
      <Claims />
    </>
  );
}

function Anchors() {
  const { form, edit, update, readOnly } = useEditing();
  const { answer } = form.definition;
  const add = () => {
    const last = answer.anchors.at(-1)?.value;
    const value = last === undefined ? (answer.min ?? 0) : (answer.max ?? 1);
    edit({ answer: { ...answer, anchors: [...answer.anchors, { value, description: "" }] } });
  };
  const remove = (index: number) => {
    update((before) => withoutUnparsedOf(before, "answer.anchors"));
    edit({ answer: { ...answer, anchors: answer.anchors.filter((_, at) => at !== index) } });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like the fields around it.
    <div className="field" role="group" aria-label="Points of the scale">
      <span className="field-label">
        Points of the scale
        <span className="field-aside">
          {answer.anchors.length ? "the judge picks one of them" : "none: the judge picks any number"}
        </span>
      </span>
      {answer.anchors.map((_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the value is being edited, so the place is what stays.
        <Anchor key={index} index={index} onRemove={() => remove(index)} />
      ))}
      <PlaceIssues place="answer.anchors" />
      {!readOnly && (
        <Button look="ghost" small icon="plus" className="self-start" onClick={add}>
          Point
        </Button>
      )}
    </div>
  );
}

function Anchor({ index, onRemove }: { index: number; onRemove: () => void }) {
  const { form, edit, readOnly } = useEditing();
  const { answer } = form.definition;
  const anchor = answer.anchors[index] ?? { value: 0, description: "" };
  const place = `answer.anchors[${index}]`;
  const value = usePlace(`${place}.value`);
  const meaning = usePlace(`${place}.description`);
  const change = (next: Partial<typeof anchor>) =>
    edit({
      answer: {
        ...answer,
        anchors: answer.anchors.map((held, at) => (at === index ? { ...held, ...next } : held)),
      },
    });
  return (
    <div className="stack tight">
      <div className="anchor">
        <NumberField
          place={`${place}.value`}
          props={value.props}
          value={anchor.value}
          label={`Value of point ${index + 1}`}
          onChange={(next) => next !== null && change({ value: next })}
        />
        <TextInput
          {...meaning.props}
          dir="auto"
          aria-label={`Meaning of point ${index + 1}`}
          readOnly={readOnly}
          value={anchor.description}
          onChange={(event) => change({ description: event.target.value })}
        />
        {!readOnly && (
          <IconButton small icon="close" label={`Remove point ${index + 1}`} onClick={onRemove} />
        )}
      </div>
      <PlaceIssues place={`${place}.value`} />
      <PlaceIssues place={`${place}.description`} />
    </div>
  );
}

/** Counting claims is a way of scoring that only some evaluators use; it is shown where it is on, or fits. */
function Claims() {
  const { form, edit, readOnly } = useEditing();
  const { answer } = form.definition;
  const { props } = usePlace("answer.method", true);
  const fits = (answer.min ?? 0) === 0 && (answer.max ?? 1) === 1;
  if (!fits && answer.method === "direct") return null;
  return (
    <div className="field">
      <Checkbox
        {...props}
        label="Count claims"
        disabled={readOnly}
        checked={answer.method === "claims"}
        onChange={(event) =>
          edit({ answer: { ...answer, method: event.target.checked ? "claims" : "direct" } })
        }
      />
      <span className="field-help" id={`${props.id}-help`}>
        A capable judge lists the claims of the output, each with a quotation; the score is the share that
        does not hold.
      </span>
      <PlaceIssues place="answer.method" />
    </div>
  );
}

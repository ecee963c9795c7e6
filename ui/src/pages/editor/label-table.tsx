import { useRef } from "react";
import { Button, IconButton } from "../../components/button";
import { Checkbox, TextInput } from "../../components/field";
import { useEditing } from "./editing";
import { withLabel, withNewLabel, withoutLabel, withPass } from "./form";
import { idOf, PlaceIssues, usePlace } from "./place";

/** The labels of a category: name, meaning, and whether it passes. */
export function LabelTable() {
  const { form, update, readOnly } = useEditing();
  const { labels } = form.definition.answer;
  const box = useRef<HTMLDivElement>(null);
  const add = () => {
    update(withNewLabel);
    const at = labels.length;
    requestAnimationFrame(() => document.getElementById(idOf(`answer.labels[${at}].name`))?.focus());
  };
  return (
    <div className="field" ref={box}>
      <table className="label-table" aria-label="Labels">
        <thead>
          <tr>
            <th>Label</th>
            <th>Meaning, shown to the judge</th>
            {form.verdicts && <th>Verdict</th>}
            <th>
              <span className="unseen">Remove</span>
            </th>
          </tr>
        </thead>
        {labels.map((_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the name is being edited, so the place is what stays.
          <LabelRow key={index} index={index} />
        ))}
      </table>
      <PlaceIssues place="answer.labels" />
      {!readOnly && (
        <Button look="ghost" small icon="plus" className="self-start" onClick={add}>
          Label
        </Button>
      )}
    </div>
  );
}

function LabelRow({ index }: { index: number }) {
  const { form, update, readOnly } = useEditing();
  const label = form.definition.answer.labels[index] ?? { name: "", description: "" };
  const number = index + 1;
  const name = usePlace(`answer.labels[${index}].name`);
  const meaning = usePlace(`answer.labels[${index}].description`);
  const passes = (form.definition.acceptance?.pass_values ?? []).includes(label.name) && label.name !== "";
  const isWrong = name.issues.length + meaning.issues.length > 0;
  return (
    <tbody>
      <tr>
        <td className="label-name">
          <TextInput
            {...name.props}
            mono
            dir="auto"
            aria-label={`Label ${number}`}
            readOnly={readOnly}
            value={label.name}
            onChange={(event) => update((before) => withLabel(before, index, { name: event.target.value }))}
          />
        </td>
        <td className="label-meaning">
          <TextInput
            {...meaning.props}
            dir="auto"
            aria-label={`Meaning of label ${number}`}
            readOnly={readOnly}
            value={label.description}
            onChange={(event) =>
              update((before) => withLabel(before, index, { description: event.target.value }))
            }
          />
        </td>
        {form.verdicts && (
          <td className="label-passes">
            <Checkbox
              label="passes"
              aria-label={`${label.name || `Label ${number}`} passes`}
              disabled={readOnly || label.name === ""}
              checked={passes}
              onChange={(event) => update((before) => withPass(before, label.name, event.target.checked))}
            />
          </td>
        )}
        <td className="label-remove">
          {!readOnly && (
            <IconButton
              small
              icon="close"
              label={`Remove ${label.name || `label ${number}`}`}
              onClick={() => update((before) => withoutLabel(before, index))}
            />
          )}
        </td>
      </tr>
      {isWrong && (
        <tr className="label-issues">
          <td colSpan={form.verdicts ? 4 : 3}>
            <PlaceIssues place={`answer.labels[${index}].name`} />
            <PlaceIssues place={`answer.labels[${index}].description`} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

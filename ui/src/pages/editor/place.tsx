// A place of the form: a field with its label, its help, and what is wrong with it, tied together for every reader.
import type { ReactNode } from "react";
import type { Issue } from "../../api/types";
import { Icon } from "../../components/icon";
import { VerdictMark } from "../../components/verdict";
import { useEditing } from "./editing";
import { sentence } from "./issues";

export const idOf = (place: string): string => `at-${place.replaceAll(/[^\w]+/g, "-") || "all"}`;

export type PlaceProps = {
  id: string;
  onBlur: () => void;
  "aria-invalid"?: true;
  "aria-describedby"?: string;
};

/** What a control at `place` needs, and the issues to show below it. `helped`: there is a help text with its id. */
export const usePlace = (place: string, helped = false): { props: PlaceProps; issues: Issue[] } => {
  const { issues: all, touch } = useEditing();
  const issues = all.at(place);
  const id = idOf(place);
  const described = [issues.length ? `${id}-issues` : "", helped ? `${id}-help` : ""]
    .filter(Boolean)
    .join(" ");
  return {
    issues,
    props: {
      id,
      onBlur: () => touch(place),
      ...(issues.some((issue) => issue.severity === "error") ? { "aria-invalid": true as const } : {}),
      ...(described ? { "aria-describedby": described } : {}),
    },
  };
};

/** The issues of a place. Those without a control of their own can take the focus. */
export function PlaceIssues({ place }: { place: string }) {
  const { issues: all } = useEditing();
  const issues = all.at(place);
  if (!issues.length) return null;
  return (
    <div className="place-issues" id={`${idOf(place)}-issues`} tabIndex={-1}>
      {issues.map((issue) => (
        <span className={issue.severity === "error" ? "field-error" : "field-note"} key={issue.message}>
          {issue.severity === "error" ? <VerdictMark outcome="fail" silent /> : <Icon name="alert" small />}
          <span dir="auto">{sentence(issue.message)}</span>
        </span>
      ))}
    </div>
  );
}

type FieldProps = {
  place: string;
  label: ReactNode;
  aside?: ReactNode;
  help?: ReactNode;
  /** For a group of controls, which a label cannot name: then it is a group with this label. */
  group?: boolean;
  children: (props: PlaceProps) => ReactNode;
};

/** A labelled field with its help and its issues. */
export function PlaceField({ place, label, aside, help, group = false, children }: FieldProps) {
  const { props } = usePlace(place, help !== undefined);
  return (
    <div className="field" {...(group ? { role: "group", "aria-labelledby": `${props.id}-label` } : {})}>
      <span className="field-label">
        {group ? <span id={`${props.id}-label`}>{label}</span> : <label htmlFor={props.id}>{label}</label>}
        {aside && <span className="field-aside">{aside}</span>}
      </span>
      {children(props)}
      {help !== undefined && (
        <span className="field-help" id={`${props.id}-help`}>
          {help}
        </span>
      )}
      <PlaceIssues place={place} />
    </div>
  );
}

/** Brings a place into view and puts the focus there. */
export const goTo = (place: string): void => {
  const id = idOf(place);
  const control = document.getElementById(id) ?? document.getElementById(`${id}-issues`);
  control?.scrollIntoView({ block: "center", behavior: "auto" });
  control?.focus({ preventScroll: true });
};

// A form field: label, control, help, note, error. The control is tied to its words by id.
import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { Icon } from "./icon";
import { VerdictMark } from "./verdict";

export type Tied = { id: string; "aria-describedby"?: string; "aria-invalid"?: true };

/**
 * `children` is given what ties the control to its words: `{(tied) => <TextInput {...tied} … />}`. `error` is wrong,
 * `note` is doubtful, `help` is always there. `aside` stands beside the label.
 */
export const Field = ({
  label,
  aside,
  help,
  note,
  error,
  children,
}: {
  label: ReactNode;
  aside?: ReactNode;
  help?: ReactNode;
  note?: ReactNode;
  error?: ReactNode;
  children: (tied: Tied) => ReactNode;
}) => {
  const id = useId();
  const described = [error && `${id}-error`, note && `${id}-note`, help && `${id}-help`]
    .filter(Boolean)
    .join(" ");
  return (
    <div className="field">
      <span className="field-label">
        <label htmlFor={id}>{label}</label>
        {aside && <span className="field-aside">{aside}</span>}
      </span>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      <FieldWords id={id} help={help} note={note} error={error} />
    </div>
  );
};

/** Help, note and error below a control, with the ids that `aria-describedby` names. */
export const FieldWords = ({
  id,
  help,
  note,
  error,
}: {
  id: string;
  help?: ReactNode;
  note?: ReactNode;
  error?: ReactNode;
}) => (
  <>
    {error && (
      <span className="field-error" id={`${id}-error`}>
        <VerdictMark outcome="fail" silent />
        <span>{error}</span>
      </span>
    )}
    {note && (
      <span className="field-note" id={`${id}-note`}>
        <Icon name="alert" small />
        <span>{note}</span>
      </span>
    )}
    {help && (
      <span className="field-help" id={`${id}-help`}>
        {help}
      </span>
    )}
  </>
);

export const TextInput = ({
  mono,
  className = "",
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { mono?: boolean; ref?: Ref<HTMLInputElement> }) => (
  <input
    type="text"
    autoComplete="off"
    spellCheck={!mono}
    {...rest}
    className={`input ${mono ? "mono" : ""} ${className}`}
  />
);

export const TextArea = ({
  mono,
  className = "",
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & { mono?: boolean }) => (
  <textarea {...rest} className={`input area ${mono ? "mono" : ""} ${className}`} />
);

export const Select = ({ className = "", children, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) => (
  <span className="select">
    <select {...rest} className={`input ${className}`}>
      {children}
    </select>
    <Icon name="down" small />
  </span>
);

export const Checkbox = ({
  label,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: ReactNode }) => (
  <label className="checkbox">
    <input type="checkbox" {...rest} />
    {label}
  </label>
);

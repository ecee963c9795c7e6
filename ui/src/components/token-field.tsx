import { type ReactNode, useState } from "react";
import { type Choice, Combobox } from "./combobox";
import { Icon } from "./icon";

type TokenFieldProps = {
  values: readonly string[];
  onChange: (values: string[]) => void;
  choices: readonly Choice[];
  placeholder?: string;
  label: string;
  render?: (value: string) => ReactNode;
  id?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
};

/** Several short values, completed from `choices`. Enter or a comma adds, Backspace takes the last one back. */
export const TokenField = ({
  values,
  onChange,
  choices,
  placeholder,
  label,
  render,
  ...tied
}: TokenFieldProps) => {
  const [text, setText] = useState("");
  const add = (value: string) => {
    const trimmed = value.trim();
    if (trimmed && !values.includes(trimmed)) onChange([...values, trimmed]);
    setText("");
  };
  return (
    <span className="tokens">
      {values.map((value) => (
        <span key={value} className="token">
          {render ? render(value) : <span dir="auto">{value}</span>}
          <button
            type="button"
            aria-label={`Remove ${value}`}
            onClick={() => onChange(values.filter((one) => one !== value))}
          >
            <Icon name="close" small />
          </button>
        </span>
      ))}
      <Combobox
        {...tied}
        aria-label={label}
        placeholder={placeholder}
        value={text}
        choices={choices.filter((choice) => !values.includes(choice.value))}
        onChange={(next) => (next.endsWith(",") ? add(next.slice(0, -1)) : setText(next))}
        onChoose={add}
        onBlur={() => add(text)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.defaultPrevented) {
            event.preventDefault();
            add(text);
          } else if (event.key === "Backspace" && text === "" && values.length > 0) {
            onChange(values.slice(0, -1));
          }
        }}
      />
    </span>
  );
};

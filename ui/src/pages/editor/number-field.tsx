// A field for a number. What cannot be read as one stays in the field and is said beside it.
import { useEditing } from "./editing";
import { withUnparsed } from "./form";
import type { PlaceProps } from "./place";
import { numberOf } from "./values";

type Props = {
  place: string;
  value: number | null;
  onChange: (value: number | null) => void;
  props: PlaceProps;
  label?: string;
  placeholder?: string;
  /** An empty field is no number at all instead of a mistake. */
  optional?: boolean;
  className?: string;
};

export function NumberField({
  place,
  value,
  onChange,
  props,
  label,
  placeholder,
  optional = false,
  className = "",
}: Props) {
  const { form, update, readOnly } = useEditing();
  const held = form.unparsed[place];
  const typed = (text: string) => {
    const number = numberOf(text);
    const fits = number !== null || (optional && text.trim() === "");
    // `1.` and `0.50` are numbers on their way: the text stays as it is typed until the field is left.
    const shown = fits && (number === null ? text === "" : String(number) === text);
    update((before) => withUnparsed(before, place, shown ? null : text));
    if (fits) onChange(number);
  };
  const left = () => {
    const number = held === undefined ? null : numberOf(held);
    if (held !== undefined && (number !== null || (optional && held.trim() === ""))) {
      update((before) => withUnparsed(before, place, null));
    }
    props.onBlur();
  };
  return (
    <input
      {...props}
      type="text"
      className={`input number ${className}`}
      inputMode="decimal"
      autoComplete="off"
      readOnly={readOnly}
      aria-label={label}
      placeholder={placeholder}
      value={held ?? (value === null ? "" : String(value))}
      onChange={(event) => typed(event.target.value)}
      onBlur={left}
    />
  );
}

// A text field that completes. Any text may be written; the list only helps.
import {
  type InputHTMLAttributes,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";

export type Choice = { value: string; hint?: ReactNode };

type ComboboxProps = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "onSelect" | "value"> & {
  value: string;
  onChange: (value: string) => void;
  /** A choice was taken with Enter or the pointer; by default it is written into the field. */
  onChoose?: (value: string) => void;
  choices: readonly Choice[];
  /** Whether the choices are already narrowed by the server. */
  narrowed?: boolean;
  mono?: boolean;
};

const most = 50;

export const Combobox = ({
  value,
  onChange,
  onChoose,
  choices,
  narrowed,
  mono,
  className = "",
  onKeyDown,
  ...rest
}: ComboboxProps) => {
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const typed = value.trim().toLowerCase();
  const fitting = (
    narrowed || !typed ? choices : choices.filter((one) => one.value.toLowerCase().includes(typed))
  ).slice(0, most);
  const shown = open && fitting.length > 0 && !(fitting.length === 1 && fitting[0]?.value === value);

  useEffect(() => {
    if (at >= 0) list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const take = (choice: Choice) => {
    if (onChoose) onChoose(choice.value);
    else onChange(choice.value);
    setOpen(false);
    setAt(-1);
  };
  const keys = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = fitting[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!shown) setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((before) =>
        before < 0 && step < 0
          ? fitting.length - 1
          : (before + step + fitting.length) % (fitting.length || 1),
      );
    } else if ((event.key === "Enter" || event.key === "Tab") && shown && chosen) {
      if (event.key === "Enter") event.preventDefault();
      take(chosen);
      if (event.key === "Enter") return;
    } else if (event.key === "Escape" && shown) {
      // The field's Escape closes the list, not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
    onKeyDown?.(event);
  };

  return (
    <span className="combobox">
      <input
        type="text"
        autoComplete="off"
        spellCheck={false}
        {...rest}
        className={`input ${mono ? "mono" : ""} ${className}`}
        role="combobox"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          setOpen(true);
          setAt(-1);
        }}
        onFocus={(event) => {
          rest.onFocus?.(event);
          setOpen(true);
        }}
        onBlur={(event) => {
          rest.onBlur?.(event);
          setOpen(false);
        }}
        onKeyDown={keys}
      />
      <ul
        className="choices"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the list of a combobox is a listbox.
        role="listbox"
        id={`${id}-list`}
        ref={list}
        hidden={!shown}
        aria-label={rest["aria-label"] ?? "Suggestions"}
      >
        {shown &&
          fitting.map((choice, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard's way is the field's arrows and Enter.
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field.
            <li
              key={choice.value}
              id={`${id}-${index}`}
              // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: an item of a listbox is an option.
              role="option"
              aria-selected={index === at}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(choice)}
            >
              <span className={mono ? "cut mono" : "cut"} dir="auto">
                {choice.value}
              </span>
              {choice.hint !== undefined && <span className="choice-hint">{choice.hint}</span>}
            </li>
          ))}
      </ul>
    </span>
  );
};

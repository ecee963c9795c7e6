import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Link } from "react-router";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";

/** An entry does something (`onChoose`), leads somewhere (`to`) or downloads (`href`). */
export type MenuEntry = {
  label: ReactNode;
  hint?: ReactNode;
  icon?: IconName;
  danger?: boolean;
  checked?: boolean;
  disabled?: boolean;
} & ({ onChoose: () => void } | { to: string } | { href: string; download?: string });

/** A button that opens a few entries. */
export const Menu = ({
  label,
  icon,
  look = "plain",
  small,
  entries,
  className,
  arrow = true,
}: {
  label: ReactNode;
  icon?: IconName;
  look?: "plain" | "ghost" | "primary";
  small?: boolean;
  entries: readonly MenuEntry[];
  className?: string;
  arrow?: boolean;
}) => {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[
      event.key
    ];
    if (event.key === "Escape") close();
    else if (to !== undefined && items.length > 0) items[to % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the menu in it.
    <span className={`menu ${className ?? ""}`} ref={box} onKeyDown={open ? keys : undefined}>
      <Button
        look={look}
        small={small}
        icon={icon}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {label}
        {arrow && <Icon name="down" small />}
      </Button>
      {open && (
        <span className="menu-list" role="menu" id={id}>
          {entries.map((entry, at) => {
            const shared = {
              role: entry.checked === undefined ? ("menuitem" as const) : ("menuitemcheckbox" as const),
              "aria-checked": entry.checked,
              className: entry.danger ? "menu-entry danger" : "menu-entry",
              tabIndex: -1,
            };
            const inside = (
              <>
                {entry.icon && <Icon name={entry.icon} small />}
                {entry.checked !== undefined && (
                  <span className="menu-check">{entry.checked && <Icon name="check" small />}</span>
                )}
                <span className="cut">{entry.label}</span>
                {entry.hint !== undefined && <span className="choice-hint">{entry.hint}</span>}
              </>
            );
            // biome-ignore-start lint/suspicious/noArrayIndexKey: entries have no other name.
            if ("to" in entry)
              return (
                <Link key={at} {...shared} to={entry.to} onClick={() => setOpen(false)}>
                  {inside}
                </Link>
              );
            if ("href" in entry)
              return (
                <a
                  key={at}
                  {...shared}
                  href={entry.href}
                  download={entry.download ?? true}
                  onClick={() => setOpen(false)}
                >
                  {inside}
                </a>
              );
            return (
              <button
                key={at}
                type="button"
                {...shared}
                disabled={entry.disabled}
                onClick={() => {
                  close();
                  entry.onChoose();
                }}
              >
                {inside}
              </button>
            );
            // biome-ignore-end lint/suspicious/noArrayIndexKey: entries have no other name.
          })}
        </span>
      )}
    </span>
  );
};

import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

export type Tab<Value extends string> = { value: Value; label: ReactNode; hint?: ReactNode };

/** Tabs and the panel of the chosen one. `aside` stands at the right end of the line. */
export const Tabs = <Value extends string>({
  label,
  value,
  tabs,
  onChange,
  aside,
  look = "line",
  children,
}: {
  label: string;
  value: Value;
  tabs: readonly Tab<Value>[];
  onChange: (value: Value) => void;
  aside?: ReactNode;
  look?: "line" | "segmented";
  children: ReactNode;
}) => {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.value === value);
    const next = {
      ArrowRight: tabs[(at + 1) % tabs.length],
      ArrowLeft: tabs[(at - 1 + tabs.length) % tabs.length],
      Home: tabs[0],
      End: tabs[tabs.length - 1],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    onChange(next.value);
    list.current?.querySelector<HTMLElement>(`[data-value="${CSS.escape(next.value)}"]`)?.focus();
  };
  return (
    <>
      <div className={look === "line" ? "tabs" : "tabs-segmented"}>
        <div
          className={look === "line" ? "tab-list" : "segmented"}
          role="tablist"
          aria-label={label}
          ref={list}
          onKeyDown={move}
        >
          {tabs.map((tab) => (
            <button
              key={tab.value}
              type="button"
              role="tab"
              id={`${id}-${tab.value}`}
              data-value={tab.value}
              aria-selected={tab.value === value}
              aria-controls={`${id}-panel`}
              tabIndex={tab.value === value ? 0 : -1}
              onClick={() => onChange(tab.value)}
            >
              {tab.label}
              {tab.hint}
            </button>
          ))}
        </div>
        {aside && <div className="tabs-aside">{aside}</div>}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`} className="tab-panel">
        {children}
      </div>
    </>
  );
};

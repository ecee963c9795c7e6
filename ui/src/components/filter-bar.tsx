// What narrows a list: a search field, the filters that are set, and a way to add one.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { type FilterName, type Filters, filterWords, listFilters } from "../state/filters";
import { useKeys } from "../state/keys";
import { type Choice, Combobox } from "./combobox";
import { Select } from "./field";
import { Icon } from "./icon";

export type FilterOptions = Partial<Record<FilterName, readonly Choice[]>>;

type FilterBarProps = {
  filters: Filters;
  /** Filters that can be added here, with what there is to choose. */
  options: FilterOptions;
  /** What the search looks through, for its placeholder; left out, there is no search. */
  search?: string;
  /** At the right end: a segmented control for the most used filter. */
  children?: ReactNode;
};

/** `/` goes to the search, `f` adds a filter. */
export const FilterBar = ({ filters, options, search, children }: FilterBarProps) => {
  const [adding, setAdding] = useState<FilterName | "">("");
  const field = useRef<HTMLInputElement>(null);
  const names = Object.keys(options) as FilterName[];
  useKeys("Filters", [
    { keys: "f", does: "add a filter", run: () => setAdding(names[0] ?? "") },
    ...(search ? [{ keys: "/", does: "search", run: () => field.current?.focus() }] : []),
  ]);
  return (
    <search className="filter-bar">
      {search && <SearchField filters={filters} placeholder={search} field={field} />}
      {filters.active.map((name) => (
        <span key={name} className="filter">
          <button
            type="button"
            className="filter-words"
            onClick={() => setAdding(name)}
            title={`Change ${filterWords[name]}`}
          >
            <span className="filter-name">{filterWords[name]}</span>
            <span className="filter-operator">
              {filters.values[name].length > 1 ? "is any of" : name.endsWith("_score") ? "" : "is"}
            </span>
            <b dir="auto">{brief(filters.values[name])}</b>
          </button>
          <button
            type="button"
            aria-label={`Remove filter ${filterWords[name]}`}
            onClick={() => filters.remove(name)}
          >
            <Icon name="close" small />
          </button>
        </span>
      ))}
      {adding ? (
        <AddFilter
          name={adding}
          names={names}
          filters={filters}
          options={options}
          onName={setAdding}
          onDone={() => setAdding("")}
        />
      ) : (
        names.length > 0 && (
          <button type="button" className="filter add" onClick={() => setAdding(names[0] ?? "")}>
            <Icon name="plus" small />
            Filter <kbd>f</kbd>
          </button>
        )
      )}
      {filters.active.length > 1 && (
        <button type="button" className="button ghost small" onClick={filters.clear}>
          Clear
        </button>
      )}
      {children && <span className="filter-end">{children}</span>}
    </search>
  );
};

const brief = (values: readonly string[]): string =>
  values.slice(0, 2).join(", ") + (values.length > 2 ? `, +${values.length - 2}` : "");

const SearchField = ({
  filters,
  placeholder,
  field,
}: {
  filters: Filters;
  placeholder: string;
  field: React.RefObject<HTMLInputElement | null>;
}) => {
  const [text, setText] = useState(filters.text);
  const typing = useRef(false);
  useEffect(() => {
    if (!typing.current) setText(filters.text);
  }, [filters.text]);
  useEffect(() => {
    if (!typing.current || text === filters.text) return;
    const timer = setTimeout(() => {
      typing.current = false;
      // Every letter would be a step back in the history: the first one makes the step, the rest replace it.
      filters.set("text", text ? [text] : [], { replace: filters.text !== "" });
    }, 250);
    return () => clearTimeout(timer);
  }, [text, filters]);
  return (
    <span className="search">
      <Icon name="search" small />
      <input
        ref={field}
        type="search"
        className="input"
        placeholder={placeholder}
        aria-label={placeholder}
        value={text}
        onChange={(event) => {
          typing.current = true;
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            if (text) {
              typing.current = true;
              setText("");
            } else field.current?.blur();
          }
        }}
      />
      <kbd>/</kbd>
    </span>
  );
};

const AddFilter = ({
  name,
  names,
  filters,
  options,
  onName,
  onDone,
}: {
  name: FilterName;
  names: FilterName[];
  filters: Filters;
  options: FilterOptions;
  onName: (name: FilterName) => void;
  onDone: () => void;
}) => {
  const [value, setValue] = useState("");
  const box = useRef<HTMLSpanElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another name is another field to write in.
  useEffect(() => box.current?.querySelector<HTMLElement>("input")?.focus(), [name]);
  const several = (listFilters as readonly string[]).includes(name);
  const take = (chosen: string) => {
    if (chosen.trim()) filters.add(name, chosen.trim());
    setValue("");
    if (!several || chosen.trim()) onDone();
  };
  const choices = (options[name] ?? []).filter((choice) => !filters.values[name].includes(choice.value));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: leaving it closes it.
    <span
      className="filter adding"
      ref={box}
      onBlur={(event) => {
        if (!box.current?.contains(event.relatedTarget as Node | null)) onDone();
      }}
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && onDone()}
    >
      <Select
        aria-label="Filter by"
        value={name}
        onChange={(event) => onName(event.target.value as FilterName)}
      >
        {[...new Set([...names, name])].map((one) => (
          <option key={one} value={one}>
            {filterWords[one]}
          </option>
        ))}
      </Select>
      <Combobox
        aria-label={`${filterWords[name]} is`}
        placeholder={name.endsWith("_score") ? "a number" : "choose or write"}
        inputMode={name.endsWith("_score") ? "decimal" : undefined}
        value={value}
        choices={choices}
        onChange={setValue}
        onChoose={take}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.defaultPrevented) take(value);
        }}
      />
    </span>
  );
};

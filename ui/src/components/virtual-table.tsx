// A list of any length: only the rows in sight are in the page. It scrolls with the page, under a head that stays.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useKeys } from "../state/keys";
import { useNarrow } from "../state/width";
import { classNames } from "./class-names";
import type { Column, Sort } from "./table";

type VirtualTableProps<Row> = {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Enter or a click opens a row. */
  onOpen: (row: Row) => void;
  /** Where a row leads, for a middle click and for copying the address. */
  href?: (row: Row) => string;
  /** Called when the last rows come into sight. */
  onEnd?: () => void;
  more?: boolean;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  current?: string | null;
  onCurrent?: (row: Row) => void;
  foot?: ReactNode;
  /** Old rows stay, dimmed, while a filter loads. */
  stale?: boolean;
};

const height = 36;
const narrowHeight = 84;

/** Rows move with `j`/`k` and the arrows, open with Enter. One tab stop. */
export const VirtualTable = <Row,>(props: VirtualTableProps<Row>) => {
  const { label, rows, rowKey, onOpen, href, onEnd, more, sort, onSort, onCurrent, foot, stale } = props;
  const narrow = useNarrow(960);
  const middle = useNarrow(1180);
  // A column that is not shown must not keep its track.
  const columns = middle && !narrow ? props.columns.filter((column) => !column.wideOnly) : props.columns;
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [own, setOwn] = useState<string | null>(null);
  const chosen = props.current === undefined ? own : props.current;
  const at = rows.findIndex((row) => rowKey(row) === chosen);

  useLayoutEffect(() => {
    // Where the list begins in the page: what stands above it may come and go.
    const measure = () => setMargin((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  // A new function would have all rows measured again.
  const keyAt = useCallback((index: number) => rowKey(rows[index] as Row), [rows, rowKey]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (narrow ? narrowHeight : height),
    overscan: 12,
    scrollMargin: margin,
    // Top bar and head, and the foot, lie over the rows.
    scrollPaddingStart: narrow ? 56 : 88,
    scrollPaddingEnd: narrow ? 96 : 40,
    getItemKey: keyAt,
  });
  const shown = virtual.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? -1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of narrow changes every height.
  useEffect(() => virtual.measure(), [narrow]);

  useEffect(() => {
    if (more && rows.length > 0 && last >= rows.length - 20) onEnd?.();
  }, [more, last, rows.length, onEnd]);

  const choose = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    setOwn(rowKey(row));
    onCurrent?.(row);
    virtual.scrollToIndex(rows.indexOf(row), { align: "auto" });
    requestAnimationFrame(() =>
      body.current
        ?.querySelector<HTMLElement>(`[data-key="${CSS.escape(rowKey(row))}"]`)
        ?.focus({ preventScroll: true }),
    );
  };
  const open = () => {
    const row = rows[at];
    if (row !== undefined) onOpen(row);
  };
  const page = Math.max(1, Math.floor(window.innerHeight / (narrow ? narrowHeight : height)) - 4);

  useKeys("List", [
    { keys: "j", does: "next row", run: () => choose(at + 1) },
    { keys: "k", does: "row before", run: () => choose(at < 0 ? 0 : at - 1) },
    { keys: "Enter", does: "open", run: open },
  ]);
  const keys = (event: KeyboardEvent) => {
    const to: number | undefined = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    }[event.key];
    if (to !== undefined) choose(to);
    else if (event.key === "Enter" && event.target === event.currentTarget.querySelector("[tabindex='0']"))
      open();
    else return;
    event.preventDefault();
  };

  const template = columns.map((column) => column.width ?? "minmax(0, 1fr)").join(" ");
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that come and go are placed by hand, which a table cannot.
    <div
      className={classNames("grid-table", stale && "stale")}
      role="grid"
      aria-label={label}
      aria-rowcount={more ? -1 : rows.length + 1}
      aria-busy={stale || undefined}
      onKeyDown={keys}
      style={{ "--columns": template } as React.CSSProperties}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      <div className="grid-head" role="row" tabIndex={-1}>
        {columns.map((column) => {
          const sorted = sort?.key === column.key;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above.
            <span
              key={column.key}
              role="columnheader"
              tabIndex={-1}
              className={classNames(column.align, column.wideOnly && "wide-only")}
              aria-sort={sorted ? (sort.down ? "descending" : "ascending") : undefined}
            >
              {column.sort && onSort ? (
                <button
                  type="button"
                  className="sort"
                  onClick={() => onSort({ key: column.key, down: sorted ? !sort.down : true })}
                >
                  {column.head}
                  <span aria-hidden="true">{sorted ? (sort.down ? " ↓" : " ↑") : ""}</span>
                </button>
              ) : (
                column.head
              )}
            </span>
          );
        })}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      <div ref={body} className="grid-body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {shown.map((item) => {
          const row = rows[item.index] as Row;
          const key = rowKey(row);
          const isCurrent = key === chosen;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above.
            <div
              key={key}
              ref={narrow ? virtual.measureElement : undefined}
              data-index={item.index}
              data-key={key}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={isCurrent}
              tabIndex={isCurrent || (at < 0 && item.index === 0) ? 0 : -1}
              className={isCurrent ? "grid-row current" : "grid-row"}
              style={{ transform: `translateY(${item.start - margin}px)` }}
              onClick={(event) => {
                if ((event.target as HTMLElement).closest("a, button") || window.getSelection()?.toString())
                  return;
                if (href && (event.metaKey || event.ctrlKey)) window.open(href(row), "_blank", "noopener");
                else onOpen(row);
              }}
              onAuxClick={(event) => {
                if (href && event.button === 1) window.open(href(row), "_blank", "noopener");
              }}
              onKeyDown={() => undefined}
              onFocus={() => {
                setOwn(key);
                onCurrent?.(row);
              }}
            >
              {columns.map((column) => (
                // biome-ignore lint/a11y/useSemanticElements: see above.
                <span
                  key={column.key}
                  role="gridcell"
                  tabIndex={-1}
                  data-place={column.place}
                  className={classNames(column.align, column.wideOnly && "wide-only")}
                >
                  {column.cell(row)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
      {foot && <div className="table-foot">{foot}</div>}
    </div>
  );
};

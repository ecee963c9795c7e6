// A table for some dozens of rows. Under 960 px each row becomes a small card; `place` says where a cell goes in it.
import type { ReactNode } from "react";
import { classNames } from "./class-names";

/** `title` and `aside` are the card's first line, `meta` and `tail` its second, `wide` a line of its own. */
export type Place = "title" | "aside" | "meta" | "tail" | "wide";

export type Column<Row> = {
  key: string;
  head: ReactNode;
  cell: (row: Row) => ReactNode;
  /** CSS width; a column without one takes what is left. */
  width?: string;
  align?: "end";
  place?: Place;
  /** Left out between 960 and 1180 px. */
  wideOnly?: boolean;
  sort?: boolean;
};

export type Sort = { key: string; down: boolean };

type TableProps<Row> = {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  current?: string | null;
  foot?: ReactNode;
};

export const Table = <Row,>({
  label,
  columns,
  rows,
  rowKey,
  sort,
  onSort,
  current,
  foot,
}: TableProps<Row>) => (
  <>
    <table className="table" aria-label={label}>
      <colgroup>
        {columns.map((column) => (
          <col
            key={column.key}
            style={{ width: column.width }}
            className={column.wideOnly ? "wide-only" : undefined}
          />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map((column) => {
            const sorted = sort?.key === column.key;
            return (
              <th
                key={column.key}
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
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} className={current === rowKey(row) ? "current" : undefined}>
            {columns.map((column) => (
              <td
                key={column.key}
                data-place={column.place}
                className={classNames(column.align, column.wideOnly && "wide-only")}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
    {foot && <div className="table-foot">{foot}</div>}
  </>
);

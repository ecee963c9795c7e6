// The list of evaluators: which are shown, and in which order.
import type { EvaluatorRow, Status } from "../../api/types";

export type Kind = "all" | "published" | "draft" | "paused" | "archived";

const isDraft = (row: EvaluatorRow) =>
  row.status === "draft" || (row.status === "published" && row.draft_number !== null);

export const isOf = (row: EvaluatorRow, kind: Kind): boolean => {
  if (kind === "all") return row.status !== "archived";
  if (kind === "draft") return isDraft(row);
  return row.status === kind;
};

export const countOf = (rows: readonly EvaluatorRow[], kind: Kind): number =>
  rows.filter((row) => isOf(row, kind)).length;

/** Words of a search are all to be found somewhere in the row. */
export const isFound = (row: EvaluatorRow, text: string): boolean => {
  const where = [row.name, row.description, row.judge, row.answer_type, row.target, ...row.services]
    .join("\n")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => where.includes(word));
};

const place: Record<Status, number> = { published: 0, paused: 0, draft: 2, archived: 3 };

const resultsOf = ({ figures }: EvaluatorRow): number => figures.passed + figures.failed + figures.valued;

/** 0 when it has a rate, 1 with results but no rate, 2 with failures alone, 3 with nothing. */
const standing = (row: EvaluatorRow): number => {
  if (row.figures.pass_rate !== null) return 0;
  if (resultsOf(row) > 0) return 1;
  return row.figures.none > 0 ? 2 : 3;
};

export type SortKey = "worst" | "name" | "results" | "cost" | "waiting";

const by: Record<SortKey, (one: EvaluatorRow, other: EvaluatorRow) => number> = {
  worst: (one, other) =>
    standing(one) - standing(other) ||
    (one.figures.pass_rate ?? 0) - (other.figures.pass_rate ?? 0) ||
    other.figures.none - one.figures.none,
  name: (one, other) => one.name.localeCompare(other.name),
  results: (one, other) => resultsOf(other) - resultsOf(one),
  cost: (one, other) => other.figures.cost_usd - one.figures.cost_usd,
  waiting: (one, other) => other.waiting - one.waiting,
};

/** Those that run come first, the worst of them on top; what never ran and what is put away comes last. */
export const ordered = (rows: readonly EvaluatorRow[], sort: SortKey): EvaluatorRow[] =>
  [...rows].sort(
    (one, other) =>
      (sort === "worst" ? place[one.status] - place[other.status] : 0) ||
      by[sort](one, other) ||
      one.name.localeCompare(other.name),
  );

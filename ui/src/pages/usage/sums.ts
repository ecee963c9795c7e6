// Usage rows summed as the page shows them. Pure.
import type { UsageRow } from "../../api/types";

export const groups = ["evaluator", "model", "day"] as const;
export type Group = (typeof groups)[number];
export const groupWords: Record<Group, string> = { evaluator: "Evaluator", model: "Judge model", day: "Day" };

export type Sum = {
  key: string;
  /** Judge models of an evaluator, or evaluators of a model or day. */
  others: string[];
  results: number;
  failures: number;
  calls: number;
  input: number;
  output: number;
  cached: number;
  cost: number;
};

export const modelOf = (row: Pick<UsageRow, "provider" | "model">): string =>
  row.model || row.provider || "no model";

const keyOf = (row: UsageRow, by: Group): string =>
  by === "evaluator" ? row.evaluator : by === "day" ? row.day : modelOf(row);

/** One sum a group; the dearest first, days newest first. */
export const sums = (rows: readonly UsageRow[], by: Group): Sum[] => {
  const found = new Map<string, Sum>();
  for (const row of rows) {
    const key = keyOf(row, by);
    let sum = found.get(key);
    if (!sum) {
      sum = { key, others: [], results: 0, failures: 0, calls: 0, input: 0, output: 0, cached: 0, cost: 0 };
      found.set(key, sum);
    }
    const other = by === "evaluator" ? modelOf(row) : row.evaluator;
    if (!sum.others.includes(other)) sum.others.push(other);
    sum.results += row.results;
    sum.failures += row.failures;
    sum.calls += row.calls;
    sum.input += row.input_tokens;
    sum.output += row.output_tokens;
    sum.cached += row.cached_tokens;
    sum.cost += row.cost_usd;
  }
  const list = [...found.values()];
  return by === "day"
    ? list.sort((a, b) => b.key.localeCompare(a.key))
    : list.sort(
        (a, b) => b.cost - a.cost || b.input + b.output - (a.input + a.output) || a.key.localeCompare(b.key),
      );
};

/** Every day from `first` to `last`, both among them. */
export const daysBetween = (first: string, last: string): string[] => {
  const days: string[] = [];
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= Date.parse(`${last}T00:00:00Z`); at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
};

export type Measure = "usd" | "tokens";
export type Stack = { name: string; colour: string; values: number[] };

const colours = ["series-1", "series-2", "series-4", "series-3", "series-6"];

/** What each judge model used on each day; the largest are named, the rest are one. */
export const stacks = (rows: readonly UsageRow[], days: readonly string[], measure: Measure): Stack[] => {
  const place = new Map(days.map((day, at) => [day, at]));
  const byModel = new Map<string, number[]>();
  for (const row of rows) {
    const at = place.get(row.day);
    if (at === undefined) continue;
    const values = byModel.get(modelOf(row)) ?? days.map(() => 0);
    values[at] =
      (values[at] ?? 0) + (measure === "usd" ? row.cost_usd : row.input_tokens + row.output_tokens);
    byModel.set(modelOf(row), values);
  }
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  // A judge that costs nothing has no bar, and needs no name.
  const sorted = [...byModel]
    .filter(([, values]) => total(values) > 0)
    .sort((a, b) => total(b[1]) - total(a[1]));
  const named = sorted
    .slice(0, colours.length)
    .map(([name, values], at) => ({ name, colour: colours[at] ?? "series-5", values }));
  const rest = sorted.slice(colours.length);
  if (rest.length === 0) return named;
  const values = days.map((_, at) => rest.reduce((sum, [, one]) => sum + (one[at] ?? 0), 0));
  return [...named, { name: `${rest.length} others`, colour: "series-5", values }];
};

const quoted = (value: string): string => {
  // A cell that begins like a formula is one to a spreadsheet, whoever named the evaluator.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** The rows as a file for a spreadsheet. */
export const csv = (rows: readonly UsageRow[]): string => {
  const head =
    "day,evaluator,provider,model,results,failures,calls,input_tokens,output_tokens,cached_tokens,cost_usd";
  const lines = rows.map((row) =>
    [
      row.day,
      quoted(row.evaluator),
      quoted(row.provider),
      quoted(row.model),
      row.results,
      row.failures,
      row.calls,
      row.input_tokens,
      row.output_tokens,
      row.cached_tokens,
      row.cost_usd,
    ].join(","),
  );
  return `${[head, ...lines].join("\r\n")}\r\n`;
};

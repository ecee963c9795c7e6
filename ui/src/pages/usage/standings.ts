// Limits in words. Pure.
import type { Standing } from "../../api/types";
import { compact, money } from "../../text/format";

export const periodWords: Record<Standing["period"], string> = { day: "a day", month: "a month" };

/** A value in the standing's unit: `$20.00`, `2 M tokens`. */
export const amount = (standing: Pick<Standing, "unit">, value: number): string =>
  standing.unit === "usd" ? money(value) : `${compact(value)} tokens`;

/** `USD today`, `Tokens this month`, or the evaluator's name. */
export const standingTitle = (standing: Standing): string =>
  `${standing.unit === "usd" ? "USD" : "Tokens"} ${standing.period === "day" ? "today" : "this month"}`;

/** Whether no call fits under the limit any more. */
export const isUsedUp = (standing: Standing): boolean => standing.used + standing.reserved >= standing.limit;

/** What will be used when this period ends, at its pace so far; null in its first twentieth, when nobody can tell. */
export const atThisPace = (standing: Standing, now: number): number | null => {
  const end = Date.parse(standing.resets);
  const start = new Date(end);
  if (standing.period === "day") start.setUTCDate(start.getUTCDate() - 1);
  else start.setUTCMonth(start.getUTCMonth() - 1);
  const passed = (now - start.getTime()) / (end - start.getTime());
  return passed < 0.05 || passed > 1 ? null : standing.used / passed;
};

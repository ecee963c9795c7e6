// Limits as a form has them: text until they are saved. Pure.
import type { LimitSet } from "../../api/types";

export const limitNames = ["usd_day", "usd_month", "tokens_day", "tokens_month"] as const;
export type LimitName = (typeof limitNames)[number];
export const limitWords: Record<LimitName, string> = {
  usd_day: "USD a day",
  usd_month: "USD a month",
  tokens_day: "Tokens a day",
  tokens_month: "Tokens a month",
};

export type LimitForm = Record<LimitName, string>;
export const none: LimitSet = { usd_day: 0, usd_month: 0, tokens_day: 0, tokens_month: 0 };

/** 0 is no limit, and no limit is an empty field. */
export const formOf = (limits: LimitSet): LimitForm =>
  Object.fromEntries(
    limitNames.map((name) => [
      name,
      limits[name] === 0 ? "" : limits[name].toLocaleString("en-US", { maximumFractionDigits: 6 }),
    ]),
  ) as LimitForm;

const units: Record<string, number> = { "": 1, k: 1e3, m: 1e6, b: 1e9 };

/** `20`, `$20.50`, `1,000,000`, `40 M`: a number above 0, or what is wrong with it. */
export const parseLimit = (text: string, name: LimitName): { value: number } | { wrong: string } => {
  const bare = text
    .trim()
    .replace(/^\$\s*/, "")
    .replaceAll(/[\s,_]/g, "")
    .toLowerCase();
  if (bare === "") return { value: 0 };
  const found = /^(\d+(?:\.\d+)?)([kmb]?)$/.exec(bare);
  const tokens = name.startsWith("tokens");
  if (!found)
    return {
      wrong: tokens ? "Write a number, such as 2000000 or 2 M" : "Write an amount, such as 20 or 2.50",
    };
  const value = Number(found[1]) * (units[found[2] ?? ""] ?? 1);
  if (tokens && !Number.isInteger(value)) return { wrong: "Write whole tokens" };
  if (value === 0) return { wrong: "0 would be no limit: leave the field empty for that" };
  if (value > 1e12) return { wrong: "That is more than can be kept" };
  return { value };
};

/** All four, or what is wrong by field. */
export const parseForm = (form: LimitForm): { limits: LimitSet; errors: Partial<LimitForm> } => {
  const limits = { ...none };
  const errors: Partial<LimitForm> = {};
  for (const name of limitNames) {
    const found = parseLimit(form[name], name);
    if ("wrong" in found) errors[name] = found.wrong;
    else limits[name] = found.value;
  }
  return { limits, errors };
};

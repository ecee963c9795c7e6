// The value of a rule, between what the file format holds and what is typed.
import type { Operator } from "../../api/types";

export const operators: readonly Operator[] = [
  "equals",
  "not_equals",
  "contains",
  "not_contains",
  "starts_with",
  "ends_with",
  "matches",
  "exists",
  "not_exists",
  "in",
  "not_in",
  "greater",
  "less",
];

const words: Partial<Record<Operator, string>> = {
  in: "is one of",
  not_in: "is none of",
  greater: "is more than",
  less: "is less than",
  matches: "matches regex",
};

export const operatorWords = (operator: Operator): string => words[operator] ?? operator.replaceAll("_", " ");

export const takesNoValue = (operator: Operator): boolean =>
  operator === "exists" || operator === "not_exists";
export const takesList = (operator: Operator): boolean => operator === "in" || operator === "not_in";
export const takesNumber = (operator: Operator): boolean => operator === "greater" || operator === "less";

/** A value as it is shown in a field. */
export const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};

export const listOf = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.map(textOf);
  const text = textOf(value);
  return text === "" ? [] : [text];
};

/** The number that a text spells, or null. A comma is no decimal point here: `1,5` could be fifteen. */
export const numberOf = (text: string): number | null => {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
};

/** What a rule's value becomes under another operator, keeping what was typed. */
export const converted = (value: unknown, to: Operator): unknown => {
  if (takesNoValue(to)) return null;
  if (takesList(to)) return listOf(value);
  const text = Array.isArray(value) ? listOf(value).join(", ") : textOf(value);
  return takesNumber(to) ? (numberOf(text) ?? text) : Array.isArray(value) || value === null ? text : value;
};

import { expect, test } from "vitest";
import { formOf, none, parseForm, parseLimit } from "./limits";

test.each([
  ["", "usd_day", 0],
  ["20", "usd_day", 20],
  ["$ 2.50", "usd_day", 2.5],
  ["1,000,000", "tokens_day", 1_000_000],
  ["40 M", "tokens_month", 40_000_000],
  ["1.5k", "tokens_day", 1_500],
] as const)("%s is %s of %d", (text, name, value) => expect(parseLimit(text, name)).toEqual({ value }));

test.each([
  ["twenty", "usd_day"],
  ["-5", "usd_day"],
  ["0", "usd_day"],
  ["1.5", "tokens_day"],
  ["1e99", "tokens_day"],
  ["9999 b", "usd_month"],
] as const)("%s of %s is refused", (text, name) => expect(parseLimit(text, name)).toHaveProperty("wrong"));

test("a form is what it was made of", () => {
  const limits = { ...none, usd_day: 20, tokens_month: 2_000_000 };
  expect(parseForm(formOf(limits))).toEqual({ limits, errors: {} });
  expect(parseForm({ ...formOf(limits), usd_month: "x" }).errors).toHaveProperty("usd_month");
});

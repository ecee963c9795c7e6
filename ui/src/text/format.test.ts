import { expect, test } from "vitest";
import {
  ago,
  bytes,
  compact,
  count,
  duration,
  money,
  percent,
  plural,
  points,
  score,
  utcDay,
  wait,
} from "./format";

test.each([
  [0, "0"],
  [912, "912"],
  [1_000, "1 k"],
  [164_000, "164 k"],
  [999_499, "999 k"],
  [999_600, "1 M"],
  [24_100_000, "24.1 M"],
  [310_000, "310 k"],
  [7_120_000, "7.12 M"],
  [1.9, "1.9"],
])("%d is written %s", (value, text) => expect(compact(value)).toBe(text));

test.each([
  [null, "–"],
  [0, "0%"],
  [1, "100%"],
  [0.954, "95.4%"],
  [0.99999, "99.9%"],
  [0.00001, "0.1%"],
])("rate %d is written %s", (value, text) => expect(percent(value)).toBe(text));

test.each([
  [undefined, "–"],
  [0, "$0.00"],
  [0.00001, "< $0.0001"],
  [0.0024, "$0.0024"],
  [0.36, "$0.36"],
  [11.858, "$11.86"],
  [1204.4, "$1,204"],
])("%d dollars are written %s", (value, text) => expect(money(value)).toBe(text));

test.each([
  [0, "0 ms"],
  [0.4, "< 1 ms"],
  [2, "2 ms"],
  [910, "0.91 s"],
  [6_420, "6.42 s"],
  [48_200, "48.2 s"],
  [59_960, "1 min"],
  [185_000, "3 min 5 s"],
  [7_440_000, "2 h 4 min"],
  [3 * 86_400_000, "3 d"],
])("%d ms are written %s", (value, text) => expect(duration(value)).toBe(text));

test("how long ago", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(ago("2026-11-21T12:00:00Z", now)).toBe("now");
  expect(ago("2026-11-21T11:59:48Z", now)).toBe("12 s");
  expect(ago("2026-11-21T11:22:00Z", now)).toBe("38 min");
  expect(ago("2026-11-21T07:00:00Z", now)).toBe("5 h");
  expect(ago("2026-11-18T07:00:00Z", now)).toBe("3 d");
  expect(ago("2026-11-21T12:00:05Z", now)).toBe("now");
});

test("the rest", () => {
  expect([wait(0.2), wait(3.2), wait(2280), wait(3580), wait(200_000)]).toEqual([
    "0 s",
    "3 s",
    "38 min",
    "1 h",
    "2 d",
  ]);
  expect(count(48492)).toBe("48,492");
  expect(points(-0.011)).toBe("1.1 pt");
  expect(score(0.345)).toBe("0.34");
  expect(score(7)).toBe("7");
  expect(utcDay("2026-11-03")).toBe("Nov 3");
  expect(bytes(1_240_000_000)).toBe("1.2 GB");
  expect(bytes(340_000)).toBe("340 kB");
  expect(plural(1, "span")).toBe("1 span");
  expect(plural(1200, "span")).toBe("1,200 spans");
});

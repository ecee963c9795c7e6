import { expect, test } from "vitest";
import { axisPoints, lonely, niceTicks, spread } from "./chart-scale";

test("ticks are round and hold all values", () => {
  expect(niceTicks(0.63, 1)).toEqual([0.6, 0.7, 0.8, 0.9, 1]);
  expect(niceTicks(0, 14.2)).toEqual([0, 5, 10, 15]);
  expect(niceTicks(0, 0)).toEqual([0, 0.25]);
  for (const [low, high] of [
    [0, 3e-5],
    [0.1, 0.7],
    [-4, 9],
    [0, 123456789],
  ] as const) {
    const ticks = niceTicks(low, high);
    expect(ticks[0]).toBeLessThanOrEqual(low);
    expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(high);
    expect(ticks.length).toBeLessThanOrEqual(7);
  }
});

test("labels that overlap move apart and stay inside", () => {
  expect(spread([10, 12, 80], 14, 100)).toEqual([10, 24, 80]);
  expect(spread([95, 99], 14, 100)).toEqual([86, 100]);
  expect(spread([], 14, 100)).toEqual([]);
});

test("the axis has its first and last point", () => {
  expect(axisPoints(24, 5)).toEqual([0, 6, 12, 17, 23]);
  expect(axisPoints(2, 5)).toEqual([0, 1]);
  expect(axisPoints(1, 5)).toEqual([0]);
  expect(axisPoints(0, 5)).toEqual([]);
});

test("a value without neighbours is a point, and many are a line", () => {
  expect(lonely([null, 4, null])).toEqual([1]);
  expect(lonely([null, 4, null, 5])).toEqual([]);
  expect(lonely([])).toEqual([]);
});

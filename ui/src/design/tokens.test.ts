import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { tokensCss } from "../../scripts/tokens.mjs";
import { contrast, distance, type Sight } from "./colour";
import tokens from "./tokens.json";

const surfaces = ["bg", "surface", "sunken", "hover", "selected"] as const;

/** Text and what it stands on: 4.5 : 1. */
const texts: [string, string][] = [
  ...["text", "text-2", "text-3", "accent"].flatMap((text) =>
    surfaces.map((surface) => [text, surface] as [string, string]),
  ),
  ...["pass", "fail", "none", "warn"].flatMap((verdict) => [
    [verdict, `${verdict}-bg`] as [string, string],
    [verdict, "surface"] as [string, string],
  ]),
  ["accent", "accent-bg"],
  ["on-accent", "accent-solid"],
  ["on-accent", "accent-solid-hover"],
  ...["code-key", "code-str", "code-num", "code-var", "text", "text-3"].map(
    (text) => [text, "code-bg"] as [string, string],
  ),
  ["code-var", "code-var-bg"],
];

/** Shapes, frames of fields, the focus ring and lines of charts: 3 : 1. */
const shapes: [string, string][] = [
  ...["pass-solid", "fail-solid", "none-solid", "warn-solid", "control", "focus", "accent-solid"].flatMap(
    (shape) => ["bg", "surface"].map((surface) => [shape, surface] as [string, string]),
  ),
  ...[1, 2, 3, 4, 5, 6].map((series) => [`series-${series}`, "surface"] as [string, string]),
  ["pass-solid", "pass-bg"],
  ["fail-solid", "fail-bg"],
  ["none-solid", "none-bg"],
  ["warn-solid", "warn-bg"],
];

describe.each(["light", "dark"] as const)("%s", (theme) => {
  const colours: Record<string, string> = tokens[theme];
  const of = (name: string): string => colours[name] ?? "";

  test.each(texts)("%s can be read on %s", (text, surface) => {
    expect(contrast(of(text), of(surface))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(shapes)("%s can be seen on %s", (shape, surface) => {
    expect(contrast(of(shape), of(surface))).toBeGreaterThanOrEqual(3);
  });

  test.each<[Sight, number]>([
    ["protan", 30],
    ["deutan", 45],
    ["tritan", 90],
  ])("pass and fail differ for %s sight", (sight, least) => {
    expect(distance(of("pass-solid"), of("fail-solid"), sight)).toBeGreaterThanOrEqual(least);
  });

  test.each<Sight>(["protan", "deutan", "tritan"])("no verdict differs from both for %s sight", (sight) => {
    for (const other of ["pass-solid", "fail-solid"]) {
      expect(distance(of("none-solid"), of(other), sight)).toBeGreaterThanOrEqual(40);
    }
  });
});

test("light and dark hold the same names", () => {
  expect(Object.keys(tokens.dark)).toEqual(Object.keys(tokens.light));
});

test("the stylesheet is the one that is generated", () => {
  expect(readFileSync(new URL("tokens.css", import.meta.url), "utf8")).toBe(tokensCss(tokens));
});

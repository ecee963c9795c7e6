// What one definition says otherwise than another, field by field, in the words of the file format.
import type { Definition } from "../../api/types";
import { type Line, lineDiff, trimmed } from "./lines";
import { operatorWords, textOf } from "./values";

export type Change = { field: string; lines: Line[] };

const listed = (values: readonly string[]): string[] => [...values];
const text = (value: string | null): string[] => (value ? value.replace(/\n$/, "").split("\n") : []);
const plain = (value: unknown): string[] =>
  value === null || value === undefined || value === "" ? [] : [textOf(value)];

const rules = (definition: Definition): string[] =>
  definition.scope.rules.map(({ attribute, operator, value }) =>
    [attribute, operatorWords(operator), value === null ? "" : textOf(value)].join(" ").trimEnd(),
  );

const acceptance = ({ acceptance: held }: Definition): string[] => {
  if (!held) return [];
  const parts: [string, unknown][] = [
    ["passes", held.pass_values?.join(", ")],
    ["passes when", held.pass_when],
    ["min", held.min],
    ["max", held.max],
  ];
  return parts
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}: ${textOf(value)}`);
};

/** Every field as lines, in the order of the page. */
const linesOf = (definition: Definition): [string, string[]][] => {
  const { answer, scope } = definition;
  return [
    ["name", plain(definition.name)],
    ["judge", plain(definition.judge)],
    ["description", text(definition.description)],
    ["target", plain(definition.target)],
    ["scope.services", listed(scope.services)],
    ["scope.sampling", plain(scope.sampling)],
    ["scope.rules", rules(definition)],
    ["rubric", text(definition.rubric)],
    ["brief", text(definition.brief)],
    ["prompt.system", text(definition.prompt?.system ?? null)],
    ["prompt.user", text(definition.prompt?.user ?? null)],
    ["needs", listed(definition.needs)],
    ["variables", Object.entries(definition.variables).map(([name, key]) => `${name}: ${key}`)],
    ["answer.type", plain(answer.type)],
    [
      "answer.labels",
      answer.labels.map((label) => (label.description ? `${label.name}: ${label.description}` : label.name)),
    ],
    ["answer.when_true", text(answer.when_true)],
    ["answer.when_false", text(answer.when_false)],
    ["answer.min", plain(answer.min)],
    ["answer.max", plain(answer.max)],
    ["answer.anchors", answer.anchors.map((anchor) => `${anchor.value}: ${anchor.description}`)],
    ["answer.method", answer.method === "direct" ? [] : plain(answer.method)],
    ["acceptance", acceptance(definition)],
    [
      "labels",
      definition.labels ? [`pass: ${definition.labels.pass}`, `fail: ${definition.labels.fail}`] : [],
    ],
  ];
};

/** Fields that differ, with their lines. */
export const changesBetween = (before: Definition, after: Definition): Change[] => {
  const later = new Map(linesOf(after));
  return linesOf(before)
    .map(([field, lines]) => ({ field, lines: trimmed(lineDiff(lines, later.get(field) ?? [])) }))
    .filter(({ lines }) => lines.some((line) => line.kind === "removed" || line.kind === "added"));
};

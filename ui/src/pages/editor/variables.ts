// Variables in templates: where they stand, and which a prompt for this target can name.
import type { Definition } from "../../api/types";

export type Target = Definition["target"];

export const fieldsOf: Record<Target, readonly string[]> = {
  span: [
    "input",
    "output",
    "messages",
    "system_prompt",
    "context",
    "expected",
    "tools",
    "tool_calls",
    "model",
    "provider",
  ],
  trace: ["spans", "input", "output"],
  session: ["turns"],
};

export const needsOf: readonly Definition["needs"][number][] = [
  "input",
  "output",
  "messages",
  "system_prompt",
  "context",
  "expected",
  "tools",
  "tool_calls",
];

export type Found = { from: number; to: number; name: string; known: boolean };

const braces = /\{\{([\s\S]*?)\}\}/g;
const attribute = /^span\s*\.\s*attributes\s*\[\s*(?:"[^"]+"|'[^']+')\s*\]$/;
const dotted = /^(\w+)\s*\.\s*(\w+)$/;

/** Whether what stands between the braces is something the target has. */
export const isKnown = (
  written: string,
  target: Target,
  custom: Readonly<Record<string, string>>,
): boolean => {
  if (target === "span" && attribute.test(written)) return true;
  const parts = dotted.exec(written);
  if (parts?.[1] === target && fieldsOf[target].includes(parts[2] ?? "")) return true;
  return Object.hasOwn(custom, written);
};

/** Every variable of a text, in order. */
export const variablesIn = (
  text: string,
  target: Target,
  custom: Readonly<Record<string, string>>,
): Found[] =>
  [...text.matchAll(braces)].map((match) => {
    const name = (match[1] ?? "").trim();
    return {
      from: match.index,
      to: match.index + match[0].length,
      name,
      known: isKnown(name, target, custom),
    };
  });

/** Names in a template that could be custom variables but are not yet mapped to an attribute. */
export const unmapped = (
  text: string,
  target: Target,
  custom: Readonly<Record<string, string>>,
): string[] => {
  const names = variablesIn(text, target, custom)
    .filter((one) => !one.known && /^[A-Za-z_]\w*$/.test(one.name))
    .map((one) => one.name);
  return [...new Set(names)];
};

/** What completion offers after `{{`. */
export const offered = (target: Target, custom: Readonly<Record<string, string>>): string[] => [
  ...fieldsOf[target].map((field) => `${target}.${field}`),
  ...Object.keys(custom),
];

/** A first name for a new variable: `variable`, `variable_2`. */
export const newVariable = (custom: Readonly<Record<string, string>>): string => {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? "variable" : `variable_${number}`;
    if (!Object.hasOwn(custom, name)) return name;
  }
};

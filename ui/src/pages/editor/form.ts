// What is being edited. A form remembers more than a definition says: the prompt behind a rubric, the labels behind a
// score, and what was typed but is no number yet, so that switching to and fro loses nothing.
import type { Acceptance, Answer, Definition, Label } from "../../api/types";

export type Style = "rubric" | "prompt";

/**
 * `unparsed` has, by field, text that could not be read as what the field holds (`scope.sampling`, `answer.schema`,
 * `yaml`): the definition keeps its last good value until it can.
 */
export type Form = {
  definition: Definition;
  style: Style;
  verdicts: boolean;
  unparsed: Record<string, string>;
};

const noAcceptance: Acceptance = { pass_values: null, pass_when: null, min: null, max: null };

export const formOf = (definition: Definition): Form => ({
  definition,
  style: definition.prompt && definition.rubric === null ? "prompt" : "rubric",
  verdicts: definition.acceptance !== null,
  unparsed: {},
});

const answerOf = (answer: Answer): Answer => {
  const bare: Answer = {
    type: answer.type,
    labels: [],
    when_true: "",
    when_false: "",
    min: null,
    max: null,
    anchors: [],
    method: "direct",
  };
  if (answer.type === "category") return { ...bare, labels: answer.labels };
  if (answer.type === "boolean")
    return { ...bare, when_true: answer.when_true, when_false: answer.when_false };
  return { ...bare, min: answer.min, max: answer.max, anchors: answer.anchors, method: answer.method };
};

const acceptanceOf = (acceptance: Acceptance | null, type: Answer["type"]): Acceptance => {
  const held = acceptance ?? noAcceptance;
  if (type === "category") return { ...noAcceptance, pass_values: held.pass_values ?? [] };
  if (type === "boolean") return { ...noAcceptance, pass_when: held.pass_when ?? true };
  return { ...noAcceptance, min: held.min, max: held.max };
};

/** The definition that a form stands for: what belongs to another style or answer type is left out. */
export const definitionOf = ({ definition, style, verdicts }: Form): Definition => {
  const type = definition.answer.type;
  const words = definition.labels;
  return {
    ...definition,
    rubric: style === "rubric" ? (definition.rubric ?? "") : null,
    brief: style === "rubric" ? definition.brief : null,
    prompt: style === "prompt" ? (definition.prompt ?? { system: "", user: "" }) : null,
    answer: answerOf(definition.answer),
    acceptance: verdicts ? acceptanceOf(definition.acceptance, type) : null,
    labels: type === "category" || !words || (!words.pass && !words.fail) ? null : words,
  };
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value && typeof value === "object") {
    const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(entries.map(([key, held]) => [key, sorted(held)]));
  }
  return value;
};

/** The same text for the same definition, whatever the order of its keys. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value));

export const isSame = (one: Definition, other: Definition): boolean => canonical(one) === canonical(other);

/** The form with a change to its definition. */
export const edited = (form: Form, change: Partial<Definition>): Form => ({
  ...form,
  definition: { ...form.definition, ...change },
});

/** The form with text that cannot be read yet, or (`null`) without it. */
export const withUnparsed = (form: Form, field: string, text: string | null): Form => {
  const { [field]: _, ...others } = form.unparsed;
  return { ...form, unparsed: text === null ? others : { ...others, [field]: text } };
};

/** The form without unparsed text of `list` from `index` on: places behind a removed entry have moved. */
export const withoutUnparsedOf = (form: Form, list: string): Form => ({
  ...form,
  unparsed: Object.fromEntries(
    Object.entries(form.unparsed).filter(([field]) => !field.startsWith(`${list}[`)),
  ),
});

/** The form with another answer type, ready to be filled in. */
export const withAnswerType = (form: Form, type: Answer["type"]): Form => {
  const answer = { ...form.definition.answer, type };
  if (type === "category" && answer.labels.length === 0) {
    answer.labels = [
      { name: "", description: "" },
      { name: "", description: "" },
    ];
  }
  if (type === "score") {
    answer.min ??= 0;
    answer.max ??= 1;
  }
  const held = form.definition.acceptance;
  const acceptance = { ...noAcceptance, ...held };
  if (type === "boolean") acceptance.pass_when ??= true;
  if (type === "score" && acceptance.min === null && acceptance.max === null) acceptance.min = 0.5;
  return edited(form, { answer, acceptance });
};

const passing = (form: Form): string[] => form.definition.acceptance?.pass_values ?? [];

const withLabels = (form: Form, labels: Label[], passes: string[]): Form =>
  edited(form, {
    answer: { ...form.definition.answer, labels },
    acceptance: { ...noAcceptance, ...form.definition.acceptance, pass_values: passes },
  });

/** A label's name changes where it passes too; a name that another label still has keeps its own. */
export const withLabel = (form: Form, index: number, change: Partial<Label>): Form => {
  const labels = form.definition.answer.labels;
  const before = labels[index];
  if (!before) return form;
  const next = labels.map((label, at) => (at === index ? { ...label, ...change } : label));
  const passes = passing(form);
  if (change.name === undefined || !passes.includes(before.name)) return withLabels(form, next, passes);
  const shared = next.some((label) => label.name === before.name);
  const name = change.name;
  const renamed = shared ? [...passes, name] : passes.map((held) => (held === before.name ? name : held));
  return withLabels(form, next, [...new Set(renamed)]);
};

export const withPass = (form: Form, name: string, passes: boolean): Form => {
  const others = passing(form).filter((held) => held !== name);
  const order = form.definition.answer.labels.map((label) => label.name);
  const next = passes ? [...others, name] : others;
  return withLabels(
    form,
    form.definition.answer.labels,
    order.filter((held, at) => next.includes(held) && order.indexOf(held) === at),
  );
};

export const withoutLabel = (form: Form, index: number): Form => {
  const labels = form.definition.answer.labels.filter((_, at) => at !== index);
  return withLabels(
    form,
    labels,
    passing(form).filter((name) => labels.some((label) => label.name === name)),
  );
};

export const withNewLabel = (form: Form): Form =>
  withLabels(form, [...form.definition.answer.labels, { name: "", description: "" }], passing(form));

/** A name that nothing else has: `topic`, `topic_2`, `topic_3`. */
export const freeName = (wanted: string, taken: ReadonlySet<string>): string => {
  if (!wanted || !taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) {
    const name = `${wanted}_${number}`;
    if (!taken.has(name)) return name;
  }
};

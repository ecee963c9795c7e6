// What is wrong and where. An issue is shown at the field it names, or at the nearest field around it that is on the
// page, so that none can hide.
import type { FieldError } from "../../api/client";
import type { Issue } from "../../api/types";
import type { Form } from "./form";
import { numberOf, takesNoValue } from "./values";

/** Every field that the form has a place for, in the order of the page. */
export const placesOf = ({ definition, style, verdicts }: Form): string[] => {
  const { answer, scope } = definition;
  const places = ["yaml", "name", "judge", "description", "target", "scope.sampling", "scope.services"];
  for (const [at, rule] of scope.rules.entries()) {
    places.push(`scope.rules[${at}].attribute`, `scope.rules[${at}].operator`);
    if (!takesNoValue(rule.operator)) places.push(`scope.rules[${at}].value`);
  }
  places.push("scope.rules", "scope");
  places.push(...(style === "rubric" ? ["rubric", "brief"] : ["prompt.system", "prompt.user", "prompt"]));
  places.push("needs", ...Object.keys(definition.variables).map((name) => `variables.${name}`), "variables");
  places.push("answer.type", "answer.schema");
  if (answer.type === "category") {
    for (const at of answer.labels.keys())
      places.push(`answer.labels[${at}].name`, `answer.labels[${at}].description`);
    places.push("answer.labels");
  } else if (answer.type === "boolean") places.push("answer.when_true", "answer.when_false");
  else {
    places.push("answer.min", "answer.max");
    for (const at of answer.anchors.keys())
      places.push(`answer.anchors[${at}].value`, `answer.anchors[${at}].description`);
    places.push("answer.anchors", "answer.method");
  }
  places.push("answer");
  if (verdicts && answer.type === "score") places.push("acceptance.min", "acceptance.max");
  if (verdicts && answer.type === "boolean") places.push("acceptance.pass_when");
  places.push("acceptance");
  if (answer.type !== "category") places.push("labels.pass", "labels.fail", "labels");
  return places;
};

/** The place of a field: its own, that of what it is part of, or "" for the page as a whole. */
export const placeOf = (field: string, places: ReadonlySet<string>): string => {
  for (let at = field; at; at = at.replace(/(\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, "")) {
    if (places.has(at)) return at;
  }
  return "";
};

export type Issues = {
  /** By place; "" has those of the definition as a whole. */
  at: (place: string) => Issue[];
  errors: Issue[];
  warnings: Issue[];
  /** The place of the first error in the order of the page. */
  first: string | null;
};

/** `hidden`: places whose issues are counted but not shown yet, because nobody has been there. */
export const issuesOf = (
  form: Form,
  found: readonly Issue[],
  hidden: (place: string) => boolean = () => false,
): Issues => {
  const order = placesOf(form);
  const places = new Set(order);
  const byPlace = new Map<string, Issue[]>();
  const told = new Set<string>();
  const all: Issue[] = [];
  for (const issue of found) {
    const key = `${issue.field}\n${issue.message}`;
    if (told.has(key)) continue;
    told.add(key);
    all.push(issue);
    // “Has neither rubric nor prompt” is of the whole and belongs where either is written.
    const field =
      issue.field === "" && /rubric/.test(issue.message)
        ? form.style === "rubric"
          ? "rubric"
          : "prompt.user"
        : issue.field;
    const place = placeOf(field, places);
    byPlace.set(place, [...(byPlace.get(place) ?? []), issue]);
  }
  const isWrong = (place: string) => (byPlace.get(place) ?? []).some((issue) => issue.severity === "error");
  return {
    at: (place) => (hidden(place) ? [] : (byPlace.get(place) ?? [])),
    errors: all.filter((issue) => issue.severity === "error"),
    warnings: all.filter((issue) => issue.severity === "warning"),
    first: ["", ...order].find(isWrong) ?? null,
  };
};

/** Something wrong with a field. */
export const wrong = (field: string, message: string): Issue => ({
  field,
  message,
  severity: "error",
  line: null,
});

/** What the page itself can say about text that is no number, no JSON or no file. */
export const ownIssues = (form: Form): Issue[] =>
  Object.entries(form.unparsed)
    .filter(([field, text]) => field !== "answer.schema" && field !== "yaml" && numberOf(text) === null)
    .map(([field]) => wrong(field, "is not a number; write one like 0.5"));

/** What the server said against what was sent to be saved. */
export const refusedIssues = (errors: readonly FieldError[]): Issue[] =>
  errors.map(({ field, message }) => wrong(field.replace(/^definition\.?/, ""), message));

/** A message of the API is the end of a sentence that begins with the field; below the field it stands alone. */
export const sentence = (message: string): string => {
  const text = message.trim();
  return text.slice(0, 1).toUpperCase() + text.slice(1);
};

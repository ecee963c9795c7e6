import { describe, expect, it } from "vitest";
import type { Definition } from "../../api/types";
import { changesBetween } from "./changes";
import {
  canonical,
  definitionOf,
  edited,
  formOf,
  freeName,
  isSame,
  withAnswerType,
  withLabel,
  withoutLabel,
  withoutUnparsedOf,
  withPass,
  withUnparsed,
} from "./form";
import { issuesOf, ownIssues, placeOf, placesOf, wrong } from "./issues";
import { lineDiff, trimmed, unified } from "./lines";
import { converted, listOf, numberOf } from "./values";
import { unmapped, variablesIn } from "./variables";

const topic: Definition = {
  name: "topic",
  description: "",
  target: "span",
  judge: "default",
  scope: { services: [], sampling: 100, rules: [{ attribute: "a", operator: "equals", value: "b" }] },
  needs: ["input"],
  rubric: "One.\nTwo.\nThree.",
  brief: null,
  prompt: null,
  variables: {},
  answer: {
    type: "category",
    labels: [
      { name: "ON", description: "on topic" },
      { name: "OFF", description: "" },
    ],
    when_true: "",
    when_false: "",
    min: null,
    max: null,
    anchors: [],
    method: "direct",
  },
  acceptance: { pass_values: ["ON"], pass_when: null, min: null, max: null },
  labels: null,
};

describe("a form", () => {
  it("stands for the definition it was made of", () => {
    expect(isSame(definitionOf(formOf(topic)), topic)).toBe(true);
  });

  it("keeps labels and rubric while something else is chosen, and sends only what fits", () => {
    const score = withAnswerType({ ...formOf(topic), style: "prompt" }, "score");
    const sent = definitionOf(score);
    expect(sent.answer.labels).toEqual([]);
    expect(sent.acceptance).toEqual({ pass_values: null, pass_when: null, min: 0.5, max: null });
    expect(sent.rubric).toBeNull();
    expect(sent.prompt).toEqual({ system: "", user: "" });
    const back = { ...withAnswerType(score, "category"), style: "rubric" as const };
    expect(isSame(definitionOf(back), topic)).toBe(true);
  });

  it("says no verdict when there are no acceptance criteria", () => {
    expect(definitionOf({ ...formOf(topic), verdicts: false }).acceptance).toBeNull();
  });

  it("keeps what passes when a label gets another name, and forgets a label that is removed", () => {
    const renamed = withLabel(formOf(topic), 0, { name: "ON_TOPIC" });
    expect(definitionOf(renamed).acceptance?.pass_values).toEqual(["ON_TOPIC"]);
    expect(definitionOf(withoutLabel(renamed, 0)).acceptance?.pass_values).toEqual([]);
  });

  it("does not take a pass from a label whose name another one has for a moment", () => {
    const twice = withLabel(formOf(topic), 1, { name: "ON" });
    const apart = withLabel(twice, 1, { name: "ON2" });
    expect(definitionOf(apart).acceptance?.pass_values).toContain("ON");
  });

  it("keeps passing labels in the order of the table", () => {
    const both = withPass(withPass(formOf(topic), "ON", false), "OFF", true);
    expect(definitionOf(withPass(both, "ON", true)).acceptance?.pass_values).toEqual(["ON", "OFF"]);
  });

  it("holds text that is no number beside the last good one", () => {
    const typed = withUnparsed(formOf(topic), "scope.sampling", "4o");
    expect(ownIssues(typed).map((issue) => issue.field)).toEqual(["scope.sampling"]);
    expect(definitionOf(typed).scope.sampling).toBe(100);
    expect(ownIssues(withUnparsed(typed, "scope.sampling", null))).toEqual([]);
    expect(
      withoutUnparsedOf(withUnparsed(formOf(topic), "scope.rules[1].value", "x"), "scope.rules").unparsed,
    ).toEqual({});
  });

  it("spells equal definitions alike whatever the order of their keys", () => {
    expect(canonical({ a: [1, { c: 2, b: 1 }] })).toBe(canonical({ a: [1, { b: 1, c: 2 }] }));
  });

  it("finds a free name", () => {
    expect(freeName("topic", new Set(["topic", "topic_2"]))).toBe("topic_3");
    expect(freeName("topic", new Set())).toBe("topic");
  });
});

describe("issues", () => {
  const places = new Set(placesOf(formOf(topic)));

  it("stand at their field, at what it is part of, or at the whole", () => {
    expect(placeOf("answer.labels[1].name", places)).toBe("answer.labels[1].name");
    expect(placeOf("answer.labels[7].name", places)).toBe("answer.labels");
    expect(placeOf("scope.rules[0].value[2]", places)).toBe("scope.rules[0].value");
    expect(placeOf("prompt.system", places)).toBe("");
    expect(placeOf("", places)).toBe("");
  });

  it("are all somewhere, each once, the first in the order of the page", () => {
    const found = [
      wrong("answer.labels", "holds 1"),
      wrong("name", "is empty"),
      wrong("name", "is empty"),
      wrong("nowhere", "?"),
    ];
    const issues = issuesOf(formOf(topic), found);
    expect(issues.errors).toHaveLength(3);
    expect(issues.at("name")).toHaveLength(1);
    expect(issues.at("")).toHaveLength(1);
    expect(issues.first).toBe("");
    expect(issuesOf(formOf(topic), found.slice(0, 2)).first).toBe("name");
  });

  it("are counted but not shown where nobody has been", () => {
    const issues = issuesOf(formOf(topic), [wrong("name", "is empty")], () => true);
    expect(issues.at("name")).toEqual([]);
    expect(issues.errors).toHaveLength(1);
  });
});

describe("differences", () => {
  it("are told by field and line", () => {
    const after = edited(formOf(topic), {
      rubric: "One.\n2.\nThree.",
      scope: { ...topic.scope, sampling: 40 },
    }).definition;
    const changes = changesBetween(topic, after);
    expect(changes.map((change) => change.field)).toEqual(["scope.sampling", "rubric"]);
    expect(changes[1]?.lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "same One.",
      "removed Two.",
      "added 2.",
      "same Three.",
    ]);
  });

  it("keep every line of both texts", () => {
    const before = ["a", "b", "c", "d", "e"];
    const after = ["a", "x", "c", "e", "f"];
    const lines = lineDiff(before, after);
    expect(lines.filter((line) => line.kind !== "added").map((line) => line.text)).toEqual(before);
    expect(lines.filter((line) => line.kind !== "removed").map((line) => line.text)).toEqual(after);
  });

  it("leave out what is far from a change", () => {
    const long = Array.from({ length: 40 }, (_, at) => `line ${at}`);
    const shown = trimmed(lineDiff(long, [...long.slice(0, 20), "new", ...long.slice(20)]));
    expect(shown.filter((line) => line.kind === "gap")).toHaveLength(2);
    expect(shown).toHaveLength(7);
  });

  it("read a unified diff", () => {
    expect(
      unified(["--- a", "+++ b", "@@ -1 +1 @@", "-x", "+y", " z"]).map(({ kind, text }) => `${kind} ${text}`),
    ).toEqual(["gap …", "removed x", "added y", "same z"]);
  });
});

describe("values of rules", () => {
  it("survive a change of operator", () => {
    expect(converted("chat", "in")).toEqual(["chat"]);
    expect(converted(["chat"], "equals")).toBe("chat");
    expect(converted("12.5", "greater")).toBe(12.5);
    expect(converted("much", "less")).toBe("much");
    expect(converted("x", "exists")).toBeNull();
    expect(converted(null, "equals")).toBe("");
    expect(listOf(3)).toEqual(["3"]);
  });

  it("are numbers only when they are spelled as one", () => {
    expect([" 1.5 ", "-.5", "1e3", "1,5", "0x10", "", "Infinity"].map(numberOf)).toEqual([
      1.5,
      -0.5,
      1000,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe("variables", () => {
  it("are found with their places, known or not", () => {
    const text = 'Hi {{ span.input }} {{tenant}} {{span.attributes["a.b"]}} {{span.nope}}';
    const found = variablesIn(text, "span", { tenant: "app.tenant" });
    expect(found.map(({ name, known }) => [name, known])).toEqual([
      ["span.input", true],
      ["tenant", true],
      ['span.attributes["a.b"]', true],
      ["span.nope", false],
    ]);
    expect(text.slice(found[0]?.from, found[0]?.to)).toBe("{{ span.input }}");
    expect(variablesIn("{{span.input}}", "trace", {})[0]?.known).toBe(false);
  });

  it("that are named but not mapped can be offered", () => {
    expect(unmapped("{{tenant}} {{tenant}} {{span.input}} {{no good}}", "span", {})).toEqual(["tenant"]);
  });
});

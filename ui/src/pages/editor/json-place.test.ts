import { describe, expect, it } from "vitest";
import { jsonFault, jsonTrouble } from "./json-place";

const good = [
  "{}",
  "[]",
  " null ",
  '{"a": [1, -2.5e3, true, {"b": "\\u00e9\\n"}], "c": {}}',
  "0",
  '""',
  "[[],[{}]]",
  "\n{\n}\n",
];
const bad: [string, number][] = [
  ["", 0],
  ["{", 1],
  ['{"a"', 4],
  ['{"a": }', 6],
  ['{"a": 1,}', 8],
  ["[1 2]", 3],
  ["{a: 1}", 1],
  ["[1,]", 3],
  ["}", 0],
  ['{"a": FOO}', 6],
  ["01", 0],
  ["[1}", 2],
  ['"open', 0],
  ["nulls", 0],
  ["{} {}", 3],
  ["\u00a0{}", 0],
  ['{"a" 1}', 5],
];

describe("where a text stops being JSON", () => {
  it.each(good)("is nowhere in %s", (text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(jsonFault(text)).toBeNull();
  });

  it.each(bad)("in %s is %i", (text, at) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFault(text)).toBe(at);
  });

  it("is told by line and column", () => {
    expect(jsonTrouble('{\n  "type": FOLLOWS, "x": 1\n}')).toBe(
      'This is not JSON: line 2, column 11: “FOLLOWS, "x": 1” does not belong here',
    );
    expect(jsonTrouble('{"a": 1')).toBe("This is not JSON: line 1, column 8: something is missing");
    expect(jsonTrouble("[]")).toBe("A schema is a JSON object: { … }");
    expect(jsonTrouble("{}")).toBeNull();
  });
});

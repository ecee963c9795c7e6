import { describe, expect, it } from "vitest";
import { indented, tokensOf } from "./json-tokens";

describe("indented", () => {
  it("keeps a short object in one line", () => {
    expect(indented('{"order":"88123","with":["payments","a:b,c"]}')).toBe(
      '{"order": "88123", "with": ["payments", "a:b,c"]}',
    );
  });

  it("breaks a long one, and leaves what strings hold alone", () => {
    const text = JSON.stringify({ a: "x".repeat(80), b: { c: [], d: [1, { e: "{,}" }] }, f: {} });
    expect(indented(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
  });

  it("keeps long numbers and repeated keys as they came", () => {
    expect(indented('{"a":12345678901234567890,"a":1.10}')).toBe('{"a": 12345678901234567890, "a": 1.10}');
  });

  it("leaves what is no JSON object or list", () => {
    for (const text of ["", "12", '"a"', "{a: 1}", "[1, 2", "plain [1]"]) expect(indented(text)).toBeNull();
  });
});

describe("tokensOf", () => {
  it("tells keys from strings and numbers", () => {
    expect(
      tokensOf('{"a": "b\\"c", "d": -1.5e3, "e": null}').filter((token) => token.kind !== "plain"),
    ).toEqual([
      { kind: "key", text: '"a"' },
      { kind: "string", text: '"b\\"c"' },
      { kind: "key", text: '"d"' },
      { kind: "number", text: "-1.5e3" },
      { kind: "key", text: '"e"' },
      { kind: "number", text: "null" },
    ]);
  });

  it("loses nothing", () => {
    for (const text of ['{"a": [1, "x\u0000y"]} trailing "open', "no json at all", "", '"'.repeat(7)]) {
      expect(
        tokensOf(text)
          .map((token) => token.text)
          .join(""),
      ).toBe(text);
    }
  });
});

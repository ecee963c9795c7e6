import { describe, expect, it } from "vitest";
import { cutAt, oneLine, visible } from "./inert";

describe("visible", () => {
  it("shows what cannot be seen, and leaves the rest", () => {
    expect(visible("a\u0000b\u001b[31mred\u007f\u0085\u202egnp")).toBe(
      "a⟨NUL⟩b⟨ESC⟩[31mred⟨DEL⟩⟨85⟩⟨202E⟩gnp",
    );
    expect(visible("one\r\ntwo\tthree\n")).toBe("one\ntwo\tthree\n");
    expect(visible("مواعيد 👩🏽‍🚀 <b>x</b>")).toBe("مواعيد 👩🏽‍🚀 <b>x</b>");
  });

  it("fits a list", () => {
    expect(oneLine("  a\n\n b\u0000\r\nc ")).toBe("a b⟨NUL⟩ c");
  });
});

describe("cutAt", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`).join("\n");
  it("keeps what fits", () => {
    expect(cutAt("")).toEqual({ text: "", cut: false, lines: 1 });
    expect(cutAt(lines(22)).cut).toBe(false);
  });

  it("cuts at twenty lines", () => {
    expect(cutAt(lines(100))).toEqual({ text: lines(20), cut: true, lines: 100 });
  });

  it("counts the lines that a long one is broken into", () => {
    const cut = cutAt("x".repeat(10_000), 20, 100);
    expect(cut).toEqual({ text: "x".repeat(2000), cut: true, lines: 100 });
  });

  it("does not halve a character", () => {
    const cut = cutAt("👩".repeat(5000), 3, 99);
    expect(cut.text.length % 2).toBe(0);
  });
});

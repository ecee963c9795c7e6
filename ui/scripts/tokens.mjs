// Writes src/design/tokens.css from src/design/tokens.json: `npm run tokens`.
// CSS cannot share a block between a media query and a selector, so dark is written twice, from one source.
import { readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../src/design/", import.meta.url);

const lines = (values, indent) =>
  Object.entries(values)
    .map(([name, value]) => `${indent}--${name}: ${value};`)
    .join("\n");

const block = (selector, values, scheme, indent = "") =>
  `${indent}${selector} {\n${indent}  color-scheme: ${scheme};\n${lines(values, `${indent}  `)}\n${indent}}`;

/** The stylesheet of `tokens` ({ light, dark, both }), as text. */
export const tokensCss = ({ light, dark, both }) =>
  `${[
    "/* Generated from tokens.json by scripts/tokens.mjs. */",
    block(':root,\n[data-theme="light"]', light, "light"),
    block('[data-theme="dark"]', dark, "dark"),
    `@media (prefers-color-scheme: dark) {\n${block(":root:not([data-theme])", dark, "dark", "  ")}\n}`,
    `:root {\n${lines(both, "  ")}\n}`,
    "@media (prefers-reduced-motion: reduce) {\n  :root {\n    --fast: 1ms;\n    --base: 1ms;\n    --slow: 1ms;\n  }\n}",
  ].join("\n\n")}\n`;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const tokens = JSON.parse(readFileSync(new URL("tokens.json", folder), "utf8"));
  writeFileSync(new URL("tokens.css", folder), tokensCss(tokens));
}

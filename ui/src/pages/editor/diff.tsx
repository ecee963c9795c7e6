// Differences, field by field: what was taken away, what came, and a little around it.
import { Fragment } from "react";
import type { FieldChange } from "../../api/types";
import type { Change } from "./changes";
import { unified } from "./lines";

export function DiffView({ changes, label }: { changes: readonly Change[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section className="diff" aria-label={label} tabIndex={0}>
      {changes.map(({ field, lines }) => (
        <Fragment key={field}>
          <div className="head">{field}</div>
          {lines.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines stand where they stand.
            <div className={line.kind} key={at} dir="auto">
              {line.kind === "removed" && <span className="unseen">removed: </span>}
              {line.kind === "added" && <span className="unseen">added: </span>}
              {line.text || " "}
            </div>
          ))}
        </Fragment>
      ))}
    </section>
  );
}

const texts = (value: string): string[] => (value === "" ? [] : value.split("\n"));

/** What the API says changed, in the same form. */
export const changesOf = (changes: readonly FieldChange[]): Change[] =>
  changes.map(({ field, before, after, diff }) => ({
    field: field || "all",
    lines: diff.length
      ? unified(diff)
      : [
          ...texts(before).map((text) => ({ kind: "removed" as const, text })),
          ...texts(after).map((text) => ({ kind: "added" as const, text })),
        ],
  }));

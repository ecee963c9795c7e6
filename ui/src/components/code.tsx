import type { ReactNode } from "react";
import { CopyButton } from "./button";

const comment = /(^|\s)(#|\/\/)\s.*$/;
const key = /^\s*[\w./-]+(?=:(?:\s|$))/;
const words = /("[^"]*"|\b(?:export|import|from|new|const|curl|pip install|npm install)\b)/;

/** Keys, strings, a few words and comments get a colour; that is all the highlighting a snippet needs. */
const coloured = (line: string): ReactNode => {
  const found = comment.exec(line);
  const body = found ? line.slice(0, found.index) : line;
  const begins = key.exec(body)?.[0] ?? "";
  return (
    <>
      {begins && <span className="code-key">{begins}</span>}
      {body
        .slice(begins.length)
        .split(words)
        .map((part, at) =>
          at % 2 === 0 ? (
            part
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line stand where they stand.
            <span key={at} className={part.startsWith('"') ? "code-string" : "code-key"}>
              {part}
            </span>
          ),
        )}
      {found && <span className="code-comment">{line.slice(found.index)}</span>}
    </>
  );
};

/** A snippet with a copy button. `copy` is what is copied when it is not what is shown (a token that is masked). */
export const CodeBlock = ({
  text,
  copy,
  wrap = false,
  label = "Copy",
}: {
  text: string;
  copy?: string;
  wrap?: boolean;
  label?: string;
}) => (
  <div className={wrap ? "code" : "code wide"}>
    <pre tabIndex={wrap ? undefined : 0}>
      {text.split("\n").map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines stand where they stand.
        <span key={at}>
          {coloured(line)}
          {"\n"}
        </span>
      ))}
    </pre>
    <CopyButton small text={copy ?? text} label={label} />
  </div>
);

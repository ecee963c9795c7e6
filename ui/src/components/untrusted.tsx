// Text that somebody else wrote: spans, explanations, answers. It is text and nothing else, in its own direction.
import { useState } from "react";
import { count } from "../text/format";

const mostLines = 20;
const mostChars = 4_000;

/** Where to cut: after 20 lines or 4,000 characters. */
export const cutAt = (text: string): number => {
  let at = -1;
  for (let line = 0; line < mostLines; line += 1) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at > mostChars) break;
  }
  return Math.min(text.length, mostChars, at < 0 ? text.length : at);
};

/** `total` is the text's length in characters where the server gave only its beginning. `mono` for code and JSON. */
export const Untrusted = ({
  text,
  total,
  mono = false,
}: {
  text: string;
  total?: number;
  mono?: boolean;
}) => {
  const [whole, setWhole] = useState(false);
  const end = cutAt(text);
  const shown = whole ? text : text.slice(0, end);
  const missing = total !== undefined && total > text.length ? total - text.length : 0;
  return (
    <div className={mono ? "untrusted mono" : "untrusted"} dir="auto">
      {shown}
      {end < text.length && (
        <button
          type="button"
          className="link show-all"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? "Show less" : `Show all ${count(text.length)} characters`}
        </button>
      )}
      {missing > 0 && (whole || end === text.length) && (
        <span className="cut-mark">{count(missing)} more characters are stored and not shown</span>
      )}
    </div>
  );
};

/** One line of it, cut by the width. */
export const UntrustedLine = ({ text, className = "" }: { text: string; className?: string }) => (
  <span className={`cut ${className}`} dir="auto" title={text.length > 40 ? text.slice(0, 300) : undefined}>
    {text}
  </span>
);

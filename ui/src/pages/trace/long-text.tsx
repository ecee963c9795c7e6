// Untrusted text of any length: only ever text, in its own direction, cut at twenty lines.
import { useMemo, useState } from "react";
import { count } from "../../text/format";
import { cutAt, visible } from "./inert";
import { indented, type Token, tokensOf } from "./json-tokens";

type Props = {
  text: string;
  /** More than `text` has when the server sent only its beginning. */
  totalChars?: number;
  /** JSON is indented and coloured, and all of it is set in the code font. */
  code?: boolean;
  lines?: number;
  /** Characters in a line, about. */
  width?: number;
  className?: string;
};

const classes: Record<Token["kind"], string | undefined> = {
  key: "code-key",
  string: "code-string",
  number: "code-number",
  plain: undefined,
};

/** JSON in colours. */
export const JsonText = ({ text }: { text: string }) => {
  const tokens = useMemo(() => tokensOf(text), [text]);
  let at = 0;
  return tokens.map((token) => {
    const key = at;
    at += token.text.length;
    return (
      <span key={key} className={classes[token.kind]}>
        {token.text}
      </span>
    );
  });
};

export const LongText = ({ text, totalChars = 0, code = false, lines = 20, width, className }: Props) => {
  const [all, setAll] = useState(false);
  const json = useMemo(() => (code ? indented(text) : null), [text, code]);
  const readable = useMemo(() => visible(json ?? text), [json, text]);
  const cut = useMemo(() => cutAt(readable, lines, width), [readable, lines, width]);
  const shown = all ? readable : cut.text;
  const missing = totalChars > text.length;
  const Tag = code ? "pre" : "div";
  return (
    <>
      <Tag className={className} dir="auto">
        {json === null ? shown : <JsonText text={shown} />}
        {cut.cut && !all ? "…" : null}
      </Tag>
      {cut.cut || missing ? (
        <p className="more-text">
          {cut.cut ? (
            <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? "Show less" : `Show all ${count(cut.lines)} lines`}
            </button>
          ) : null}
          {missing ? (
            <span className="cut-mark">
              {count(totalChars - text.length)} of {count(totalChars)} characters are left out here
            </span>
          ) : null}
        </p>
      ) : null}
    </>
  );
};

// CodeMirror for prompts, YAML and JSON. It lives in a shadow root: there it uses constructed stylesheets, which the
// content security policy allows; in the page itself it would insert style elements, which it does not.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
  placeholder as placeholderOf,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--code-bg)", fontSize: "var(--t-12)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "19px" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-gutters": {
    backgroundColor: "var(--code-bg)",
    color: "var(--text-3)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-line)",
  },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-tooltip": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "5px",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-solid)",
    color: "var(--on-accent)",
  },
  ".cm-completionDetail": { fontStyle: "normal", color: "var(--text-3)" },
  ".cm-variable": { color: "var(--code-var)", backgroundColor: "var(--code-var-bg)", borderRadius: "3px" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.keyword], color: "var(--code-key)" },
  { tag: [tags.string, tags.content], color: "var(--code-str)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-num)" },
  { tag: tags.comment, color: "var(--text-3)" },
]);

export type CodeFieldProps = {
  value: string;
  onChange: (value: string) => void;
  /** Its accessible name. */
  label: string;
  /** A language, completion, marks: kept by identity, so make it once (`useMemo`). */
  extensions?: Extension;
  placeholder?: string;
  /** Lines that are there when it is empty; it grows with its text up to `mostLines`. */
  lines?: number;
  mostLines?: number;
  readOnly?: boolean;
  /** Called with the view when it is made, to insert text at the cursor. */
  onView?: (view: EditorView) => void;
  invalid?: boolean;
  describedBy?: string;
};

export const CodeField = (props: CodeFieldProps) => {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const newest = useRef(props);
  newest.current = props;
  const parts = useRef({ extra: new Compartment(), state: new Compartment() });

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open", delegatesFocus: true });
    const { lines = 6, mostLines = 30, onView } = newest.current;
    const made = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: newest.current.value,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          EditorView.lineWrapping,
          syntaxHighlighting(colours),
          look,
          EditorView.theme({
            ".cm-scroller": {
              minHeight: `${lines * 19 + 16}px`,
              maxHeight: `${mostLines * 19 + 16}px`,
              overflow: "auto",
            },
          }),
          parts.current.extra.of(newest.current.extensions ?? []),
          parts.current.state.of(stateOf(newest.current)),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) newest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    onView?.(made);
    return () => {
      made.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: parts.current.extra.reconfigure(props.extensions ?? []) });
  }, [props.extensions]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what the state is made of.
  useEffect(() => {
    view.current?.dispatch({ effects: parts.current.state.reconfigure(stateOf(props)) });
  }, [props.label, props.placeholder, props.readOnly, props.invalid, props.describedBy]);

  useEffect(() => {
    const now = view.current?.state.doc.toString();
    if (view.current && now !== props.value) {
      view.current.dispatch({ changes: { from: 0, to: now?.length ?? 0, insert: props.value } });
    }
  }, [props.value]);

  return <div ref={host} className={props.invalid ? "code-field invalid" : "code-field"} />;
};

const stateOf = ({ label, placeholder, readOnly, invalid, describedBy }: CodeFieldProps): Extension => [
  EditorView.contentAttributes.of({
    "aria-label": label,
    spellcheck: "false",
    ...(invalid ? { "aria-invalid": "true" } : {}),
    // Ids of the page are not seen from inside a shadow root: the words themselves are given.
    ...(describedBy ? { "aria-description": describedBy } : {}),
  }),
  EditorState.readOnly.of(readOnly ?? false),
  placeholder ? placeholderOf(placeholder) : [],
];

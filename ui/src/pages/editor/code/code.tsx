// The text editor itself, loaded when first needed.
import { closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { Annotation, Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
  placeholder as placeholderOf,
} from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "react";
import type { Caret, CodeProps } from "./code-field";
import { look } from "./look";
import { allowStyles } from "./styles";
import { template } from "./template";

const fromOutside = Annotation.define<boolean>();

const languageOf = ({ language, variables }: CodeProps): Extension => {
  if (language === "json") return [json(), lineNumbers(), bracketMatching(), closeBrackets()];
  if (language === "yaml") return [yaml(), lineNumbers(), indentUnit.of("  ")];
  return variables ? template(variables) : [];
};

const attributesOf = ({ id, label, invalid, describedBy }: CodeProps): Extension =>
  EditorView.contentAttributes.of({
    id,
    "aria-label": label,
    ...(invalid ? { "aria-invalid": "true" } : {}),
    ...(describedBy ? { "aria-describedby": describedBy } : {}),
  });

/** Shortcuts of the page that the editor would take for itself. */
const keys = defaultKeymap.filter((binding) => binding.key !== "Mod-Enter");

/**
 * Text typed over a selection is put in by the editor itself. The browser would give it the looks of what it replaces,
 * by a style attribute, which the content security policy forbids.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const isText = event.inputType === "insertText" && event.data !== null && !event.isComposing;
    if (!isText || view.state.readOnly || view.state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

export default function Code(props: CodeProps & { caret: Caret }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const newest = useRef(props);
  newest.current = props;
  // What was typed and told, until it comes back as a value: by then more may have been typed.
  const told = useRef<string[]>([]);
  const parts = useRef({
    language: new Compartment(),
    attributes: new Compartment(),
    readOnly: new Compartment(),
  });

  // In the same step in which the plain text area goes: no key falls between the two.
  useLayoutEffect(() => {
    if (!host.current) return;
    allowStyles();
    const { language, attributes, readOnly } = parts.current;
    const first = newest.current;
    told.current = [first.value];
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: first.value,
        extensions: [
          history(),
          drawSelection(),
          EditorView.lineWrapping,
          keymap.of([...keys, ...historyKeymap]),
          typedOver,
          look,
          first.placeholder ? placeholderOf(first.placeholder) : [],
          language.of(languageOf(first)),
          attributes.of(attributesOf(first)),
          readOnly.of([EditorState.readOnly.of(first.readOnly ?? false)]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((one) => one.annotation(fromOutside))) {
              const text = update.state.doc.toString();
              told.current.push(text);
              newest.current.onChange(text);
            }
            if (update.focusChanged && !update.view.hasFocus) newest.current.onBlur?.();
          }),
        ],
      }),
    });
    view.current = made;
    const handle = first.handle;
    if (handle) {
      handle.current = {
        insert: (text) => {
          made.dispatch(made.state.replaceSelection(text));
          made.focus();
        },
      };
    }
    const caret = first.caret.current;
    if (caret) {
      const last = made.state.doc.length;
      made.dispatch({ selection: { anchor: Math.min(caret.from, last), head: Math.min(caret.to, last) } });
      first.caret.current = null;
    }
    if (first.takeFocus || caret) made.focus();
    return () => {
      if (handle) handle.current = null;
      made.destroy();
      view.current = null;
    };
  }, []);

  // What changed outside (a version restored, a file parsed) replaces only the part that differs: the cursor stays.
  useEffect(() => {
    const echo = told.current.lastIndexOf(props.value);
    if (echo >= 0) {
      told.current.splice(0, echo + 1);
      return;
    }
    told.current = [];
    const made = view.current;
    const before = made?.state.doc.toString();
    if (!made || before === undefined || before === props.value) return;
    const after = props.value;
    let from = 0;
    while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
    let end = 0;
    const most = Math.min(before.length, after.length) - from;
    while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    made.dispatch({
      changes: { from, to: before.length - end, insert: after.slice(from, after.length - end) },
      annotations: fromOutside.of(true),
    });
  }, [props.value]);

  const { language, variables } = props;
  const named = JSON.stringify(variables);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `named` stands for `variables`, which is new every time.
  useEffect(() => {
    view.current?.dispatch({ effects: parts.current.language.reconfigure(languageOf(newest.current)) });
  }, [language, named]);

  const { id, label, invalid, describedBy, readOnly } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the attributes are made of exactly these.
  useEffect(() => {
    const { attributes, readOnly: locked } = parts.current;
    view.current?.dispatch({
      effects: [
        attributes.reconfigure(attributesOf(newest.current)),
        locked.reconfigure(EditorState.readOnly.of(readOnly ?? false)),
      ],
    });
  }, [id, label, invalid, describedBy, readOnly]);

  return <div className="code-host" ref={host} />;
}

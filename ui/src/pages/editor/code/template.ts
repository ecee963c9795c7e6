// Templates: variables stand out, unknown ones are underlined, and `{{` offers what there is.
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { type Extension, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { offered, type Target, variablesIn } from "../variables";

export type Variables = { target: Target; custom: Readonly<Record<string, string>> };

const known = Decoration.mark({ class: "k-var" });
const unknown = Decoration.mark({ class: "k-var k-unknown" });

const marksOf = (view: EditorView, { target, custom }: Variables): DecorationSet => {
  const marks = new RangeSetBuilder<Decoration>();
  for (const found of variablesIn(view.state.doc.toString(), target, custom)) {
    marks.add(found.from, found.to, found.known ? known : unknown);
  }
  return marks.finish();
};

const highlighting = (variables: Variables): Extension =>
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = marksOf(view, variables);
      }
      update(update: ViewUpdate) {
        if (update.docChanged) this.decorations = marksOf(update.view, variables);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );

const completing =
  ({ target, custom }: Variables) =>
  (context: CompletionContext): CompletionResult | null => {
    const opened = context.matchBefore(/\{\{\s*[^{}]*$/);
    if (!opened) return null;
    const from = opened.from + (/^\{\{\s*/.exec(opened.text)?.[0].length ?? 2);
    return {
      from,
      validFor: /^[\w.]*$/,
      options: offered(target, custom).map((name) => ({
        label: name,
        detail: custom[name],
        apply: (view, _completion, start, end) => {
          const closed = /^\s*\}\}/.test(view.state.sliceDoc(end, end + 8));
          const text = closed ? name : `${name}}}`;
          view.dispatch({
            changes: { from: start, to: end, insert: text },
            selection: { anchor: start + text.length },
          });
        },
      })),
    };
  };

export const template = (variables: Variables): Extension => [
  highlighting(variables),
  autocompletion({ override: [completing(variables)], icons: false }),
];

// The editor writes its styles into a <style> element, which the content security policy forbids; inside a shadow tree
// it uses a constructed sheet, which is allowed. So it is mounted in one once, and the document is given what came of
// it: the set of its style modules, kept under a symbol, whose sheet the document then adopts too.
import { EditorView } from "@codemirror/view";

let ready = false;

export const allowStyles = (): void => {
  if (ready || !("adoptedStyleSheets" in document)) return;
  ready = true;
  const tree = document.createElement("div").attachShadow({ mode: "open" });
  new EditorView({ root: tree, parent: tree }).destroy();
  for (const symbol of Object.getOwnPropertySymbols(tree)) {
    Reflect.set(document, symbol, Reflect.get(tree, symbol));
  }
};

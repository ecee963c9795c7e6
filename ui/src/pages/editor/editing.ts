// What every part of the editor shares: the form, how to change it, and what is wrong with it.
import { createContext, useContext } from "react";
import type { Definition } from "../../api/types";
import type { Form } from "./form";
import type { Issues } from "./issues";

export type Editing = {
  form: Form;
  /** What the form stands for, as it would be saved. */
  definition: Definition;
  edit: (change: Partial<Definition>) => void;
  update: (next: (form: Form) => Form) => void;
  issues: Issues;
  /** Somebody has been at this place: from now on its issues are shown. */
  touch: (place: string) => void;
  isNew: boolean;
  readOnly: boolean;
};

export const EditingContext = createContext<Editing | null>(null);

export const useEditing = (): Editing => {
  const editing = useContext(EditingContext);
  if (!editing) throw new Error("useEditing is for the parts of the editor");
  return editing;
};

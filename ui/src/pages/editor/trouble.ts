// What the page itself found wrong with text that stands for something else (a schema, a file), by field.
import { createContext, useContext } from "react";

export type SetTrouble = (field: string, message: string | null) => void;

export const TroubleContext = createContext<SetTrouble>(() => undefined);

export const useTrouble = (): SetTrouble => useContext(TroubleContext);

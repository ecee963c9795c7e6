// One count for the whole page: rules, the count line, the estimate and the trial's spans all look at the same answer.
import { createContext, useContext } from "react";
import type { usePreview } from "./asking";

export const PreviewContext = createContext<ReturnType<typeof usePreview> | null>(null);

export const usePreviewed = (): ReturnType<typeof usePreview> => {
  const preview = useContext(PreviewContext);
  if (!preview) throw new Error("usePreviewed is for the parts of the editor");
  return preview;
};

// Taking back a stored draft, with a way back.
import { api } from "../../api/client";
import type { Evaluator } from "../../api/types";
import { wordsOf } from "../../components/states";
import { toast } from "../../state/toast";
import { newestOf } from "./stored";

/**
 * Discards the draft; `adopt` is told what is left. One that was never published is put away by it: then true, as there
 * is nothing to go on with. Undo saves the draft again.
 */
export const discardDraft = async (
  evaluator: Evaluator,
  adopt: (evaluator: Evaluator) => void,
): Promise<boolean> => {
  const path = `/evaluators/${encodeURIComponent(evaluator.name)}`;
  const definition = evaluator.draft;
  const again = async (base: string | undefined) => {
    try {
      adopt(await api.put<Evaluator>(path, { definition, base_version: base ?? "", publish: false }));
      toast(`The draft of ${evaluator.name} is back`);
    } catch (error) {
      toast(wordsOf(error), { tone: "wrong" });
    }
  };
  try {
    const left = await api.delete<Evaluator>(`${path}/draft`);
    adopt(left);
    toast("Draft discarded", { undo: () => void again(newestOf(left)?.version) });
    return left.published === null;
  } catch (error) {
    toast(wordsOf(error), { tone: "wrong" });
    return false;
  }
};

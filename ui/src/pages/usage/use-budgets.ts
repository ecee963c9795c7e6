import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { BudgetChange, Budgets } from "../../api/types";
import { wordsOf } from "../../components/states";
import { toast } from "../../state/toast";

export const useBudgets = () =>
  useQuery({ queryKey: ["budgets"], queryFn: ({ signal }) => api.get<Budgets>("/budgets", { signal }) });

/** What is set now, as a change: what a form begins from, and what Undo goes back to. */
export const changeOf = (budgets: Budgets): BudgetChange => ({
  revision: budgets.revision,
  all: budgets.all,
  evaluators: budgets.evaluators,
  reset: !budgets.edited,
});

/** Saves all limits. What was before can be had again: `toast` says `words` and offers Undo. */
export const useSaveBudgets = (onSaved: () => void) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({
      change,
      before,
      words,
    }: {
      change: BudgetChange;
      before: Budgets;
      words: string;
    }) => {
      const saved = await api.put<Budgets>("/budgets", change);
      client.setQueryData(["budgets"], saved);
      toast(words, {
        undo: () => {
          api
            .put<Budgets>("/budgets", { ...changeOf(before), revision: saved.revision })
            .then((restored) => client.setQueryData(["budgets"], restored))
            .catch((error: unknown) => toast(wordsOf(error), { tone: "wrong" }));
        },
      });
      return saved;
    },
    onSuccess: onSaved,
  });
};

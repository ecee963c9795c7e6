// What can be done to an evaluator from the list. What costs nothing is done at once, with a way back.
import { useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Evaluator, EvaluatorRow } from "../../api/types";
import { wordsOf } from "../../components/states";
import { toast } from "../../state/toast";

const path = (name: string, action: string) => `/evaluators/${encodeURIComponent(name)}/${action}`;

export const useActions = () => {
  const client = useQueryClient();
  const refresh = () =>
    Promise.all(
      [["evaluators"], ["evaluator"], ["gallery"], ["pipeline"]].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
  const attempt = async (action: () => Promise<unknown>): Promise<boolean> => {
    try {
      await action();
      await refresh();
      return true;
    } catch (error) {
      toast(wordsOf(error), { tone: "wrong" });
      return false;
    }
  };
  const pause = (name: string) => attempt(() => api.post<Evaluator>(path(name, "pause"), { reason: "" }));
  const resume = (name: string) => attempt(() => api.post<Evaluator>(path(name, "resume")));
  return {
    refresh,
    pause: async (name: string) => {
      if (await pause(name))
        toast(`${name} is paused; what waits stays waiting`, { undo: () => void resume(name) });
    },
    resume: async (name: string) => {
      if (await resume(name)) toast(`${name} runs again`, { undo: () => void pause(name) });
    },
    publish: async (row: EvaluatorRow) => {
      if (await attempt(() => api.post<Evaluator>(path(row.name, "publish"), {})))
        toast(`${row.name} is published`);
    },
    archive: async (row: EvaluatorRow) => {
      const done = await attempt(() => api.post<Evaluator>(path(row.name, "archive")));
      if (done) toast(`${row.name} is archived`);
      return done;
    },
  };
};

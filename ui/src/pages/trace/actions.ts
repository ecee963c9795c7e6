// What can be done about a span that was not judged, or whose judging failed.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Explained, Queued, Result } from "../../api/types";
import { wordsOf } from "../../components/states";
import { toast } from "../../state/toast";

/** What helps: a request (`judge`, `resume`) or a place to go to. */
export type Help = "judge" | "resume" | "budget" | "try" | "edit" | null;

const helps: Record<string, Help> = {
  sampled_out: "judge",
  missed: "judge",
  published_later: "judge",
  same_call: "judge",
  failed: "judge",
  paused: "resume",
  budget: "budget",
  draft: "try",
  not_matched: "edit",
  missing_variable: "edit",
};

export const helpFor = (explained: Pick<Explained, "state">): Help => helps[explained.state] ?? null;

export const helpWords: Record<Exclude<Help, null>, string> = {
  judge: "Judge now",
  resume: "Resume",
  budget: "Raise budget",
  try: "Try it",
  edit: "Edit",
};

const useDone = (traceId: string) => {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ["traces", traceId] });
    void client.invalidateQueries({ queryKey: ["spans", traceId] });
  };
};

const queuedWords = (queued: Queued, evaluator: string): string =>
  queued.note || (queued.jobs > 0 ? `${evaluator} will judge it in a moment` : "Nothing was left to judge");

/** Judges the span (or its trace or session) now, whatever sampling says. */
export const useJudge = (traceId: string) => {
  const done = useDone(traceId);
  return useMutation({
    mutationFn: ({ evaluator, spanId }: { evaluator: string; spanId: string }) =>
      api.post<Queued>(`/traces/${traceId}/judge`, { evaluator, span_id: spanId }),
    onSuccess: (queued, { evaluator }) => toast(queuedWords(queued, evaluator)),
    onError: (error) => toast(wordsOf(error), { tone: "wrong" }),
    onSettled: done,
  });
};

/** Lets a paused evaluator go on. */
export const useResume = (traceId: string) => {
  const done = useDone(traceId);
  return useMutation({
    mutationFn: (evaluator: string) => api.post(`/evaluators/${encodeURIComponent(evaluator)}/resume`),
    onSuccess: (_, evaluator) => toast(`${evaluator} goes on`),
    onError: (error) => toast(wordsOf(error), { tone: "wrong" }),
    onSettled: done,
  });
};

/** Judges once more what a result or failure is of; the new outcome takes its place. */
export const useRetry = (traceId: string) => {
  const done = useDone(traceId);
  return useMutation({
    mutationFn: (result: Result) => api.post<Queued>(`/results/${encodeURIComponent(result.id)}/retry`),
    onSuccess: (queued, result) => toast(queuedWords(queued, result.evaluator)),
    onError: (error) => toast(wordsOf(error), { tone: "wrong" }),
    onSettled: done,
  });
};

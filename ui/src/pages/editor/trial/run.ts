// Running a draft on several subjects: one request each, a few at a time, each result shown as it arrives.
import { useCallback, useEffect, useRef, useState } from "react";
import { api } from "../../../api/client";
import type { Definition, Result, Trial } from "../../../api/types";
import { wordsOf } from "../../../components/states";
import { canonical } from "../form";
import { chosen, type Subject } from "./subject";

const atOnce = 3;

/** `of` is the definition a result is of: an older one says so. */
export type Tried =
  | { state: "waiting"; of: string }
  | { state: "done"; of: string; trial: Trial }
  | { state: "failed"; of: string; message: string };

export type Runs = Readonly<Record<string, Tried>>;

export const useTrialRun = () => {
  const [runs, setRuns] = useState<Runs>({});
  const [running, setRunning] = useState(false);
  const stopped = useRef<AbortController | null>(null);

  useEffect(() => () => stopped.current?.abort(), []);

  const stop = useCallback(() => {
    stopped.current?.abort();
    stopped.current = null;
    setRunning(false);
    setRuns((before) =>
      Object.fromEntries(Object.entries(before).filter(([, tried]) => tried.state !== "waiting")),
    );
  }, []);

  const run = useCallback(async (definition: Definition, subjects: readonly Subject[]) => {
    stopped.current?.abort();
    const control = new AbortController();
    stopped.current = control;
    const of = canonical(definition);
    const queue = [...subjects];
    setRunning(true);
    setRuns(Object.fromEntries(queue.map((subject) => [subject.key, { state: "waiting", of }])));
    const set = (key: string, tried: Tried) => {
      if (!control.signal.aborted) setRuns((before) => ({ ...before, [key]: tried }));
    };
    const work = async () => {
      for (let subject = queue.shift(); subject && !control.signal.aborted; subject = queue.shift()) {
        const { key } = subject;
        try {
          const body = { definition, ...chosen(subject) };
          const trial = await api.post<Trial>("/trials", body, { signal: control.signal });
          set(key, { state: "done", of, trial });
        } catch (error) {
          set(key, { state: "failed", of, message: wordsOf(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (stopped.current === control) {
      stopped.current = null;
      setRunning(false);
    }
  }, []);

  return { runs, running, run, stop };
};

/** Whether two results say different things. Scores of the same verdict that are close are the same. */
export const isChanged = (before: Result | null | undefined, after: Result | null | undefined): boolean => {
  if (!before || !after) return false;
  if (before.outcome !== after.outcome) return true;
  if (before.outcome === "none") return before.code !== after.code;
  if (before.score !== null && after.score !== null)
    return Math.abs(before.score - after.score) >= 0.2 * widthOf(after);
  return before.value !== after.value;
};

const widthOf = ({ score_range: range }: Result): number => (range ? range[1] - range[0] || 1 : 1);

export type Tally = {
  done: number;
  changed: number;
  none: number;
  failed: number;
  skipped: number;
  cost: number | null;
};

/** What came of those that are done. The cost is null when a price is not known. */
export const tallyOf = (runs: Runs): Tally => {
  const tally: Tally = { done: 0, changed: 0, none: 0, failed: 0, skipped: 0, cost: 0 };
  for (const tried of Object.values(runs)) {
    if (tried.state === "waiting") continue;
    tally.done += 1;
    if (tried.state === "failed") {
      tally.failed += 1;
      continue;
    }
    const { result, published } = tried.trial;
    if (!result) {
      tally.skipped += 1;
      continue;
    }
    if (result.outcome === "none") tally.none += 1;
    if (isChanged(published, result)) tally.changed += 1;
    if (result.calls > 0)
      tally.cost = tally.cost === null || result.cost_usd === null ? null : tally.cost + result.cost_usd;
  }
  return tally;
};

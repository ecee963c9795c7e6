// From trace to trace with `[` and `]`, and back to the list: also while a trace is still loading.
import { useEffect, useRef } from "react";
import { useNavigate } from "react-router";
import type { Trace } from "../../api/types";
import { useKeys } from "../../state/keys";
import { useUrlState } from "../../state/url";
import { listAddress, neighbours } from "../traces/last-list";

export type Walk = { above: string | null; below: string | null; step: (by: -1 | 1) => void };

/** What is beside a trace of the list it was opened from; otherwise the trace itself says so, once it is there. */
export const useWalk = (traceId: string, trace: Trace | undefined, failed: boolean): Walk => {
  const go = useNavigate();
  const [tab] = useUrlState<string>("tab", "");
  const beside =
    neighbours(traceId) ??
    (trace || failed ? { above: trace?.following ?? null, below: trace?.previous ?? null } : undefined);
  const owed = useRef(0);
  const take = () => {
    if (!beside || owed.current === 0) return;
    const by = Math.sign(owed.current);
    const next = by < 0 ? beside.above : beside.below;
    owed.current = next ? owed.current - by : 0;
    if (next) void go(`/traces/${next}${tab ? `?tab=${tab}` : ""}`, { replace: true });
  };
  const step = (by: -1 | 1) => {
    owed.current += by;
    take();
  };
  // A step asked for while it was not known yet where it leads is taken as soon as it is.
  useEffect(take);
  useKeys("Trace", [
    { keys: "[", does: "trace above", run: () => step(-1) },
    { keys: "]", does: "trace below", run: () => step(1) },
    { keys: "Escape", does: "back to the list", run: () => void go(listAddress()) },
  ]);
  return { above: beside?.above ?? null, below: beside?.below ?? null, step };
};

// Live data: the server says when something changed, and the queries that show it are asked again.
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { queries } from "./queries";
import type { Change } from "./types";

export type LiveState = "connecting" | "live" | "reconnecting";
export type Kind = "spans" | "results" | "evaluators";

/** First parts of the query keys that show each kind; a query with `meta: { live: false }` is left alone. */
const shows: Record<Kind, readonly string[]> = {
  spans: ["spans", "traces", "statistics", "facets", "pipeline", "setup", "preview"],
  results: [
    "results",
    "traces",
    "spans",
    "statistics",
    "facets",
    "usage",
    "budgets",
    "pipeline",
    "evaluators",
  ],
  evaluators: ["evaluators", "evaluator", "pipeline", "gallery", "statistics"],
};

/** Counters can move many times a second; screens need not. */
const pace = 2_000;

type Snapshot = { state: LiveState; counters: Change | null; changed: number };

let snapshot: Snapshot = { state: "connecting", counters: null, changed: 0 };
let source: EventSource | null = null;
let listeners = 0;
let due: ReturnType<typeof setTimeout> | null = null;
const waiting = new Set<string>();
const subscribers = new Set<() => void>();

const publish = (next: Partial<Snapshot>) => {
  snapshot = { ...snapshot, ...next };
  for (const subscriber of subscribers) subscriber();
};

const refresh = () => {
  due = null;
  const nouns = new Set(waiting);
  waiting.clear();
  void queries.invalidateQueries({
    predicate: (query) => query.meta?.live !== false && nouns.has(String(query.queryKey[0])),
  });
};

const heard = (change: Change) => {
  const before = snapshot.counters;
  publish({ state: "live", counters: change, changed: Date.now() });
  if (!before) return;
  for (const kind of Object.keys(shows) as Kind[]) {
    if (change[kind] !== before[kind]) for (const noun of shows[kind]) waiting.add(noun);
  }
  if (waiting.size > 0 && due === null) due = setTimeout(refresh, pace);
};

const open = () => {
  source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => publish({ state: "live", changed: Date.now() }));
  source.addEventListener("change", (event) => heard(JSON.parse(event.data) as Change));
  source.addEventListener("error", () => {
    publish({ state: "reconnecting" });
    // A refused stream (signed out, server restarted behind a proxy) is closed for good by the browser: open a new one.
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(() => {
        if (listeners > 0 && source === null) open();
      }, 5_000);
    }
  });
};

/** Keeps the stream open while the calling component is shown. The shell does. */
export const useLiveStream = (): void => {
  useEffect(() => {
    listeners += 1;
    if (source === null) open();
    return () => {
      listeners -= 1;
      if (listeners > 0) return;
      source?.close();
      source = null;
      if (due !== null) clearTimeout(due);
      due = null;
    };
  }, []);
};

const subscribe = (subscriber: () => void) => {
  subscribers.add(subscriber);
  return () => subscribers.delete(subscriber);
};

/** Whether the stream is up, the newest counters, and when they came (ms since 1970). */
export const useLive = (): Snapshot => useSyncExternalStore(subscribe, () => snapshot);

/**
 * How many of `kind` came since this was shown or since `reset`: for lists that count up (“12 new”) instead of moving
 * what is being read. Such a list's query has `meta: { live: false }`.
 */
export const useNew = (kind: Kind): { count: number; reset: () => void } => {
  const { counters } = useLive();
  const seen = useRef<number | null>(null);
  const [, redraw] = useState(0);
  const now = counters?.[kind] ?? null;
  if (seen.current === null && now !== null) seen.current = now;
  const reset = () => {
    seen.current = now;
    redraw((count) => count + 1);
  };
  return { count: now === null || seen.current === null ? 0 : Math.max(0, now - seen.current), reset };
};

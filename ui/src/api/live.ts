// Live data: the server says when something changed, and the queries that show it are asked again.
import { useEffect, useSyncExternalStore } from "react";
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
  isLive({ counters: change });
  for (const kind of Object.keys(shows) as Kind[]) {
    // The first event has nothing to be compared with: it says that something changed, not what.
    if (change[kind] !== before?.[kind]) for (const noun of shows[kind]) waiting.add(noun);
  }
  if (waiting.size > 0 && due === null) due = setTimeout(refresh, pace);
};

/** The server ends a stream after some minutes, and the browser opens it again: that alone is no interruption. */
const patience = 6_000;
let doubt: ReturnType<typeof setTimeout> | null = null;
let missed = false;

const isLive = (next: Partial<Snapshot> = {}) => {
  if (doubt !== null) clearTimeout(doubt);
  doubt = null;
  publish({ state: "live", changed: Date.now(), ...next });
};

const open = () => {
  source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => {
    if (missed) {
      // What happened in between was not told: everything may be old.
      void queries.invalidateQueries({ predicate: (query) => query.meta?.live !== false });
    }
    missed = false;
    isLive();
  });
  source.addEventListener("change", (event) => heard(JSON.parse(event.data) as Change));
  source.addEventListener("error", () => {
    doubt ??= setTimeout(() => {
      missed = true;
      publish({ state: "reconnecting" });
    }, patience);
    // A refused stream (signed out, server restarted behind a proxy) is closed for good by the browser: open a new one.
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      missed = true;
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
      if (doubt !== null) clearTimeout(doubt);
      doubt = null;
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

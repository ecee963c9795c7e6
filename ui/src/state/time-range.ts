// The window of time a page looks at: the last so many hours, or two fixed instants.
import { useCallback, useMemo } from "react";
import { useUrlLists } from "./url";

export const ranges = ["1h", "24h", "7d", "30d"] as const;
export type Range = (typeof ranges)[number];
export const rangeWords: Record<Range, string> = { "1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d" };
export const rangeMs: Record<Range, number> = {
  "1h": 3600e3,
  "24h": 86400e3,
  "7d": 7 * 86400e3,
  "30d": 30 * 86400e3,
};
const names = ["range", "from", "to"] as const;

/** A fixed window, or a range that ends now. */
export type TimeWindow = { from: string; to?: string };
export type TimeRange = {
  /** The chosen range; null when the window is fixed. */
  range: Range | null;
  fixed: TimeWindow | null;
  /** Stands for the window in a query's key: a moving window keeps its key. */
  key: string;
  spanMs: number;
  /** `from` and `to` as the API takes them, as of now. */
  window: () => TimeWindow;
  /** `in 24 hours`, for a heading. */
  words: string;
  setRange: (range: Range) => void;
  setFixed: (from: number, to: number) => void;
};

const long: Record<Range, string> = {
  "1h": "in 1 hour",
  "24h": "in 24 hours",
  "7d": "in 7 days",
  "30d": "in 30 days",
};
const isInstant = (text: string | undefined): text is string =>
  text !== undefined && !Number.isNaN(Date.parse(text));

/** The page's window of time, kept in the address as `range`, or `from` and `to`. */
export const useTimeRange = (fallback: Range = "24h"): TimeRange => {
  const [values, set] = useUrlLists(names);
  const setRange = useCallback(
    (range: Range) => set({ range: range === fallback ? [] : [range], from: [], to: [] }),
    [set, fallback],
  );
  const setFixed = useCallback(
    (from: number, to: number) =>
      set({ range: [], from: [new Date(from).toISOString()], to: [new Date(to).toISOString()] }),
    [set],
  );
  return useMemo(() => {
    const from = values.from[0];
    const to = values.to[0];
    if (isInstant(from)) {
      const fixed = { from, ...(isInstant(to) ? { to } : {}) };
      const spanMs = Math.max(1, (fixed.to ? Date.parse(fixed.to) : Date.now()) - Date.parse(from));
      return {
        range: null,
        fixed,
        key: `${from}/${fixed.to ?? ""}`,
        spanMs,
        window: () => fixed,
        words: "in this window",
        setRange,
        setFixed,
      };
    }
    const range = ranges.find((one) => one === values.range[0]) ?? fallback;
    const spanMs = rangeMs[range];
    return {
      range,
      fixed: null,
      key: range,
      spanMs,
      words: long[range],
      setRange,
      setFixed,
      window: () => ({ from: new Date(Date.now() - spanMs).toISOString() }),
    };
  }, [values, fallback, setRange, setFixed]);
};

// Unsaved work, kept in this browser with every change and offered again after a reload.
import { useCallback, useEffect, useRef, useState } from "react";
import { forget, keep, kept } from "./storage";

export type Draft<Value> = { value: Value; saved: number };

const read = <Value>(key: string): Draft<Value> | null => {
  const text = kept(`draft.${key}`);
  if (text === null) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed && typeof parsed === "object" && "value" in parsed && "saved" in parsed
      ? (parsed as Draft<Value>)
      : null;
  } catch {
    return null;
  }
};

/**
 * The draft kept under `key` (null when there is none), `save` to keep a value (written half a second later, and at
 * once when the page is left) and `drop`. `savedAt` is when it was last written, ms since 1970.
 */
export const useDraft = <Value>(key: string) => {
  const [found] = useState(() => read<Value>(key));
  const [savedAt, setSavedAt] = useState<number | null>(found?.saved ?? null);
  const pending = useRef<Value | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const write = useCallback(() => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    if (pending.current === null) return;
    const saved = Date.now();
    if (keep(`draft.${key}`, JSON.stringify({ value: pending.current, saved }))) setSavedAt(saved);
    pending.current = null;
  }, [key]);

  const save = useCallback(
    (value: Value) => {
      pending.current = value;
      if (timer.current === null) timer.current = setTimeout(write, 500);
    },
    [write],
  );

  const drop = useCallback(() => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    pending.current = null;
    forget(`draft.${key}`);
    setSavedAt(null);
  }, [key]);

  useEffect(() => {
    window.addEventListener("pagehide", write);
    return () => {
      window.removeEventListener("pagehide", write);
      write();
    };
  }, [write]);

  return { found, savedAt, save, drop };
};

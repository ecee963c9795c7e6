// Words about what was done, for eight seconds, with a way back.
import { useSyncExternalStore } from "react";

export type Toast = { id: number; text: string; undo?: () => void; tone: "done" | "wrong" };

let toasts: readonly Toast[] = [];
let next = 1;
const subscribers = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();

const publish = (list: readonly Toast[]) => {
  toasts = list;
  for (const subscriber of subscribers) subscriber();
};

export const dismiss = (id: number): void => {
  clearTimeout(timers.get(id));
  timers.delete(id);
  publish(toasts.filter((one) => one.id !== id));
};

/** Pauses the clock while a toast is pointed at or has focus, and starts it again. */
export const hold = (id: number, held: boolean): void => {
  clearTimeout(timers.get(id));
  if (!held)
    timers.set(
      id,
      setTimeout(() => dismiss(id), 8_000),
    );
};

/** Shows `text`; `undo` takes back what was done. At most three are shown. */
export const toast = (text: string, options: { undo?: () => void; tone?: Toast["tone"] } = {}): void => {
  const id = next++;
  publish([...toasts.slice(-2), { id, text, undo: options.undo, tone: options.tone ?? "done" }]);
  hold(id, false);
};

export const useToasts = (): readonly Toast[] =>
  useSyncExternalStore(
    (subscriber) => {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    () => toasts,
  );

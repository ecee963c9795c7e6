// Light or dark: the system's, unless this browser chose. public/theme.js applies the choice before the first paint.
import { useSyncExternalStore } from "react";
import { forget, keep } from "./storage";

export type Theme = "light" | "dark";

const system = window.matchMedia("(prefers-color-scheme: dark)");
const subscribers = new Set<() => void>();

const current = (): Theme => {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
};

const tell = () => {
  for (const subscriber of subscribers) subscriber();
};
system.addEventListener("change", tell);

/** Shows `theme` from now on; choosing what the system has follows the system again. */
export const setTheme = (theme: Theme): void => {
  if (theme === (system.matches ? "dark" : "light")) {
    delete document.documentElement.dataset.theme;
    forget("theme");
  } else {
    document.documentElement.dataset.theme = theme;
    keep("theme", theme);
  }
  tell();
};

/** The theme shown now. */
export const useTheme = (): Theme =>
  useSyncExternalStore((subscriber) => {
    subscribers.add(subscriber);
    return () => subscribers.delete(subscriber);
  }, current);

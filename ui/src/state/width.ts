import { useSyncExternalStore } from "react";

/** Whether the window is no wider than `pixels`. The page's steps are 1180, 960 and 720. */
export const useNarrow = (pixels: number): boolean => {
  const query = window.matchMedia(`(max-width: ${pixels}px)`);
  return useSyncExternalStore(
    (subscriber) => {
      query.addEventListener("change", subscriber);
      return () => query.removeEventListener("change", subscriber);
    },
    () => query.matches,
  );
};

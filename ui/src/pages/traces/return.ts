// Who comes back from a row finds the list as it was left.
import { useLayoutEffect, useRef, useState } from "react";
import { leftAt } from "./last-list";

/** The id of the selected row: after coming back, the one that was opened. */
export const useCurrent = (address: string): [string | null, (id: string | null) => void] =>
  useState<string | null>(() => leftAt(address)?.row ?? null);

/** Scrolls to where the list was, as soon as there are rows to scroll to. */
export const useScrollBack = (address: string, ready: boolean): void => {
  const left = useRef(leftAt(address));
  useLayoutEffect(() => {
    if (!ready || !left.current) return;
    window.scrollTo({ top: left.current.scroll });
    left.current = null;
  }, [ready]);
};

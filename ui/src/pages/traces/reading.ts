// Whether somebody reads the list, so that it must not move under their eyes.
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

const rowHeight = 36;

type Reading = {
  box: RefObject<HTMLElement | null>;
  now: () => boolean;
  /** About the first row in sight. */
  firstRow: number;
};

/** `chosen`: a row is selected. A pointer over the list, or a page that is scrolled, is reading too. */
export const useReading = (chosen: boolean): Reading => {
  const box = useRef<HTMLElement>(null);
  const over = useRef(false);
  const [firstRow, setFirstRow] = useState(0);
  const selected = useRef(chosen);
  selected.current = chosen;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const enter = (event: PointerEvent) => {
      over.current = event.pointerType === "mouse";
    };
    const leave = () => {
      over.current = false;
    };
    const scrolled = () => {
      const row = Math.max(0, Math.floor((window.scrollY - element.offsetTop) / rowHeight));
      // Coarse: it only tells which page is looked at.
      setFirstRow(row - (row % 25));
    };
    element.addEventListener("pointerenter", enter);
    element.addEventListener("pointerleave", leave);
    window.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      element.removeEventListener("pointerenter", enter);
      element.removeEventListener("pointerleave", leave);
      window.removeEventListener("scroll", scrolled);
    };
  }, []);
  const now = useCallback(() => window.scrollY > 8 || over.current || selected.current, []);
  return { box, now, firstRow };
};

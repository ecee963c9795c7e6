import { useEffect, useState } from "react";

/** False at first, true after `ms`: for what stands around a page and must not hold up what is looked at. */
export const useLater = (ms = 1_000): boolean => {
  const [later, setLater] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLater(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return later;
};

/** True once `holds` has held for `ms`: sums are not asked for every filter that somebody passes through. */
export const useRested = (holds: boolean, ms = 300): boolean => {
  const [rested, setRested] = useState(false);
  useEffect(() => {
    if (!holds) return;
    const timer = setTimeout(() => setRested(true), ms);
    return () => {
      clearTimeout(timer);
      setRested(false);
    };
  }, [holds, ms]);
  return rested && holds;
};

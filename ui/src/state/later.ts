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

import { useEffect, useState } from "react";

/** The time now, ms since 1970, moving on every `everyMs`. */
export const useNow = (everyMs = 15_000): number => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};

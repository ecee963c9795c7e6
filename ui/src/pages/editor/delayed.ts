import { useEffect, useState } from "react";

/** `value` when it has rested for `ms`; `key` says when it is another. */
export const useDelayed = <Value>(value: Value, key: string, ms: number): { value: Value; key: string } => {
  const [held, setHeld] = useState({ value, key });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `value`, which is new with every render.
  useEffect(() => {
    if (held.key === key) return;
    const timer = setTimeout(() => setHeld({ value, key }), ms);
    return () => clearTimeout(timer);
  }, [key, ms, held.key]);
  return held;
};

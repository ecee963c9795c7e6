import { useEffect, useRef, useState } from "react";
import { useUrlState } from "../../state/url";

/**
 * A search that is typed and stands in the address. The field holds what is typed: the address follows a moment later,
 * and a field that waited for it would lose letters.
 */
export const useSearchText = (name: string): [string, (text: string) => void] => {
  const [written, setWritten] = useUrlState<string>(name, "");
  const [text, setText] = useState(written);
  const told = useRef(written);
  useEffect(() => {
    // The address changed by itself: Back, or a link.
    if (written === told.current) return;
    told.current = written;
    setText(written);
  }, [written]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      setWritten(text, { replace: true });
    }, 250);
    return () => clearTimeout(timer);
  }, [text, setWritten]);
  return [text, setText];
};

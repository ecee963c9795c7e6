// Keyboard shortcuts: components say which keys they answer to, `?` lists all of them.
import { useEffect, useRef, useSyncExternalStore } from "react";

/** `keys`: `j`, `?`, `Enter`, `ArrowDown`, `g o` (one after the other), `mod+s` (Ctrl, or ⌘ on a Mac). */
export type Shortcut = { keys: string; does: string; run: (event: KeyboardEvent) => void; hidden?: boolean };
type Group = { title: string; shortcuts: Shortcut[] };

let groups: Group[] = [];
let listed: readonly Group[] = [];
const subscribers = new Set<() => void>();
let prefix: { key: string; until: number } | null = null;

const tell = () => {
  listed = [...groups];
  for (const subscriber of subscribers) subscriber();
};

/** Whether typing goes into a field, where single keys are text. */
const isTyping = (event: KeyboardEvent): boolean => {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  return (
    target instanceof HTMLInputElement &&
    !["checkbox", "radio", "button", "submit", "range"].includes(target.type)
  );
};

/** Enter and Space on a control are the control's. */
const isControl = (event: KeyboardEvent): boolean =>
  event.composedPath()[0] instanceof HTMLElement &&
  (event.composedPath()[0] as HTMLElement).closest(
    "button, a, summary, select, [role=tab], [role=option]",
  ) !== null;

const nameOf = (event: KeyboardEvent): string =>
  `${event.ctrlKey || event.metaKey ? "mod+" : ""}${event.altKey ? "alt+" : ""}${event.key === " " ? "Space" : event.key}`;

const find = (keys: string): Shortcut | undefined => {
  for (let at = groups.length - 1; at >= 0; at -= 1) {
    const found = groups[at]?.shortcuts.find((shortcut) => shortcut.keys === keys);
    if (found) return found;
  }
  return undefined;
};

const pressed = (event: KeyboardEvent) => {
  if (event.defaultPrevented || event.isComposing) return;
  const name = nameOf(event);
  const plain = !name.startsWith("mod+");
  if (plain && isTyping(event)) return;
  if (plain && (name === "Enter" || name === "Space") && isControl(event)) return;
  // An open dialog has the keys to itself; only combinations reach the page.
  if (plain && document.querySelector("dialog[open]")) return;
  const combined = prefix && prefix.until > Date.now() ? find(`${prefix.key} ${name}`) : undefined;
  prefix = null;
  const shortcut = combined ?? find(name);
  if (shortcut) {
    event.preventDefault();
    shortcut.run(event);
  } else if (
    plain &&
    groups.some((group) => group.shortcuts.some((one) => one.keys.startsWith(`${name} `)))
  ) {
    prefix = { key: name, until: Date.now() + 1_500 };
  }
};

/** Answers to `shortcuts` while the calling component is shown. What is shown later wins over what was there before. */
export const useKeys = (title: string, shortcuts: Shortcut[], enabled = true): void => {
  const newest = useRef(shortcuts);
  newest.current = shortcuts;
  const signature = enabled ? shortcuts.map((one) => `${one.keys}=${one.does}`).join("|") : "";
  useEffect(() => {
    if (!signature) return;
    const group: Group = {
      title,
      shortcuts: newest.current.map((shortcut) => ({
        ...shortcut,
        run: (event) => newest.current.find((one) => one.keys === shortcut.keys)?.run(event),
      })),
    };
    if (groups.length === 0) document.addEventListener("keydown", pressed);
    groups = [...groups, group];
    tell();
    return () => {
      groups = groups.filter((one) => one !== group);
      if (groups.length === 0) document.removeEventListener("keydown", pressed);
      tell();
    };
  }, [title, signature]);
};

/** All shortcuts there are now, for the overlay. */
export const useAllKeys = (): readonly Group[] =>
  useSyncExternalStore(
    (subscriber) => {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    () => listed,
  );

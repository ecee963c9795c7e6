import { useState } from "react";
import { useAllKeys, useKeys } from "../state/keys";
import { Dialog } from "./dialog";

const mac = /mac/i.test(navigator.platform);
const caps: Record<string, string> = {
  Enter: "↵",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
};

/** Keys as caps: `g` `o`, `Ctrl` `S`. */
export const Keys = ({ keys }: { keys: string }) => (
  <span className="keys">
    {keys
      .split(" ")
      .flatMap((step) =>
        step
          .split("+")
          .map((key) => (
            <kbd key={`${step}-${key}`}>{key === "mod" ? (mac ? "⌘" : "Ctrl") : (caps[key] ?? key)}</kbd>
          )),
      )}
  </span>
);

/** `?` shows every shortcut that works where one is. */
export const KeysOverlay = () => {
  const [open, setOpen] = useState(false);
  const groups = useAllKeys();
  useKeys("Help", [{ keys: "?", does: "all keys", run: () => setOpen(true) }]);
  if (!open) return null;
  const titles = [...new Set(groups.map((group) => group.title))];
  return (
    <Dialog title="Keys" onClose={() => setOpen(false)} wide>
      <div className="keys-list">
        {titles.map((title) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {groups
                .filter((group) => group.title === title)
                .flatMap((group) => group.shortcuts.filter((one) => !one.hidden))
                .map((one) => (
                  <div key={one.keys}>
                    <dt>
                      <Keys keys={one.keys} />
                    </dt>
                    <dd>{one.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
};

import { dismiss, hold, useToasts } from "../state/toast";
import { Button, IconButton } from "./button";
import { Icon } from "./icon";

/** Shows what `toast()` says. Once, in the shell. */
export const Toasts = () => (
  <div className="toasts" role="status" aria-live="polite">
    {useToasts().map((one) => (
      // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only stops its clock.
      <div
        key={one.id}
        className={`toast ${one.tone}`}
        onMouseEnter={() => hold(one.id, true)}
        onMouseLeave={() => hold(one.id, false)}
        onFocus={() => hold(one.id, true)}
        onBlur={() => hold(one.id, false)}
      >
        <Icon name={one.tone === "wrong" ? "alert" : "check"} />
        <span className="toast-text">{one.text}</span>
        {one.undo && (
          <Button
            look="ghost"
            small
            onClick={() => {
              one.undo?.();
              dismiss(one.id);
            }}
          >
            Undo
          </Button>
        )}
        <IconButton icon="close" small label="Close" onClick={() => dismiss(one.id)} />
      </div>
    ))}
  </div>
);

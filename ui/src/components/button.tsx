import { type ButtonHTMLAttributes, type ReactNode, type Ref, useEffect, useRef, useState } from "react";
import { Link, type LinkProps } from "react-router";
import { classNames } from "./class-names";
import { Icon, type IconName } from "./icon";

type Look = { look?: "plain" | "primary" | "ghost" | "danger"; small?: boolean; icon?: IconName };
type ButtonProps = Look &
  ButtonHTMLAttributes<HTMLButtonElement> & { busy?: boolean; ref?: Ref<HTMLButtonElement> };

/** `busy` keeps the place and the words, and refuses a second press. */
export const Button = ({ look = "plain", small, icon, busy, className, children, ...rest }: ButtonProps) => (
  <button
    type="button"
    {...rest}
    className={classNames("button", look, small && "small", className)}
    aria-busy={busy || undefined}
    disabled={rest.disabled || busy}
  >
    {icon && <Icon name={icon} small />}
    {children}
  </button>
);

type IconButtonProps = Omit<ButtonProps, "children"> & { icon: IconName; label: string };

/** A button that shows an icon only; `label` is its name and its tooltip. */
export const IconButton = ({
  look = "ghost",
  small,
  icon,
  label,
  busy,
  className,
  ...rest
}: IconButtonProps) => (
  <button
    type="button"
    title={label}
    {...rest}
    className={classNames("button", "icon-only", look, small && "small", className)}
    aria-label={label}
    disabled={rest.disabled || busy}
  >
    <Icon name={icon} />
  </button>
);

/** A link that looks like a button. */
export const LinkButton = ({
  look = "plain",
  small,
  icon,
  className,
  children,
  ...rest
}: Look & LinkProps) => (
  <Link {...rest} className={classNames("button", look, small && "small", className)}>
    {icon && <Icon name={icon} small />}
    {children as ReactNode}
  </Link>
);

/** Copies `text`; says for two seconds that it did. */
export const CopyButton = ({
  text,
  label = "Copy",
  small = false,
  icon = "copy",
}: {
  text: string | (() => string);
  label?: string;
  small?: boolean;
  icon?: IconName;
}) => {
  const [state, setState] = useState<"" | "Copied" | "Copying is not allowed here">("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    const done = await copyText(typeof text === "string" ? text : text());
    setState(done ? "Copied" : "Copying is not allowed here");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState(""), 2_000);
  };
  return (
    <span className="copy-button">
      <IconButton
        look="plain"
        small={small}
        icon={state === "Copied" ? "check" : icon}
        label={label}
        onClick={() => void copy()}
      />
      <span role="status" className={state ? "copied" : "unseen"}>
        {state}
      </span>
    </span>
  );
};

/** Puts `text` on the clipboard; false when the browser forbids it. Without https there is only the old way. */
export const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
};

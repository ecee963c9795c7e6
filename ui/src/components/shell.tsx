// What is around every page: navigation, live data, keys, toasts.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useState } from "react";
import { Link, NavLink, useLocation, useNavigate } from "react-router";
import { api } from "../api/client";
import { useLive, useLiveStream } from "../api/live";
import type { Evaluators, Pipeline } from "../api/types";
import { useKeys } from "../state/keys";
import { useLater } from "../state/later";
import { useSession } from "../state/session";
import { setTheme, useTheme } from "../state/theme";
import { clock, compact } from "../text/format";
import { IconButton } from "./button";
import { Dialog } from "./dialog";
import { Icon, type IconName, Logo } from "./icon";
import { KeysOverlay } from "./keys-overlay";
import { Skeleton } from "./states";
import { StatusWord } from "./tag";
import { Toasts } from "./toasts";

type Place = { to: string; label: string; icon: IconName; key: string };

const places: readonly Place[] = [
  { to: "/", label: "Overview", icon: "overview", key: "o" },
  { to: "/traces", label: "Traces", icon: "traces", key: "t" },
  { to: "/evaluators", label: "Evaluators", icon: "evaluators", key: "e" },
  { to: "/results", label: "Results", icon: "results", key: "r" },
  { to: "/usage", label: "Usage", icon: "usage", key: "u" },
  { to: "/setup", label: "Setup", icon: "setup", key: "s" },
];

export const Shell = ({ children }: { children: ReactNode }) => {
  useLiveStream();
  const go = useNavigate();
  const { pathname } = useLocation();
  const [more, setMore] = useState(false);
  useKeys(
    "Go to",
    places.map((place) => ({ keys: `g ${place.key}`, does: place.label, run: () => void go(place.to) })),
  );
  const inMore = places.slice(4).some((place) => pathname.startsWith(place.to));
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <nav className="nav" aria-label="Main">
        <Link className="brand" to="/" aria-label="Spanjudge">
          <Logo />
          <span className="nav-word">Spanjudge</span>
        </Link>
        {places.map((place) => (
          <NavLink
            key={place.to}
            className="nav-item"
            to={place.to}
            end={place.to === "/"}
            title={place.label}
          >
            <Icon name={place.icon} />
            <span className="nav-word">{place.label}</span>
            {place.to === "/evaluators" && <EvaluatorCount />}
          </NavLink>
        ))}
        <div className="nav-foot">
          <Receiving />
          <Foot />
        </div>
      </nav>
      <div className="main">
        <Suspense fallback={<Skeleton rows={8} />}>{children}</Suspense>
      </div>
      <nav className="tabbar" aria-label="Main, phone">
        {places.slice(0, 4).map((place) => (
          <NavLink key={place.to} to={place.to} end={place.to === "/"}>
            <Icon name={place.icon} />
            {place.label}
          </NavLink>
        ))}
        <button
          type="button"
          aria-haspopup="dialog"
          aria-current={inMore ? "page" : undefined}
          onClick={() => setMore(true)}
        >
          <Icon name="more" />
          More
        </button>
      </nav>
      {more && (
        <Dialog title="More" onClose={() => setMore(false)}>
          <ul className="more-list">
            {places.slice(4).map((place) => (
              <li key={place.to}>
                <Link to={place.to} onClick={() => setMore(false)}>
                  <Icon name={place.icon} />
                  {place.label}
                </Link>
              </li>
            ))}
            <li>
              <Foot />
            </li>
          </ul>
        </Dialog>
      )}
      <KeysOverlay />
      <Toasts />
    </div>
  );
};

const EvaluatorCount = () => {
  const { data } = useQuery({
    enabled: useLater(),
    queryKey: ["evaluators", "count"],
    queryFn: ({ signal }) => api.get<Evaluators>("/evaluators", { signal }),
    staleTime: 60_000,
    select: (evaluators) => evaluators.items.length,
  });
  return data ? <span className="nav-count">{data}</span> : null;
};

/** Whether spans arrive, at the foot of the navigation. */
const Receiving = () => {
  const { state, changed } = useLive();
  const { data } = useQuery({
    enabled: useLater(),
    queryKey: ["pipeline"],
    queryFn: ({ signal }) => api.get<Pipeline>("/pipeline", { signal }),
    refetchInterval: 15_000,
  });
  let words = "";
  let dot: "on" | "off" | "draft" | "wrong" = "off";
  if (state === "reconnecting") {
    words = `Reconnecting${changed > 0 ? `, data of ${clock(changed, false)}` : ""}`;
    dot = "wrong";
  } else if (data && !data.ready) {
    words = data.not_ready || "Not ready";
    dot = "wrong";
  } else if (data && data.spans === 0) {
    words = "No spans yet";
    dot = "draft";
  } else if (data) {
    words =
      data.received_per_second > 0
        ? `Receiving, ${compact(data.received_per_second)} spans/s`
        : "Ready, no spans now";
    dot = "on";
  }
  return words ? (
    <span className="nav-line">
      <StatusWord state={dot} title={words}>
        <span className="nav-word">{words}</span>
      </StatusWord>
    </span>
  ) : null;
};

/** Version, sign out, theme. */
const Foot = () => {
  const theme = useTheme();
  const session = useSession().data;
  const client = useQueryClient();
  const go = useNavigate();
  const signOut = async () => {
    await api.delete("/session").catch(() => undefined);
    client.clear();
    client.setQueryData(["session"], null);
    void go("/sign-in");
  };
  return (
    <span className="nav-line">
      <span className="nav-word cut grow">{session?.version}</span>
      {session?.by === "cookie" && (
        <IconButton small icon="out" label="Sign out" onClick={() => void signOut()} />
      )}
      <IconButton
        small
        icon={theme === "dark" ? "sun" : "moon"}
        label={theme === "dark" ? "Light theme" : "Dark theme"}
        onClick={() => setTheme(theme === "dark" ? "light" : "dark")}
      />
    </span>
  );
};

// Routes. A page is loaded when it is first opened.
import { type ComponentType, lazy, type ReactNode, useEffect, useState } from "react";
import { Navigate, Route, Routes, useLocation, useNavigate } from "react-router";
import { onSignedOut } from "./api/client";
import { queries } from "./api/queries";
import { LinkButton } from "./components/button";
import { FailureBoundary } from "./components/failure-boundary";
import { Page } from "./components/page";
import { Shell } from "./components/shell";
import { EmptyState, ErrorPanel } from "./components/states";
import { useSession } from "./state/session";

/** The page at the address that was opened: it loads while it is asked who is signed in. */
export let firstPage: Promise<unknown> = Promise.resolve();

/** What has loaded is drawn at once: React holds back for 300 ms what it has once shown a gap for. */
const page = (at: RegExp, load: () => Promise<{ default: ComponentType }>) => {
  let loaded: ComponentType | undefined;
  const loading = async () => {
    const module = await load();
    loaded = module.default;
    return module;
  };
  const Later = lazy(loading);
  if (at.test(window.location.pathname)) firstPage = loading().catch(() => undefined);
  return () => {
    const [Chosen] = useState<ComponentType>(() => loaded ?? Later);
    return <Chosen />;
  };
};

const Overview = page(/^\/$/, () => import("./pages/overview/overview"));
const Traces = page(/^\/traces$/, () => import("./pages/traces/traces"));
const Trace = page(/^\/traces\/./, () => import("./pages/trace/trace"));
const Evaluators = page(/^\/evaluators$/, () => import("./pages/evaluators/evaluators"));
const Editor = page(/^\/evaluators\/./, () => import("./pages/editor/editor"));
const Results = page(/^\/results$/, () => import("./pages/results/results"));
const Usage = page(/^\/usage$/, () => import("./pages/usage/usage"));
const Setup = page(/^\/setup$/, () => import("./pages/setup/setup"));
const SignIn = page(/^\/sign-in$/, () => import("./pages/sign-in/sign-in"));

export const App = () => (
  <Routes>
    <Route path="/sign-in" element={<SignIn />} />
    <Route path="*" element={<SignedIn />} />
  </Routes>
);

/** The pages, for those who are signed in; others are led to the sign-in page and back again. */
const SignedIn = () => {
  const session = useSession();
  const { pathname, search } = useLocation();
  const go = useNavigate();
  useEffect(() => {
    return onSignedOut(() => {
      queries.setQueryData(["session"], null);
      void go(`/sign-in?to=${encodeURIComponent(window.location.pathname + window.location.search)}`);
    });
  }, [go]);
  if (session.isPending) return null;
  if (session.isError) {
    return (
      <ErrorPanel
        error={session.error}
        what="Spanjudge cannot be reached"
        onRetry={() => void session.refetch()}
      />
    );
  }
  if (session.data === null) {
    const back = pathname === "/" && !search ? "" : `?to=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/sign-in${back}`} replace />;
  }
  const shown = (element: ReactNode) => <FailureBoundary where={pathname}>{element}</FailureBoundary>;
  return (
    <Shell>
      <Routes>
        <Route path="/" element={shown(<Overview />)} />
        <Route path="/traces" element={shown(<Traces />)} />
        <Route path="/traces/:traceId" element={shown(<Trace />)} />
        <Route path="/evaluators" element={shown(<Evaluators />)} />
        <Route path="/evaluators/new" element={shown(<Editor />)} />
        <Route path="/evaluators/:name" element={shown(<Editor />)} />
        <Route path="/results" element={shown(<Results />)} />
        <Route path="/usage" element={shown(<Usage />)} />
        <Route path="/setup" element={shown(<Setup />)} />
        <Route path="*" element={<Nowhere />} />
      </Routes>
    </Shell>
  );
};

const Nowhere = () => (
  <Page title="Not found">
    <EmptyState
      icon="search"
      title="There is no page at this address"
      action={<LinkButton to="/">Overview</LinkButton>}
    />
  </Page>
);

// Opens the editor: on a stored evaluator, on a gallery entry, on a copy, or from scratch.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation, useParams, useSearchParams } from "react-router";
import { ApiError, api } from "../../api/client";
import type { Definition, Evaluator, Evaluators, Gallery } from "../../api/types";
import { LinkButton } from "../../components/button";
import { Page } from "../../components/page";
import { EmptyState, ErrorPanel, Skeleton } from "../../components/states";
import { freeName } from "./form";
import { newestOf } from "./stored";
import { Workbench } from "./workbench";
import "./editor.css";
import "./trial/trial.css";
import "./phone.css";

const crumbs = [{ label: "Evaluators", to: "/evaluators" }] as const;

export default function EditorPage() {
  const { name } = useParams();
  const [parameters] = useSearchParams();
  const from = parameters.get("from") ?? "";
  const copy = parameters.get("copy") ?? "";
  if (name !== undefined) return <Stored key={name} name={name} />;
  return <New key={`${from}/${copy}`} from={from} copy={copy} />;
}

const load = (name: string) => ({
  queryKey: ["evaluator", name],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    api.get<Evaluator>(`/evaluators/${encodeURIComponent(name)}`, { signal }),
});

function Stored({ name }: { name: string }) {
  const query = useQuery(load(name));
  if (query.data) {
    const newest = newestOf(query.data);
    if (!newest) return <Missing name={name} />;
    return <Workbench evaluator={query.data} begin={newest.definition} draftKey={`evaluator.${name}`} />;
  }
  if (query.error instanceof ApiError && query.error.status === 404) return <Missing name={name} />;
  return (
    <Page title={name} crumbs={crumbs}>
      {query.error ? (
        <ErrorPanel
          error={query.error}
          what="The evaluator could not be loaded"
          onRetry={() => void query.refetch()}
        />
      ) : (
        <Skeleton rows={8} />
      )}
    </Page>
  );
}

const Missing = ({ name }: { name: string }) => (
  <Page title={name} crumbs={crumbs}>
    <EmptyState
      icon="search"
      title={`There is no evaluator “${name}”`}
      action={<LinkButton to="/evaluators">Evaluators</LinkButton>}
    />
  </Page>
);

const isImport = (state: unknown): state is { definition: Definition } =>
  typeof state === "object" && state !== null && "definition" in state;

function New({ from, copy }: { from: string; copy: string }) {
  const gallery = useQuery({
    queryKey: ["gallery"],
    queryFn: ({ signal }) => api.get<Gallery>("/gallery", { signal }),
    enabled: !copy,
  });
  const copied = useQuery({ ...load(copy), enabled: copy !== "" });
  const known = useQuery({
    queryKey: ["evaluators", "names"],
    queryFn: ({ signal }) => api.get<Evaluators>("/evaluators", { query: { archived: true }, signal }),
    // The names at the beginning decide; what is made meanwhile is said when this is saved.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    meta: { live: false },
  });
  // An imported file comes with the navigation, which a reload keeps.
  const state: unknown = useLocation().state;
  const imported = isImport(state) ? state.definition : null;
  const begin = useMemo((): Definition | null => {
    const taken = new Set((known.data?.items ?? []).map((row) => row.name));
    const named = (definition: Definition) => ({ ...definition, name: freeName(definition.name, taken) });
    if (!known.data) return null;
    if (copy) return copied.data ? named(newestOf(copied.data)?.definition as Definition) : null;
    if (imported) return named(imported);
    if (!gallery.data) return null;
    const entry = gallery.data.items.find((one) => one.id === from);
    return named(entry ? entry.definition : gallery.data.scratch);
  }, [known.data, copied.data, gallery.data, copy, from, imported]);
  const error = known.error ?? (copy ? copied.error : gallery.error);
  if (begin)
    return (
      <Workbench
        evaluator={null}
        begin={begin}
        draftKey={`evaluator-new.${copy ? `copy.${copy}` : from || "scratch"}`}
      />
    );
  const retry = () => {
    void known.refetch();
    void (copy ? copied : gallery).refetch();
  };
  return (
    <Page title="New evaluator" crumbs={crumbs}>
      {error ? (
        <ErrorPanel error={error} what="What it begins from could not be loaded" onRetry={retry} />
      ) : (
        <Skeleton rows={8} />
      )}
    </Page>
  );
}

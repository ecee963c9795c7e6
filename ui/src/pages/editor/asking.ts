// What the editor asks the server while somebody types: what is wrong, how many spans fit, what they are made of.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { ApiError, api } from "../../api/client";
import type {
  Attributes,
  AttributeValues,
  Definition,
  Facets,
  Issue,
  Judges,
  Preview,
  Validation,
} from "../../api/types";
import { useDelayed } from "./delayed";
import { canonical } from "./form";
import { refusedIssues } from "./issues";

const day = 24 * 3600e3;
const quiet = { live: false };

/** Everything that is wrong with the definition, a moment after it rests. `checked`: it is of this very definition (or cannot be had). */
export const useValidation = (definition: Definition): { issues: readonly Issue[]; checked: boolean } => {
  const now = canonical(definition);
  const { value, key } = useDelayed(definition, now, 350);
  const { data, isError, isPlaceholderData } = useQuery({
    queryKey: ["validation", key],
    queryFn: async ({ signal }): Promise<Issue[]> => {
      try {
        return (await api.post<Validation>("/evaluators/validate", { definition: value }, { signal })).issues;
      } catch (error) {
        // A field of the wrong type is refused before anything else is looked at: that is an answer too.
        if (error instanceof ApiError && error.status === 422) return refusedIssues(error.errors);
        throw error;
      }
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 60_000,
    meta: quiet,
  });
  return {
    issues: data ?? [],
    checked: key === now && (isError || (data !== undefined && !isPlaceholderData)),
  };
};

export const samplesAsked = 16;

/** What decides how many spans are judged and what a call costs. */
const counted = ({
  target,
  judge,
  scope,
  needs,
  rubric,
  brief,
  prompt,
  variables,
  answer,
  name,
}: Definition) => canonical({ target, judge, scope, needs, rubric, brief, prompt, variables, answer, name });

/**
 * How many spans of the last 24 hours the scope takes, and some of them. `errors` are what is wrong with the
 * definition, null while that is not known: what is half written is not asked about.
 */
export const usePreview = (definition: Definition, errors: readonly Issue[] | null) => {
  const now = counted(definition);
  const { value, key } = useDelayed(definition, now, 500);
  const query = useQuery({
    queryKey: ["editor-preview", key],
    queryFn: ({ signal }) =>
      api.post<Preview>("/previews", { definition: value, hours: 24, samples: samplesAsked }, { signal }),
    enabled: errors?.length === 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
    retry: false,
    meta: quiet,
  });
  // While a prompt is half written nothing can be counted: what was counted last stays, so that nothing jumps.
  const last = useRef(query.data);
  if (query.data) last.current = query.data;
  const inScope = errors?.find(({ field }) => /^(scope|needs|variables)\b/.test(field));
  return {
    data: query.data ?? last.current,
    error: inScope ?? (last.current ? null : query.error),
    isFetching: query.isFetching,
    isPending: query.isPending,
    refetch: query.refetch,
    current: key === now && query.data !== undefined && !query.isPlaceholderData,
  };
};

/** The same of what is published now, to compare with. */
export const usePublishedPreview = (definition: Definition | null, enabled: boolean) =>
  useQuery({
    queryKey: ["editor-preview", definition ? counted(definition) : ""],
    queryFn: ({ signal }) =>
      api.post<Preview>("/previews", { definition, hours: 24, samples: samplesAsked }, { signal }),
    enabled: enabled && definition !== null,
    staleTime: 30_000,
    retry: false,
    meta: quiet,
  });

export const useServices = () =>
  useQuery({
    queryKey: ["facets", "editor"],
    queryFn: ({ signal }) =>
      api.get<Facets>("/facets", { query: { from: new Date(Date.now() - 7 * day).toISOString() }, signal }),
    staleTime: 60_000,
    meta: quiet,
  });

export const useAttributes = (services: readonly string[]) =>
  useQuery({
    queryKey: ["attributes", ...services],
    queryFn: ({ signal }) => api.get<Attributes>("/attributes", { query: { service: services }, signal }),
    staleTime: 60_000,
    meta: quiet,
  });

export const useAttributeValues = (name: string, services: readonly string[], enabled: boolean) => {
  const { value } = useDelayed(name, name, 250);
  return useQuery({
    queryKey: ["attribute-values", value, ...services],
    queryFn: ({ signal }) =>
      api.get<AttributeValues>("/attributes/values", { query: { name: value, service: services }, signal }),
    enabled: enabled && value !== "",
    staleTime: 60_000,
    retry: false,
    meta: quiet,
  });
};

export const useJudges = () =>
  useQuery({
    queryKey: ["judges"],
    queryFn: ({ signal }) => api.get<Judges>("/judges", { signal }),
    staleTime: 15_000,
  });

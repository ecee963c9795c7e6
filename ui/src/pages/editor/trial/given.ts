// The span that the editor was opened from: it stands first among those to try.
import { useQuery } from "@tanstack/react-query";
import { api } from "../../../api/client";
import type { SpanDetail } from "../../../api/types";
import { useUrlState } from "../../../state/url";
import { ofDetail, type Subject } from "./subject";

/** The subject that the address names by `trace` and `span`; null without one, or when it is not stored any more. */
export const useGivenSubject = (): Subject | null => {
  const [trace] = useUrlState("trace", "");
  const [span] = useUrlState("span", "");
  const { data } = useQuery({
    queryKey: ["span", trace, span, "given"],
    queryFn: ({ signal }) =>
      api.get<SpanDetail>(`/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span)}`, {
        signal,
      }),
    enabled: trace !== "" && span !== "",
    select: ofDetail,
    staleTime: Number.POSITIVE_INFINITY,
    meta: { live: false },
  });
  return data ?? null;
};

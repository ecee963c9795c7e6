import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Setup } from "../../api/types";

/** What snippets are made of, and whether spans have come. */
export const useSetup = () =>
  useQuery({
    queryKey: ["setup"],
    queryFn: ({ signal }) => api.get<Setup>("/setup", { signal }),
    refetchInterval: 10_000,
  });

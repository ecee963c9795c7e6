// Who is signed in. Without a session every page leads to the sign-in page and back again.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, api } from "../api/client";
import type { Session } from "../api/types";

/** Asks who is signed in; nobody is null. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await api.get<Session>("/session", { signal });
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
});

/** The session; `data` is null when nobody is signed in. */
export const useSession = () => useQuery(sessionQuery);

/** Whether what changes or costs something may be done. */
export const useMayChange = (): boolean => useSession().data?.scopes.includes("admin") ?? false;

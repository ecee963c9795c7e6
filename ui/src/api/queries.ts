import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Waiting again helps when the server was away or busy; it does not change what it refuses. */
const worthAnotherTry = (count: number, error: Error): boolean =>
  count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500);

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: worthAnotherTry,
      retryDelay: (count) => 500 * 2 ** count,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});

// A token that may only send spans, made here: it is known until the page is left, and never again.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api } from "../../api/client";
import type { MadeToken } from "../../api/types";

let made: string | null = null;
const subscribers = new Set<() => void>();

/** The token that was made in this visit, and how to make one. */
export const useIngestToken = () => {
  const client = useQueryClient();
  const token = useSyncExternalStore(
    (subscriber) => {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    () => made,
  );
  const making = useMutation({
    mutationFn: () => api.post<MadeToken>("/tokens", { name: "Made on the setup page", scopes: ["ingest"] }),
    onSuccess: (answer) => {
      made = answer.token;
      for (const subscriber of subscribers) subscriber();
      void client.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  return { token, making };
};

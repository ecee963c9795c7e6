// A long list, newest first, that is read in pages while new rows come in above it. What is being read never moves:
// rows that came wait until the reader lets them in, or come in at once while nothing but the top is looked at.
import {
  type InfiniteData,
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, type Query } from "../../api/client";
import type { Page } from "../../api/types";
import { known, type Loaded, newIn, replaced } from "./merge";

const firstPage = 50;
const furtherPages = 100;
/** A search that finds little looks on by itself until so many rows were found since it last paused. */
const enoughFound = 50;

export type LiveList<Item> = {
  rows: Item[];
  /** Nothing was shown before: skeletons. */
  loading: boolean;
  /** Other filters' rows are still shown. */
  stale: boolean;
  error: Error | null;
  retry: () => void;
  /** Rows that came above what is shown; `freshMore` when there may be more of them than were counted. */
  fresh: number;
  freshMore: boolean;
  letIn: () => void;
  end: boolean;
  loadMore: () => void;
  loadingMore: boolean;
  /** A text search that is still looking; `reached` is the time down to which it looked. */
  searching: boolean;
  reached: string | null;
};

type Options<Item> = {
  noun: "traces" | "results";
  /** Stands for filters and window in the query's key. */
  key: string;
  /** Filters and window as of now. */
  query: () => Query;
  idOf: (item: Item) => string;
  /** Whether somebody reads further down, points at a row or has one selected. */
  reading: () => boolean;
  /** The row looked at first: its page is asked again when results come in. */
  firstVisible: number;
};

export const useLiveList = <Item>(options: Options<Item>): LiveList<Item> => {
  const { noun, key, idOf } = options;
  const client = useQueryClient();
  const newest = useRef(options);
  newest.current = options;
  const listKey = useMemo(() => [noun, "list", key], [noun, key]);

  const headKey = useMemo(() => [noun, "newest", key], [noun, key]);
  const ask = useCallback(
    (cursor: string | null, signal: AbortSignal) =>
      api.get<Page<Item>>(`/${noun}`, {
        query: { ...newest.current.query(), cursor, limit: cursor ? furtherPages : firstPage },
        signal,
      }),
    [noun],
  );

  const list = useInfiniteQuery({
    queryKey: listKey,
    queryFn: async ({ pageParam, signal }) => {
      const page = await ask(pageParam, signal);
      // The newest rows are these: they need not be asked for again at once.
      if (pageParam === null) client.setQueryData(headKey, page);
      return page;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    meta: { live: false },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10 * 60_000,
    refetchOnWindowFocus: false,
  });
  const pages = list.data?.pages;
  const settled = list.isSuccess && !list.isPlaceholderData;

  const change = useCallback(
    (update: (data: Loaded<Item>) => Loaded<Item>) =>
      client.setQueryData<InfiniteData<Page<Item>, string | null>>(listKey, (data) =>
        data ? update(data) : data,
      ),
    [client, listKey],
  );

  // The newest rows, asked again whenever something came.
  const head = useQuery({
    queryKey: headKey,
    queryFn: ({ signal }) => ask(null, signal),
    enabled: settled,
    staleTime: 10_000,
  });
  const [waiting, setWaiting] = useState<{
    of: string;
    page: Page<Item>;
    count: number;
    more: boolean;
  } | null>(null);

  const headPage = head.data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new answer is absorbed; what it meets is read then.
  useEffect(() => {
    if (!headPage || !settled) return;
    const loaded = client.getQueryData<Loaded<Item>>(listKey);
    if (!loaded) return;
    const came = newIn(loaded, headPage.items, idOf);
    if (came.count > 0 && !newest.current.reading()) {
      client.setQueryData<Loaded<Item>>(listKey, { pages: [headPage], pageParams: [null] });
      setWaiting(null);
      return;
    }
    change((data) => replaced(data, headPage.items, idOf));
    setWaiting(came.count > 0 ? { of: key, page: headPage, ...came } : null);
  }, [headPage]);

  const letIn = useCallback(() => {
    if (waiting?.of === key)
      client.setQueryData<Loaded<Item>>(listKey, { pages: [waiting.page], pageParams: [null] });
    setWaiting(null);
  }, [client, listKey, key, waiting]);

  // What is read further down: verdicts that come later change in place.
  const seen = pageAt(pages, options.firstVisible);
  const seenCursor = seen > 0 ? (list.data?.pageParams[seen] as string | null) : null;
  const below = useQuery({
    queryKey: [noun, "seen", key, seenCursor],
    queryFn: ({ signal }) => ask(seenCursor, signal),
    enabled: settled && seenCursor !== null,
    initialData: () => pages?.[seen],
    initialDataUpdatedAt: () => list.dataUpdatedAt,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const belowPage = below.data;
  useEffect(() => {
    if (belowPage && seenCursor) change((data) => replaced(data, belowPage.items, idOf));
  }, [belowPage, seenCursor, change, idOf]);

  const rows = useMemo(() => known(pages, idOf), [pages, idOf]);
  const last = pages?.at(-1);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = list;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && settled) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, settled, fetchNextPage]);

  // A search that stopped after its share of work goes on by itself.
  const pausedAt = useRef({ key, rows: 0 });
  if (pausedAt.current.key !== key) pausedAt.current = { key, rows: 0 };
  const searching = settled && last?.partial === true && hasNextPage;
  const goesOn = searching && rows.length - pausedAt.current.rows < enoughFound && !isFetchNextPageError;
  useEffect(() => {
    if (goesOn && !isFetchingNextPage) void fetchNextPage();
  }, [goesOn, isFetchingNextPage, fetchNextPage]);
  const further = useCallback(() => {
    pausedAt.current = { key, rows: rows.length };
    loadMore();
  }, [key, rows.length, loadMore]);

  return {
    rows,
    loading: list.isPending,
    stale: list.isPlaceholderData,
    error: list.error,
    retry: () => void (pages ? list.fetchNextPage() : list.refetch()),
    fresh: waiting?.of === key ? waiting.count : 0,
    freshMore: waiting?.of === key && waiting.more,
    letIn,
    end: settled && !hasNextPage,
    loadMore: further,
    loadingMore: isFetchingNextPage,
    searching: goesOn,
    reached: searching ? (last?.reached ?? null) : null,
  };
};

/** Which loaded page holds the row. */
const pageAt = <Item>(pages: readonly Page<Item>[] | undefined, row: number): number => {
  let left = row;
  for (const [at, page] of (pages ?? []).entries()) {
    if (left < page.items.length) return at;
    left -= page.items.length;
  }
  return 0;
};

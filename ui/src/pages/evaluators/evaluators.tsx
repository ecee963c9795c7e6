// All evaluators, the worst first, and the gallery to begin new ones from.
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "../../api/client";
import type { EvaluatorRow, Evaluators } from "../../api/types";
import { Button, LinkButton } from "../../components/button";
import { Card } from "../../components/card";
import { Icon } from "../../components/icon";
import { Page } from "../../components/page";
import { Segmented } from "../../components/segmented";
import { EmptyState, QueryPanel, Skeleton } from "../../components/states";
import { useKeys } from "../../state/keys";
import { useMayChange } from "../../state/session";
import { useUrlState } from "../../state/url";
import { ArchiveDialog } from "./archive-dialog";
import { BackfillDialog, Backfills } from "./backfills";
import { Gallery } from "./gallery";
import { ImportDialog } from "./import-dialog";
import { EvaluatorList } from "./list";
import { countOf, isFound, isOf, type Kind, ordered, type SortKey } from "./order";
import { useSearchText } from "./search-text";
import "./evaluators.css";

const kinds = ["all", "published", "draft", "paused", "archived"] as const;
const names: Record<Kind, string> = {
  all: "All",
  published: "Published",
  draft: "Draft",
  paused: "Paused",
  archived: "Archived",
};
const sorts = ["worst", "name", "results", "cost", "waiting"] as const;
const windowWords = "24 h";

export default function EvaluatorsPage() {
  const mayChange = useMayChange();
  const [kind, setKind] = useUrlState<Kind>("status", "all", kinds);
  const [search, setSearch] = useSearchText("q");
  const [sort, setSort] = useUrlState<SortKey>("sort", "worst", sorts);
  const [archiving, setArchiving] = useState<EvaluatorRow | null>(null);
  const [backfilling, setBackfilling] = useState<EvaluatorRow | null>(null);
  const [importing, setImporting] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const query = useQuery({
    queryKey: ["evaluators", "list"],
    queryFn: ({ signal }) =>
      api.get<Evaluators>("/evaluators", { query: { hours: 24, archived: true }, signal }),
  });
  useKeys("Evaluators", [{ keys: "/", does: "Search", run: () => field.current?.focus() }]);
  const rows = query.data?.items ?? [];
  const options = kinds.map((value) => ({
    value,
    label: names[value],
    count: query.data ? String(countOf(rows, value)) : undefined,
  }));
  const shown = ordered(
    rows.filter((row) => isOf(row, kind) && isFound(row, search)),
    sort,
  );
  return (
    <Page
      title="Evaluators"
      actions={
        mayChange && (
          <>
            <Button className="not-phone" onClick={() => setImporting(true)}>
              Import YAML
            </Button>
            <LinkButton look="primary" icon="plus" to="/evaluators/new">
              New evaluator
            </LinkButton>
          </>
        )
      }
    >
      <div className="filter-bar">
        <span className="search">
          <Icon name="search" small />
          <input
            ref={field}
            type="search"
            className="input"
            aria-label="Search evaluators and the gallery"
            placeholder="Name, service, judge model"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <kbd>/</kbd>
        </span>
        <Segmented label="Status" value={kind} options={options} onChange={setKind} />
      </div>
      <Card flush className="evaluators">
        <QueryPanel query={query} what="Evaluators could not be loaded" skeleton={<Skeleton rows={8} />}>
          {() =>
            shown.length ? (
              <EvaluatorList
                rows={shown}
                sort={sort}
                onSort={setSort}
                windowWords={windowWords}
                mayChange={mayChange}
                onArchive={setArchiving}
                onBackfill={setBackfilling}
              />
            ) : countOf(rows, "all") === 0 && kind === "all" ? (
              <EmptyState icon="evaluators" title="There is no evaluator yet">
                Choose one below: it opens with everything filled in, and nothing is judged before you publish
                it
              </EmptyState>
            ) : (
              <EmptyState
                icon="search"
                title={
                  search ? `No evaluator fits “${search}”` : `No evaluator is ${names[kind].toLowerCase()}`
                }
                action={
                  <Button
                    onClick={() => {
                      if (search) setSearch("");
                      else setKind("all");
                    }}
                  >
                    {search ? "Remove the search" : "Show all"}
                  </Button>
                }
              />
            )
          }
        </QueryPanel>
      </Card>
      <Backfills mayChange={mayChange} />
      <Gallery search={search} />
      {archiving && (
        <ArchiveDialog row={archiving} windowWords={windowWords} onClose={() => setArchiving(null)} />
      )}
      {backfilling && <BackfillDialog row={backfilling} onClose={() => setBackfilling(null)} />}
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
    </Page>
  );
}

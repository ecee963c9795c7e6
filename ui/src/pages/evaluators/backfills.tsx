// Judging what is stored already: how much, what it costs, and how far it is.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import type {
  Backfill,
  BackfillBody,
  BackfillPreview,
  Backfills as BackfillsShape,
  EvaluatorRow,
} from "../../api/types";
import { Button } from "../../components/button";
import { Card } from "../../components/card";
import { Dialog } from "../../components/dialog";
import { Checkbox, Field, Select, TextInput } from "../../components/field";
import { ErrorPanel, Skeleton, wordsOf } from "../../components/states";
import { useNow } from "../../state/now";
import { toast } from "../../state/toast";
import { ago, compact, count, money, plural } from "../../text/format";
import { useDelayed } from "../editor/delayed";

const windows = [
  ["1", "the last hour"],
  ["24", "the last 24 hours"],
  ["168", "the last 7 days"],
  ["720", "the last 30 days"],
] as const;

const wholeNumber = (text: string): number | null => (/^\d{1,7}$/.test(text.trim()) ? Number(text) : null);

export function BackfillDialog({ row, onClose }: { row: EvaluatorRow; onClose: () => void }) {
  const client = useQueryClient();
  const [hours, setHours] = useState<string>("24");
  const [most, setMost] = useState("1000");
  const [sampled, setSampled] = useState(true);
  const [began] = useState(Date.now);
  const cap = wholeNumber(most);
  const isRight = cap !== null && cap >= 1 && cap <= 1_000_000;
  const body: BackfillBody = {
    evaluator: row.name,
    start: new Date(began - Number(hours) * 3600e3).toISOString(),
    end: new Date(began).toISOString(),
    most: cap ?? 1,
    sampled,
  };
  const { value, key } = useDelayed(body, JSON.stringify(body), 350);
  const preview = useQuery({
    queryKey: ["backfill-preview", key],
    queryFn: ({ signal }) => api.post<BackfillPreview>("/backfills/preview", value, { signal }),
    enabled: isRight,
    retry: false,
    meta: { live: false },
  });
  const start = useMutation({
    mutationFn: () => api.post<Backfill>("/backfills", body),
    onSuccess: async () => {
      toast(`${row.name} judges stored spans`);
      await client.invalidateQueries({ queryKey: ["backfills"] });
      onClose();
    },
  });
  const found = preview.data;
  const isCurrent = key === JSON.stringify(body) && found !== undefined;
  const short = found?.usd != null && found.budget_left_usd !== null && found.usd > found.budget_left_usd;
  return (
    <Dialog
      title={`Judge stored spans with ${row.name}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            busy={start.isPending}
            disabled={!isRight || !isCurrent || found.jobs === 0}
            onClick={() => start.mutate()}
          >
            {isCurrent && found.jobs > 0
              ? `Judge ${plural(found.jobs, row.target)}${found.usd === null ? "" : `, about ${money(found.usd)}`}`
              : "Judge"}
          </Button>
        </>
      }
    >
      <p className="soft">Spans in its scope that v{row.number} has not judged yet, the newest first.</p>
      <div className="two">
        <Field label="Of">
          {(tied) => (
            <Select {...tied} value={hours} onChange={(event) => setHours(event.target.value)}>
              {windows.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="No more than" error={isRight ? undefined : "Write a whole number from 1 to 1,000,000"}>
          {(tied) => (
            <TextInput
              {...tied}
              inputMode="numeric"
              value={most}
              onChange={(event) => setMost(event.target.value)}
            />
          )}
        </Field>
      </div>
      {row.sampling < 100 && (
        <Checkbox
          label={`Only what sampling takes (${row.sampling}%)`}
          checked={sampled}
          onChange={(event) => setSampled(event.target.checked)}
        />
      )}
      {preview.error ? (
        <ErrorPanel
          error={preview.error}
          what="It cannot be said what this would do"
          onRetry={() => void preview.refetch()}
        />
      ) : !found ? (
        <Skeleton rows={3} height={22} />
      ) : (
        <dl className={isCurrent ? "facts" : "facts older"} aria-live="polite">
          <dt>In scope</dt>
          <dd>
            {found.exact ? "" : "about "}
            {plural(found.matching, row.target)}, {count(found.judged_already)} judged already
          </dd>
          <dt>Would be judged</dt>
          <dd>
            {count(found.jobs)}
            {found.batched ? ", in calls shared with other evaluators" : ""}
          </dd>
          <dt>Cost</dt>
          <dd>
            {found.usd === null ? "price not known" : `about ${money(found.usd)}`},{" "}
            {compact(Math.round(found.tokens))} tokens
          </dd>
          <dt>Budget left</dt>
          <dd className={short ? "short" : undefined}>
            {found.budget_left_usd === null
              ? found.budget_left_tokens === null
                ? "no limit"
                : `${compact(found.budget_left_tokens)} tokens`
              : money(found.budget_left_usd)}
            {short ? ": it stops when the budget is used up and goes on with the next" : ""}
          </dd>
        </dl>
      )}
      {start.error && <p className="field-error">{wordsOf(start.error)}</p>}
    </Dialog>
  );
}

const states: Record<Backfill["state"], string> = {
  searching: "looking for spans",
  judging: "judging",
  done: "done",
  cancelled: "cancelled",
};

/** Backfills that run, and those of the last day; nothing when there are none. */
export function Backfills({ mayChange }: { mayChange: boolean }) {
  const client = useQueryClient();
  const now = useNow();
  const { data } = useQuery({
    queryKey: ["backfills"],
    queryFn: ({ signal }) => api.get<BackfillsShape>("/backfills", { signal }),
    refetchInterval: (query) => (query.state.data?.items.some(isRunning) ? 2_000 : false),
  });
  const cancel = useMutation({
    mutationFn: (id: number) => api.delete(`/backfills/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["backfills"] }),
    onError: (error) => toast(wordsOf(error), { tone: "wrong" }),
  });
  const shown = (data?.items ?? [])
    .filter((one) => isRunning(one) || now - Date.parse(one.created) < 24 * 3600e3)
    .slice(0, 5);
  if (!shown.length) return null;
  return (
    <Card title="Stored spans" hint="judged on request" flush>
      <ul className="list">
        {shown.map((one) => {
          const ended = one.done + one.failed;
          return (
            <li key={one.id}>
              <b className="cut">{one.evaluator}</b>
              <span
                className="bar backfill-bar"
                role="img"
                aria-label={`${count(ended)} of ${count(one.jobs)} judged`}
              >
                <i
                  style={{
                    width: `${one.jobs ? (ended / one.jobs) * 100 : one.state === "done" ? 100 : 0}%`,
                  }}
                />
              </span>
              <span className="soft nowrap">
                {count(ended)} of {count(one.jobs)}
                {one.failed ? `, ${count(one.failed)} no verdict` : ""}
              </span>
              <span className="quiet nowrap not-phone">
                {states[one.state]}, {money(one.cost_usd)}
              </span>
              <span className="spacer" />
              <span className="quiet nowrap not-phone">
                {ago(one.created, now) === "now" ? "just now" : `${ago(one.created, now)} ago`}
              </span>
              {mayChange && isRunning(one) && (
                <Button small busy={cancel.isPending} onClick={() => cancel.mutate(one.id)}>
                  Cancel
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

const isRunning = ({ state }: Backfill): boolean => state === "searching" || state === "judging";

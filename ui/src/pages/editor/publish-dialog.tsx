// Before publishing: what changes, and how much is judged and spent before and after.
import type { Definition, Evaluator, Preview } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { count, money, plural } from "../../text/format";
import { usePublishedPreview } from "./asking";
import { changesBetween } from "./changes";
import { DiffView } from "./diff";
import type { Tally } from "./trial/run";

type Props = {
  definition: Definition;
  evaluator: Evaluator | null;
  number: number;
  preview: Preview | undefined;
  tally: Tally;
  older: boolean;
  busy: boolean;
  onPublish: () => void;
  onClose: () => void;
};

const nouns = { span: "span", trace: "trace", session: "session" } as const;

export function PublishDialog({
  definition,
  evaluator,
  number,
  preview,
  tally,
  older,
  busy,
  onPublish,
  onClose,
}: Props) {
  const published = evaluator?.published ?? null;
  const before = usePublishedPreview(published, published !== null).data;
  const changes = published ? changesBetween(published, definition) : [];
  const noun = nouns[definition.target];
  const was = (value: string | null) => (value === null ? "" : ` (now ${value})`);
  const asked = [
    tally.changed ? `${tally.changed} changed` : "",
    tally.none ? `${tally.none} no verdict` : "",
    tally.failed ? `${tally.failed} could not be asked` : "",
  ].filter(Boolean);
  const tried = tally.done
    ? `${plural(tally.done, noun)}${asked.length ? `: ${asked.join(", ")}` : ""}${older ? ", of an earlier draft" : ""}`
    : "not tried on a span";
  return (
    <Dialog
      title={`Publish ${definition.name} v${number}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep editing</Button>
          <Button look="primary" busy={busy} onClick={onPublish}>
            Publish v{number}
          </Button>
        </>
      }
    >
      <p className="soft">
        {published
          ? `New matching ${noun}s are judged by v${number} from now on. Results of v${evaluator?.published_number} stay as they are, and what already waits finishes with v${evaluator?.published_number}.`
          : `New matching ${noun}s are judged from now on. What is stored already is judged only by a backfill.`}
        {evaluator?.status === "paused" && " It is paused: nothing is judged until it is resumed."}
      </p>
      {changes.length > 0 && (
        <DiffView changes={changes} label={`What changes from v${evaluator?.published_number}`} />
      )}
      {published && changes.length === 0 && <p>Nothing changes: this is what is published already.</p>}
      <dl className="facts">
        <dt>Judged a day</dt>
        <dd>
          {preview ? `about ${plural(Math.round(preview.judged), noun)}` : "not counted"}
          {was(before ? count(before.judged) : null)}
        </dd>
        <dt>Cost a day</dt>
        <dd>
          {!preview
            ? "not known"
            : preview.usd_day === null
              ? "price not known"
              : `about ${money(preview.usd_day)}`}
          {was(before && before.usd_day !== null ? money(before.usd_day) : null)}
        </dd>
        <dt>Tried on</dt>
        <dd>{tried}</dd>
      </dl>
    </Dialog>
  );
}

// Somebody else saved this evaluator in the meantime: both are shown, and neither is lost.
import type { Conflict, Definition } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { changesBetween } from "./changes";
import { changesOf, DiffView } from "./diff";
import { newestOf } from "./stored";

type Props = {
  conflict: Conflict;
  /** What was edited, and what it was begun from. */
  mine: Definition;
  base: Definition;
  busy: boolean;
  onMine: () => void;
  onTheirs: () => void;
  onClose: () => void;
};

export function ConflictDialog({ conflict, mine, base, busy, onMine, onTheirs, onClose }: Props) {
  const theirs = newestOf(conflict.stored);
  const yours = changesBetween(base, mine);
  const others =
    conflict.changes.length || !theirs
      ? changesOf(conflict.changes)
      : changesBetween(base, theirs.definition);
  const both = theirs ? changesBetween(theirs.definition, mine) : [];
  const shared = yours
    .filter((change) => others.some((one) => one.field === change.field))
    .map((change) => change.field);
  return (
    <Dialog
      wide
      title={`${mine.name} was saved by somebody else`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep editing</Button>
          <Button onClick={onTheirs}>Take theirs</Button>
          <Button look="primary" busy={busy} onClick={onMine}>
            Keep mine
          </Button>
        </>
      }
    >
      <p className="soft">
        Your work is still here, and theirs is stored{theirs ? ` as v${theirs.number}` : ""}. “Keep mine”
        saves yours as the version after it; “Take theirs” puts theirs into the form, and Undo brings yours
        back.
        {shared.length > 0 ? ` Both changed ${shared.join(", ")}.` : " You changed different fields."}
      </p>
      <div className="sides">
        <section aria-label="What they changed">
          <h3>Theirs</h3>
          {others.length ? (
            <DiffView changes={others} label="What they changed" />
          ) : (
            <p className="quiet">No field differs</p>
          )}
        </section>
        <section aria-label="What you changed">
          <h3>Yours</h3>
          {yours.length ? (
            <DiffView changes={yours} label="What you changed" />
          ) : (
            <p className="quiet">No field differs</p>
          )}
        </section>
      </div>
      <details className="more">
        <summary>From theirs to yours</summary>
        {both.length ? (
          <DiffView changes={both} label="From theirs to yours" />
        ) : (
          <p className="quiet">Both say the same</p>
        )}
      </details>
    </Dialog>
  );
}

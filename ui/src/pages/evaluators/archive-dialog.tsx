import { useState } from "react";
import type { EvaluatorRow } from "../../api/types";
import { ConfirmDialog } from "../../components/dialog";
import { count, money, plural } from "../../text/format";
import { useActions } from "./actions";

/** What archiving does, in numbers. */
export function ArchiveDialog({
  row,
  windowWords,
  onClose,
}: {
  row: EvaluatorRow;
  windowWords: string;
  onClose: () => void;
}) {
  const { archive } = useActions();
  const [busy, setBusy] = useState(false);
  const results = row.figures.passed + row.figures.failed + row.figures.valued;
  const confirm = async () => {
    setBusy(true);
    const done = await archive(row);
    setBusy(false);
    if (done) onClose();
  };
  return (
    <ConfirmDialog
      title={`Archive ${row.name}?`}
      action="Archive"
      danger
      busy={busy}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p className="soft">It judges nothing any more. Its results stay, and it can be published again.</p>
      <dl className="facts">
        <dt>Judged in {windowWords}</dt>
        <dd>
          {plural(results, "result")} for {money(row.figures.cost_usd)}
        </dd>
        <dt>Waiting jobs</dt>
        <dd>{row.waiting ? `${count(row.waiting)}, which are not judged` : "none"}</dd>
        {row.from_file && (
          <>
            <dt>From a file</dt>
            <dd>A restart applies its file of SPANJUDGE_EVALUATORS_DIR again: remove the file too</dd>
          </>
        )}
      </dl>
    </ConfirmDialog>
  );
}

// Try on real spans: what the published version said, what this draft says, what it costs. Nothing is stored.
import { useState } from "react";
import type { Definition } from "../../../api/types";
import { Button } from "../../../components/button";
import { EmptyState } from "../../../components/states";
import { useNow } from "../../../state/now";
import { useMayChange } from "../../../state/session";
import { moment, money, plural } from "../../../text/format";
import { canonical } from "../form";
import { usePreviewed } from "../previewed";
import { ChooseSpans } from "./choose";
import { Doctor } from "./doctor";
import { Estimate } from "./estimate";
import { isChanged, type Runs, type Tried, tallyOf } from "./run";
import { Said } from "./said";
import type { Subject } from "./subject";

type Props = {
  definition: Definition;
  publishedNumber: number | null;
  subjects: readonly Subject[];
  matching: readonly Subject[];
  /** What is shown fitted the scope before, and nothing fits it now. */
  isOutside: boolean;
  onChoose: (subjects: Subject[] | null) => void;
  runs: Runs;
  running: boolean;
  onRun: () => void;
  onStop: () => void;
};

export function TrialPanel({
  definition,
  publishedNumber,
  subjects,
  matching,
  isOutside,
  onChoose,
  runs,
  running,
  onRun,
  onStop,
}: Props) {
  const mayChange = useMayChange();
  const [choosing, setChoosing] = useState(false);
  const [chosenKey, setChosenKey] = useState<string | null>(null);
  const { data: preview, isPending } = usePreviewed();
  const current = subjects.find((one) => one.key === chosenKey) ?? subjects[0];
  const shown = Object.fromEntries(
    subjects.flatMap((one) => (runs[one.key] ? [[one.key, runs[one.key] as Tried]] : [])),
  );
  const now = canonical(definition);
  const isOlder = Object.values(shown).some((tried) => tried.of !== now);
  return (
    <aside className="edit-side" id="try" aria-label="Try on real spans">
      <div className="side-head">
        <h2>Try on real spans</h2>
        <span className="spacer" />
        <Button small onClick={() => setChoosing(true)}>
          {subjects.length ? plural(subjects.length, "span") : "Choose"} …
        </Button>
        {running ? (
          <Button small onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button
            small
            look="primary"
            icon="play"
            disabled={!mayChange || subjects.length === 0}
            title={mayChange ? "Asks the judge model" : "Needs a token that may administer: it costs money"}
            onClick={onRun}
          >
            Run <kbd>Ctrl ↵</kbd>
          </Button>
        )}
      </div>
      {subjects.length === 0 ? (
        <EmptyState
          icon="search"
          title={isPending ? "Looking for spans in scope" : "No span of the last 24 hours is in scope"}
        >
          Search for others, or paste text
        </EmptyState>
      ) : (
        <table className="try-table">
          <thead>
            <tr>
              <th>Span</th>
              {publishedNumber !== null && <th>v{publishedNumber}, published</th>}
              <th>this draft</th>
            </tr>
          </thead>
          <tbody>
            {subjects.map((subject) => (
              <TrialRow
                key={subject.key}
                subject={subject}
                tried={shown[subject.key]}
                older={shown[subject.key] !== undefined && shown[subject.key]?.of !== now}
                current={subject.key === current?.key}
                hasPublished={publishedNumber !== null}
                onSelect={() => setChosenKey(subject.key)}
              />
            ))}
          </tbody>
        </table>
      )}
      {isOutside && <p className="try-outside">None of these is in scope now</p>}
      <Sum runs={shown} total={subjects.length} older={isOlder} running={running} />
      {current && <Doctor definition={definition} subject={current} />}
      <Estimate preview={preview} />
      {choosing && (
        <ChooseSpans
          subjects={subjects}
          matching={matching}
          onChoose={onChoose}
          onClose={() => setChoosing(false)}
        />
      )}
    </aside>
  );
}

type RowProps = {
  subject: Subject;
  tried: Tried | undefined;
  older: boolean;
  current: boolean;
  hasPublished: boolean;
  onSelect: () => void;
};

function TrialRow({ subject, tried, older, current, hasPublished, onSelect }: RowProps) {
  const now = useNow();
  const trial = tried?.state === "done" ? tried.trial : null;
  return (
    <tr className={current ? "current" : undefined} aria-current={current || undefined}>
      <td>
        <button type="button" className="try-span" onClick={onSelect}>
          <span className="try-text" dir="auto">
            {subject.text}
          </span>
          <span className="try-id">
            {subject.kind === "span"
              ? `${subject.span_id.slice(0, 8)}, ${moment(subject.time, now)}`
              : "pasted text"}
          </span>
        </button>
      </td>
      {hasPublished && (
        <td>
          {trial?.published ? (
            <Said result={trial.published} />
          ) : tried?.state === "waiting" ? (
            <Coming />
          ) : (
            <span className="quiet">{trial ? "not judged" : "–"}</span>
          )}
        </td>
      )}
      <td className={older ? "older" : undefined}>
        {tried === undefined && <span className="quiet">–</span>}
        {tried?.state === "waiting" && <Coming />}
        {tried?.state === "failed" && (
          <span className="try-failed" role="alert" dir="auto">
            {tried.message}
          </span>
        )}
        {trial?.result && <Said result={trial.result} changed={isChanged(trial.published, trial.result)} />}
        {trial && !trial.result && (
          <span className="said" dir="auto">
            <b>Not judged.</b> {trial.skipped}
          </span>
        )}
        {trial && !trial.matches && (
          <span className="try-mismatch" dir="auto" title={trial.mismatch}>
            Not in scope: {trial.mismatch}
          </span>
        )}
      </td>
    </tr>
  );
}

const Coming = () => (
  <span className="coming">
    <span className="unseen">Being judged</span>
    <span className="skeleton" style={{ width: 84 }} />
    <span className="skeleton" style={{ width: "92%" }} />
    <span className="skeleton" style={{ width: "64%" }} />
  </span>
);

function Sum({
  runs,
  total,
  older,
  running,
}: {
  runs: Runs;
  total: number;
  older: boolean;
  running: boolean;
}) {
  const tally = tallyOf(runs);
  if (tally.done === 0 && !running) return null;
  const parts = [
    tally.changed ? `${tally.changed} changed` : "",
    tally.none ? `${tally.none} no verdict` : "",
    tally.skipped ? `${tally.skipped} not judged` : "",
    tally.failed ? `${tally.failed} could not be asked` : "",
  ].filter(Boolean);
  return (
    <div className="try-sum" role="status">
      <span>
        <b>
          {tally.done} of {total}
        </b>{" "}
        done{parts.length ? `, ${parts.join(", ")}` : ""}
        {older && !running ? "; edited since, run again" : ""}
      </span>
      <span className="spacer" />
      <span className="quiet">
        {tally.cost === null ? "price not known" : money(tally.cost)}, nothing is stored
      </span>
    </div>
  );
}

// The editor of one evaluator: the form, the trial beside it, and the bar below.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { Definition, Evaluator } from "../../api/types";
import { Banner } from "../../components/banner";
import { Button } from "../../components/button";
import { Page } from "../../components/page";
import { Tag } from "../../components/tag";
import { useKeys } from "../../state/keys";
import { useNow } from "../../state/now";
import { useMayChange } from "../../state/session";
import { toast } from "../../state/toast";
import { useUrlState } from "../../state/url";
import { ago } from "../../text/format";
import { AnswerFormat } from "./answer";
import { usePreview } from "./asking";
import { changesBetween } from "./changes";
import { ConflictDialog } from "./conflict-dialog";
import { Details } from "./details";
import { discardDraft } from "./discarding";
import { type Editing, EditingContext } from "./editing";
import { canonical, formOf } from "./form";
import { goTo, idOf, PlaceIssues } from "./place";
import { PreviewContext } from "./previewed";
import { PublishDialog } from "./publish-dialog";
import { Question } from "./question";
import { SaveBar } from "./save-bar";
import { Scope } from "./scope";
import { newestOf, nextNumber } from "./stored";
import { useGivenSubject } from "./trial/given";
import { TrialPanel } from "./trial/panel";
import { tallyOf, useTrialRun } from "./trial/run";
import { ofSample, type Subject } from "./trial/subject";
import { TroubleContext } from "./trouble";
import { VersionsDialog } from "./versions-dialog";
import { useWork } from "./work";
import { YamlView } from "./yaml-view";

const firstSubjects = 4;
const crumbs = [{ label: "Evaluators", to: "/evaluators" }] as const;

/** The span the editor was opened from, and some that fit. */
const begunWith = (given: Subject | null, fitted: readonly Subject[]): Subject[] =>
  [...(given ? [given] : []), ...fitted.filter(({ key }) => key !== given?.key)].slice(0, firstSubjects);

type Props = { evaluator: Evaluator | null; begin: Definition; draftKey: string };

export function Workbench({ evaluator, begin, draftKey }: Props) {
  const work = useWork({ evaluator, begin, draftKey });
  const { form, definition, base, issues, isDirty, isBehind, stored } = work;
  const go = useNavigate();
  const now = useNow();
  const mayChange = useMayChange();
  const preview = usePreview(definition, work.isChecked ? issues.errors : null);
  const trial = useTrialRun();
  const [picked, setPicked] = useState<Subject[] | null>(null);
  const [view, setView] = useUrlState<"form" | "yaml">(
    "view",
    form.unparsed.yaml === undefined ? "form" : "yaml",
    ["form", "yaml"],
  );
  const [panel, setPanel] = useUrlState<"" | "versions">("panel", "", ["", "versions"]);
  const [publishing, setPublishing] = useState(false);

  const matching = useMemo(() => (preview.data?.samples ?? []).map(ofSample), [preview.data]);
  // When nothing is in scope any more, what was in it last is still there to see why.
  const fitted = useRef(matching);
  if (matching.length) fitted.current = matching;
  const given = useGivenSubject();
  const subjects = picked ?? begunWith(given, fitted.current);
  const number = !isDirty && evaluator?.draft_number ? evaluator.draft_number : nextNumber(evaluator);
  const since = evaluator?.published
    ? `since v${evaluator.published_number}`
    : base
      ? "since the draft"
      : "since the template";
  const changes = useMemo(
    () => changesBetween(evaluator?.published ?? stored, definition).length,
    [evaluator?.published, stored, definition],
  );

  // What somebody else saved is taken over where nothing here would be lost; else it is said.
  const newest = evaluator ? newestOf(evaluator) : null;
  const { adopt } = work;
  useEffect(() => {
    if (isBehind && !isDirty && evaluator) adopt(evaluator);
  }, [isBehind, isDirty, evaluator, adopt]);

  const fix = () => {
    work.attempt();
    const place = issues.first;
    if (place === null) return;
    if (view === "yaml" && place !== "yaml") setView("form", { replace: true });
    // The place may only now be drawn: with its message, or with the form.
    setTimeout(() => goTo(place), 50);
  };

  const save = async () => {
    if (!mayChange || !isDirty || work.busy) return;
    if (issues.errors.length) {
      fix();
      toast("A draft is saved when it is whole; until then it is kept in this browser");
      return;
    }
    const done = await work.store(false);
    if (!done) return;
    toast(`Draft v${done.draft_number ?? ""} of ${done.name} saved`);
    if (!evaluator) void go(`/evaluators/${encodeURIComponent(done.name)}`, { replace: true });
  };

  const publish = async () => {
    const done = await work.store(true);
    setPublishing(false);
    if (!done) return;
    toast(`${done.name} v${done.published_number ?? ""} is published`);
    if (!evaluator) void go(`/evaluators/${encodeURIComponent(done.name)}`, { replace: true });
  };

  const run = () => {
    if (!mayChange || trial.running || !subjects.length) return;
    if (issues.errors.length) {
      fix();
      return;
    }
    setPicked([...subjects]);
    void trial.run(definition, subjects);
  };

  const discard = async () => {
    if (isDirty) toast("Changes discarded", { undo: work.replace(formOf(stored)) });
    else if (evaluator?.draft && (await discardDraft(evaluator, adopt))) void go("/evaluators");
  };

  // What was asked for waits for the answer about what is written now, which is at most a moment away.
  const actions = {
    fix,
    save: () => void save(),
    run,
    publish: () => (issues.errors.length ? fix() : setPublishing(true)),
  };
  const [asked, setAsked] = useState<keyof typeof actions | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the actions are those of this very moment.
  useEffect(() => {
    if (asked === null || !work.isChecked) return;
    setAsked(null);
    actions[asked]();
  }, [asked, work.isChecked]);

  useKeys("Editor", [
    { keys: "mod+Enter", does: "Run the trial", run: () => setAsked("run") },
    { keys: "mod+s", does: "Save the draft", run: () => setAsked("save") },
  ]);

  const { update, edit, touch } = work;
  const readOnly = !mayChange;
  const editing: Editing = useMemo(
    () => ({ form, definition, edit, update, issues, touch, isNew: base === null, readOnly }),
    [form, definition, edit, update, issues, touch, base, readOnly],
  );

  const current = canonical(definition);
  const shownRuns = Object.fromEntries(
    subjects.flatMap((one) => (trial.runs[one.key] ? [[one.key, trial.runs[one.key]]] : [])),
  );
  const tally = tallyOf(shownRuns as typeof trial.runs);
  const takeTheirs = () => {
    const theirs = work.conflict?.stored;
    const from = theirs ? newestOf(theirs) : null;
    if (!theirs || !from) return;
    const undo = work.replace(formOf(from.definition), from);
    work.setConflict(null);
    toast("Theirs is in the form", { undo });
  };
  const showTrial = useCallback(() => document.getElementById("try")?.scrollIntoView({ block: "start" }), []);

  return (
    <EditingContext.Provider value={editing}>
      <PreviewContext.Provider value={preview}>
        <TroubleContext.Provider value={work.setTrouble}>
          <Page
            bare
            title={definition.name || "New evaluator"}
            crumbs={crumbs}
            facts={<Facts evaluator={evaluator} isDirty={isDirty} number={number} />}
            actions={
              <>
                {evaluator && (
                  <Button
                    look="ghost"
                    icon="history"
                    className="not-phone"
                    onClick={() => setPanel("versions")}
                  >
                    Versions
                  </Button>
                )}
                <Button
                  look="ghost"
                  className="not-phone"
                  aria-pressed={view === "yaml"}
                  onClick={() => setView(view === "yaml" ? "form" : "yaml", { replace: true })}
                >
                  YAML
                </Button>
                <Button icon="play" className="phone-only" onClick={showTrial}>
                  Try
                </Button>
              </>
            }
          >
            <div className="edit-view">
              <form className="edit-form" aria-label="Evaluator" onSubmit={(event) => event.preventDefault()}>
                {readOnly && (
                  <Banner tone="plain" icon="key">
                    This token may read; changing an evaluator needs one that may administer.
                  </Banner>
                )}
                {work.restored && isDirty && (
                  <Banner
                    tone="plain"
                    icon="history"
                    action={
                      <>
                        <Button
                          small
                          onClick={() =>
                            toast("Changes discarded", {
                              undo: work.replace(formOf(newest?.definition ?? begin), newest),
                            })
                          }
                        >
                          Discard it
                        </Button>
                        <Button small look="ghost" onClick={work.dismissRestored}>
                          Go on
                        </Button>
                      </>
                    }
                  >
                    This is unsaved work of this browser
                    {work.savedAt ? `, ${ago(new Date(work.savedAt).toISOString(), now)} ago` : ""}.
                  </Banner>
                )}
                {isBehind && isDirty && evaluator && (
                  <Banner
                    action={
                      <Button small onClick={() => work.setConflict({ stored: evaluator, changes: [] })}>
                        Compare
                      </Button>
                    }
                  >
                    Somebody else saved v{newest?.number} since you began. Your work is still here.
                  </Banner>
                )}
                <div id={idOf("")} tabIndex={-1}>
                  <PlaceIssues place="" />
                </div>
                {view === "yaml" ? (
                  <YamlView />
                ) : (
                  <>
                    <Details />
                    <Scope />
                    <Question />
                    <AnswerFormat />
                  </>
                )}
              </form>
              <TrialPanel
                definition={definition}
                publishedNumber={evaluator?.published_number ?? null}
                subjects={subjects}
                matching={matching}
                isOutside={picked === null && subjects.length > 0 && matching.length === 0}
                onChoose={setPicked}
                runs={trial.runs}
                running={trial.running}
                onRun={() => setAsked("run")}
                onStop={trial.stop}
              />
            </div>
            {mayChange && (
              <SaveBar
                changes={changes}
                since={since}
                isDirty={isDirty || base === null}
                savedAt={isDirty ? work.savedAt : null}
                issues={issues}
                publishAs={`v${number}`}
                busy={work.busy}
                canDiscard={isDirty || evaluator?.draft != null}
                discardWords={isDirty ? "Discard" : "Discard draft"}
                canPublish={isDirty || base === null || evaluator?.draft != null}
                onFix={() => setAsked("fix")}
                onDiscard={() => void discard()}
                onSave={() => setAsked("save")}
                onPublish={() => setAsked("publish")}
              />
            )}
            {publishing && (
              <PublishDialog
                definition={definition}
                evaluator={evaluator}
                number={number}
                preview={preview.data}
                tally={tally}
                older={Object.values(shownRuns).some((tried) => tried?.of !== current)}
                busy={work.busy === "publish"}
                onPublish={() => void publish()}
                onClose={() => setPublishing(false)}
              />
            )}
            {work.conflict && (
              <ConflictDialog
                conflict={work.conflict}
                mine={definition}
                base={stored}
                busy={work.busy !== ""}
                onMine={() =>
                  void work
                    .store(false, newestOf(work.conflict?.stored as Evaluator)?.version)
                    .then((done) => done && toast(`Yours is saved as v${done.draft_number ?? ""}`))
                }
                onTheirs={takeTheirs}
                onClose={() => work.setConflict(null)}
              />
            )}
            {panel === "versions" && evaluator && (
              <VersionsDialog
                evaluator={evaluator}
                onRestore={(restored, from) => {
                  const undo = work.replace(formOf(restored));
                  setPanel("");
                  toast(`v${from} is in the form, not saved yet`, { undo });
                }}
                onClose={() => setPanel("")}
              />
            )}
          </Page>
        </TroubleContext.Provider>
      </PreviewContext.Provider>
    </EditingContext.Provider>
  );
}

function Facts({
  evaluator,
  isDirty,
  number,
}: {
  evaluator: Evaluator | null;
  isDirty: boolean;
  number: number;
}) {
  const published = evaluator?.published_number;
  return (
    <>
      {published != null && <Tag>v{published} published</Tag>}
      {evaluator?.status === "paused" && (
        <Tag tone="warn" title={evaluator.reason}>
          paused
        </Tag>
      )}
      {evaluator?.status === "archived" && <Tag tone="warn">archived</Tag>}
      {(isDirty || evaluator?.draft != null || !evaluator) && <Tag tone="accent">draft of v{number}</Tag>}
    </>
  );
}

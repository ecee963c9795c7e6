// The work on one evaluator: the form, kept in this browser with every change, and how it gets to the server.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, api } from "../../api/client";
import type { Conflict, Definition, Evaluator, Issue } from "../../api/types";
import { wordsOf } from "../../components/states";
import { useDraft } from "../../state/draft";
import { toast } from "../../state/toast";
import { useValidation } from "./asking";
import { canonical, definitionOf, edited, type Form, formOf, isSame } from "./form";
import { type Issues, issuesOf, ownIssues, refusedIssues, wrong } from "./issues";
import { type Base, newestOf } from "./stored";

/** What this browser keeps: the form, and what it was begun from. */
type Kept = { form: Form; base: Base | null };

type Start = {
  /** What is stored under this name; null for a new evaluator. */
  evaluator: Evaluator | null;
  /** Where a new evaluator begins. */
  begin: Definition;
  draftKey: string;
};

export const useWork = ({ evaluator, begin, draftKey }: Start) => {
  const client = useQueryClient();
  const kept = useDraft<Kept>(draftKey);
  const [form, setForm] = useState<Form>(() => kept.found?.value.form ?? formOf(begin));
  const [base, setBase] = useState<Base | null>(
    () => kept.found?.value.base ?? (evaluator ? newestOf(evaluator) : null),
  );
  const [restored, setRestored] = useState(kept.found !== null);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [attempted, setAttempted] = useState(false);
  const [trouble, setTroubles] = useState<Readonly<Record<string, string>>>({});
  const [refused, setRefused] = useState<{ of: string; issues: Issue[] } | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [busy, setBusy] = useState<"" | "save" | "publish">("");

  const definition = useMemo(() => definitionOf(form), [form]);
  const written = canonical(definition);
  const validation = useValidation(definition);
  const stored = base?.definition ?? begin;
  const isDirty = !isSame(definition, definitionOf(formOf(stored))) || Object.keys(form.unparsed).length > 0;

  const { save: keepDraft, drop: dropDraft } = kept;
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    if (isDirty) keepDraft({ form, base });
    else dropDraft();
  }, [form, base, isDirty, keepDraft, dropDraft]);

  const issues: Issues = useMemo(() => {
    const troubles: Issue[] = Object.entries(trouble)
      .filter(([field]) => form.unparsed[field] !== undefined)
      .map(([field, message]) => wrong(field, message));
    const said = refused?.of === written ? refused.issues : [];
    // A new evaluator is empty at first: it is not wrong yet where nobody has been.
    const hidden = (place: string) => base === null && !attempted && !touched.has(place);
    return issuesOf(form, [...troubles, ...ownIssues(form), ...said, ...validation.issues], hidden);
  }, [form, trouble, refused, written, validation.issues, base, attempted, touched]);

  const update = useCallback((next: (form: Form) => Form) => setForm(next), []);
  const edit = useCallback((change: Partial<Definition>) => setForm((before) => edited(before, change)), []);
  const touch = useCallback(
    (place: string) => setTouched((before) => (before.has(place) ? before : new Set([...before, place]))),
    [],
  );
  const setTrouble = useCallback(
    (field: string, message: string | null) =>
      setTroubles(({ [field]: _, ...others }) =>
        message === null ? others : { ...others, [field]: message },
      ),
    [],
  );

  // What was read before an answer is older than that answer, also when it is seen after it.
  const seen = useRef(evaluator);
  const overtaken = useRef<Evaluator | null>(null);
  seen.current = evaluator;
  const newest = evaluator && evaluator !== overtaken.current ? newestOf(evaluator) : null;
  /** Somebody else saved since this was begun. */
  const isBehind =
    newest !== null && base !== null && newest.version !== base.version && newest.number >= base.number;

  /** Goes on from what the server has now. */
  const adopt = useCallback(
    (next: Evaluator) => {
      const newest = newestOf(next);
      overtaken.current = seen.current;
      void client.cancelQueries({ queryKey: ["evaluator", next.name] });
      client.setQueryData(["evaluator", next.name], next);
      void client.invalidateQueries({ queryKey: ["evaluators"] });
      if (!newest) return;
      setBase(newest);
      setForm(formOf(newest.definition));
      setRefused(null);
      setRestored(false);
      dropDraft();
    },
    [client, dropDraft],
  );

  const failed = (error: unknown): false => {
    setAttempted(true);
    if (!(error instanceof ApiError)) {
      toast(wordsOf(error), { tone: "wrong" });
      return false;
    }
    if (error.status === 409 && error.body.conflict && base !== null) {
      setConflict(error.body.conflict as Conflict);
      return false;
    }
    const named = error.errors.length
      ? error.errors
      : base === null && error.status === 409
        ? [{ field: "name", message: error.detail }]
        : [];
    if (named.length) setRefused({ of: written, issues: refusedIssues(named) });
    else toast(wordsOf(error), { tone: "wrong" });
    return false;
  };

  /** Stores what is written. `over`: the version it takes the place of, when that is not the one it was begun from. */
  const store = async (publish: boolean, over?: string): Promise<Evaluator | false> => {
    setBusy(publish ? "publish" : "save");
    try {
      const path = `/evaluators/${encodeURIComponent(definition.name)}`;
      let next: Evaluator;
      if (base === null) next = await api.post<Evaluator>("/evaluators", { definition, publish });
      else if (!isDirty && publish && over === undefined) {
        next = await api.post<Evaluator>(`${path}/publish`, { version: base.version });
      } else
        next = await api.put<Evaluator>(path, { definition, base_version: over ?? base.version, publish });
      adopt(next);
      setConflict(null);
      return next;
    } catch (error) {
      return failed(error);
    } finally {
      setBusy("");
    }
  };

  return {
    form,
    definition,
    base,
    stored,
    issues,
    isDirty,
    isBehind,
    restored,
    conflict,
    busy,
    savedAt: kept.savedAt,
    isChecked: validation.checked,
    update,
    edit,
    touch,
    setTrouble,
    adopt,
    store,
    setConflict,
    attempt: () => setAttempted(true),
    dismissRestored: () => setRestored(false),
    /** Puts a form in the place of this one, and gives back what takes it back. */
    replace: (next: Form, from: Base | null = base) => {
      const before = { form, base };
      setForm(next);
      setBase(from);
      setRestored(false);
      return () => {
        setForm(before.form);
        setBase(before.base);
      };
    },
  };
};

export type Work = ReturnType<typeof useWork>;

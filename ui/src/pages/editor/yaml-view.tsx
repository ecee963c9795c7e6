// The evaluator as a file, edited both ways. Text that is no evaluator yet stays as it is, with what is wrong below it.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "../../api/client";
import type { Issue, Parsed } from "../../api/types";
import { CopyButton } from "../../components/button";
import { Card } from "../../components/card";
import { ErrorPanel, Skeleton, wordsOf } from "../../components/states";
import { VerdictMark } from "../../components/verdict";
import { CodeField } from "./code/code-field";
import { useEditing } from "./editing";
import { canonical, formOf, withUnparsed } from "./form";
import { sentence, wrong } from "./issues";
import { idOf } from "./place";
import { useTrouble } from "./trouble";

const field = "yaml";

export function YamlView() {
  const { form, definition, update, readOnly, isNew } = useEditing();
  const setTrouble = useTrouble();
  const kept = form.unparsed[field];
  const [text, setText] = useState<string | null>(kept ?? null);
  const [troubles, setTroubles] = useState<readonly Issue[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useRef(0);
  const name = useRef(definition.name);
  const first = useQuery({
    queryKey: ["evaluator-file", canonical(definition)],
    queryFn: ({ signal }) => api.post<Parsed>("/evaluators/format", { definition }, { signal }),
    enabled: text === null,
    retry: false,
  });

  const read = async (next: string, mine: number) => {
    try {
      const parsed = await api.post<Parsed>("/evaluators/parse", { yaml: next });
      if (mine !== asked.current) return;
      const errors = parsed.issues.filter((issue) => issue.severity === "error");
      setTroubles(errors);
      const found = parsed.definition;
      if (!found) {
        setTrouble(field, errors[0]?.message ?? "This is no evaluator file");
        return;
      }
      setTrouble(field, null);
      // The name of a stored evaluator is what it is stored under.
      const renamed = !isNew && found.name !== name.current;
      if (renamed) {
        setTrouble(field, `name stays “${name.current}”: duplicate the evaluator for another one`);
        setTroubles([wrong("name", `stays “${name.current}”; duplicate the evaluator for another one`)]);
        return;
      }
      update(() => formOf(found));
    } catch (error) {
      if (mine === asked.current) {
        setTrouble(field, wordsOf(error));
        setTroubles([wrong("", wordsOf(error))]);
      }
    }
  };

  const typed = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    asked.current += 1;
    const mine = asked.current;
    update((before) => withUnparsed(before, field, next));
    setTrouble(field, "The file is being read");
    timer.current = setTimeout(() => void read(next, mine), 350);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened: what was kept is read again.
  useEffect(() => {
    if (kept !== undefined) typed(kept);
    return () => clearTimeout(timer.current);
  }, []);

  if (text === null && first.error) {
    return (
      <ErrorPanel
        error={first.error}
        what="This could not be written as a file"
        onRetry={() => void first.refetch()}
      />
    );
  }
  const shown = text ?? first.data?.yaml ?? "";
  const id = idOf(field);
  return (
    <Card
      title="Evaluator file"
      hint="the same evaluator, as the command line and the gallery have it"
      actions={<CopyButton small text={shown} label="Copy the file" />}
    >
      {text === null && !first.data ? (
        <Skeleton rows={12} height={20} />
      ) : (
        <div className="field">
          <div className={troubles.length ? "text-editor wrong tall" : "text-editor tall"}>
            <CodeField
              id={id}
              label="Evaluator file"
              language="yaml"
              value={shown}
              onChange={typed}
              invalid={troubles.length > 0}
              describedBy={troubles.length ? `${id}-issues` : undefined}
              readOnly={readOnly}
            />
          </div>
          <div className="place-issues" id={`${id}-issues`} role="status">
            {troubles.map((issue) => (
              <span className="field-error" key={`${issue.field}${issue.message}`}>
                <VerdictMark outcome="fail" silent />
                <span dir="auto">
                  {issue.line !== null && <span className="quiet">line {issue.line} </span>}
                  {issue.field && <code>{issue.field}</code>}{" "}
                  {issue.field ? issue.message : sentence(issue.message)}
                </span>
              </span>
            ))}
          </div>
        </div>
      )}
    </Card>
  );
}

// The JSON schema that the judge must fill, editable. Text that is no schema stays, with what is wrong beside it.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ApiError, api, type FieldError } from "../../api/client";
import type { AnswerSchema } from "../../api/types";
import { ErrorPanel, Skeleton, wordsOf } from "../../components/states";
import { CodeField } from "./code/code-field";
import { useEditing } from "./editing";
import { canonical, withUnparsed } from "./form";
import { jsonTrouble } from "./json-place";
import { PlaceIssues, usePlace } from "./place";
import { useTrouble } from "./trouble";

const field = "answer.schema";

const spelled = (schema: unknown): string => JSON.stringify(schema, null, 2);

/** A message of the API, with the place in the schema that it is about. */
const atItsPlace = ({ field: at, message }: FieldError): string => {
  const place = at.replace(/^answer_schema\.?/, "");
  return place ? `at ${place}: ${message}` : message;
};

export function AnswerSchemaText() {
  const { form, definition, update, readOnly } = useEditing();
  const { props } = usePlace(field, true);
  const setTrouble = useTrouble();
  const kept = form.unparsed[field];
  const [text, setText] = useState<string | null>(kept ?? null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useRef(0);
  const first = useQuery({
    queryKey: ["answer-schema", canonical(definition.answer)],
    queryFn: ({ signal }) =>
      api.post<AnswerSchema>("/evaluators/schema", { answer: definition.answer }, { signal }),
    enabled: text === null,
    retry: false,
  });
  const read = useMutation({
    // What a schema does not say (meanings of labels and points) is kept from the format it was made of.
    mutationFn: (schema: unknown) =>
      api.post<AnswerSchema>("/evaluators/schema", { answer: definition.answer, answer_schema: schema }),
  });

  const typed = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    const trouble = jsonTrouble(next);
    update((before) => withUnparsed(before, field, next));
    setTrouble(field, trouble ?? "The schema is being read");
    asked.current += 1;
    if (trouble) return;
    const mine = asked.current;
    timer.current = setTimeout(() => {
      read.mutate(JSON.parse(next), {
        onSuccess: ({ answer }) => {
          if (mine !== asked.current) return;
          setTrouble(field, null);
          update((before) =>
            withUnparsed({ ...before, definition: { ...before.definition, answer } }, field, null),
          );
        },
        onError: (error) => {
          if (mine !== asked.current) return;
          const said =
            error instanceof ApiError && error.errors.length
              ? error.errors.map(atItsPlace).join("; ")
              : wordsOf(error);
          setTrouble(field, said);
        },
      });
    }, 350);
  };

  // What was kept from before a reload is read again, so that it is said again what is wrong with it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened.
  useEffect(() => {
    if (kept !== undefined) typed(kept);
    return () => clearTimeout(timer.current);
  }, []);

  if (text === null && first.error) {
    return (
      <ErrorPanel
        error={first.error}
        what="This answer format has no schema yet"
        onRetry={() => void first.refetch()}
      />
    );
  }
  if (text === null && !first.data) return <Skeleton rows={5} height={20} />;
  return (
    <div className="field">
      <div className={props["aria-invalid"] ? "text-editor wrong" : "text-editor"}>
        <CodeField
          id={props.id}
          label="JSON schema of the answer"
          language="json"
          value={text ?? spelled(first.data?.answer_schema)}
          onChange={typed}
          onBlur={props.onBlur}
          invalid={props["aria-invalid"]}
          describedBy={props["aria-describedby"]}
          readOnly={readOnly}
        />
      </div>
      <span className="field-help" id={`${props.id}-help`}>
        Labels, meanings and range follow what you write here, and this follows them.
      </span>
      <PlaceIssues place={field} />
    </div>
  );
}

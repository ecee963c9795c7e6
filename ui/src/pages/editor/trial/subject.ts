// What a trial is run on: a stored span, or text that somebody pasted.
import type { Pasted, SampleSpan, SpanDetail, SpanRow, TrialBody } from "../../../api/types";

export type Subject =
  | {
      kind: "span";
      key: string;
      trace_id: string;
      span_id: string;
      time: string;
      service: string;
      text: string;
    }
  | { kind: "pasted"; key: string; pasted: Pasted; text: string };

const firstWords = (...texts: string[]): string => texts.find((text) => text.trim() !== "")?.trim() ?? "";

export const ofSample = (span: SampleSpan): Subject => ({
  kind: "span",
  key: `${span.trace_id}/${span.span_id}`,
  trace_id: span.trace_id,
  span_id: span.span_id,
  time: span.time,
  service: span.service,
  text: firstWords(span.input, span.output, span.name),
});

export const ofRow = (span: SpanRow): Subject => ({
  kind: "span",
  key: `${span.trace_id}/${span.span_id}`,
  trace_id: span.trace_id,
  span_id: span.span_id,
  time: span.start,
  service: span.service,
  text: firstWords(span.input, span.output, span.name),
});

export const ofDetail = (span: SpanDetail): Subject => ({
  kind: "span",
  key: `${span.trace_id}/${span.span_id}`,
  trace_id: span.trace_id,
  span_id: span.span_id,
  time: span.start,
  service: span.service,
  text: firstWords(
    ...span.messages
      .filter(({ role }) => role === "user")
      .flatMap(({ parts }) => parts.map(({ text }) => text)),
    span.name,
  ),
});

export const ofText = (pasted: Pasted, number: number): Subject => ({
  kind: "pasted",
  key: `pasted-${number}`,
  pasted,
  text: firstWords(pasted.input, pasted.output, pasted.context) || "Empty text",
});

/** What the API is told about it. */
export const chosen = (subject: Subject): Pick<TrialBody, "span" | "pasted"> =>
  subject.kind === "span"
    ? { span: { trace_id: subject.trace_id, span_id: subject.span_id }, pasted: null }
    : { span: null, pasted: subject.pasted };

export const noText: Pasted = {
  input: "",
  output: "",
  context: "",
  expected: "",
  system_prompt: "",
  attributes: {},
};

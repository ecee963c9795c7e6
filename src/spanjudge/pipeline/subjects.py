"""What a judge sees of a stored span, trace or session."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from spanjudge.evaluators.span_values import Seen
from spanjudge.judging.span_subject import attributes_of, expected_of, subject_of
from spanjudge.judging.subject import Subject
from spanjudge.pipeline.folding import Step, fold, with_gap
from spanjudge.pipeline.ports import Material, StoredSpan
from spanjudge.pipeline.trace import Trace
from spanjudge.pipeline.turns import turns_of
from spanjudge.spans.facts import Facts
from spanjudge.spans.lazy import lazy
from spanjudge.spans.normalize import normalize
from spanjudge.spans.otlp import decode_log, decode_span
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import Span, ToolDefinition
from spanjudge.telemetry.evaluated import Target

MOST_CHARACTERS = 100_000
"""Of the steps of a trace or session, the rest is folded: a little less than most judges take in all."""


class Shown(Seen):
    """A span as rules look at it, and what a judge is shown of it: each made at the first look."""

    def __init__(
        self,
        raw: RawSpan,
        known: Facts | None = None,
        span: Callable[[], Span] | None = None,
        subject: Callable[[], Subject] | None = None,
    ) -> None:
        """As `Seen`; `subject` is what makes the subject, where there is more to it than the span alone."""
        super().__init__(raw, known, span)
        self._make_subject = subject

    @lazy
    def subject(self) -> Subject:
        """What a judge sees."""
        return self._make_subject() if self._make_subject is not None else subject_of(self.span, self.raw)


class Known(Protocol):
    """Spans that were read already; see `FreshSpans`."""

    def take(self, blob: bytes, envelope: bytes) -> Shown | None:
        """The span that was read from these bytes, without log events."""
        ...


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A target as it is judged.

    `target` names trace and span also where the one that was asked for did not know them (the key is the
    same). `span` and `raw`: the span itself; of a trace the outermost span that is about GenAI; of a session
    that of its last trace. `spans` are all that were read, the one above first. `service` is whose span it
    is, `response_id` its `gen_ai.response.id`. `total` is how many spans the target has. `shown` is `raw`,
    `span` and `subject` as rules look at them.
    """

    target: Target
    subject: Subject
    span: Span
    raw: RawSpan
    spans: tuple[tuple[RawSpan, Span], ...]
    shown: Shown
    service: str
    response_id: str | None = None
    total: int = 1


def read_target(
    target: Target,
    material: Material,
    *,
    most_characters: int = MOST_CHARACTERS,
    known: Known | None = None,
) -> Reading:
    """Decode, normalise and put together what is stored of a target.

    A span that is `known` is not read again. Steps of a trace or session beyond `most_characters` are folded,
    and `subject.folded` says so. Raises `ValueError` when nothing is stored of the target.
    """
    if not material.spans:
        raise ValueError(f"nothing is stored of the {target.kind} {target.key}")
    if target.kind == "span":
        return _read_span(target, material, known)
    pairs = [read_stored(stored) for stored in material.spans]
    traces = _traces([span for _, span in pairs])
    chosen = traces[-1] if target.kind == "session" else traces[0]
    steps = turns_of(traces) if target.kind == "session" else list(chosen.steps)
    left = material.total - len(pairs)
    if left > 0:
        # Of a very long one the store gives the first and the last half of what it was asked for.
        before, _ = pairs[max(0, len(pairs) - len(pairs) // 2 - 1)]
        steps = with_gap(steps, before.start_ns, left, target.kind)
    messages, folded = fold(steps, most_characters, noun="turns" if target.kind == "session" else "steps")
    head = chosen.head
    pairs.sort(key=lambda pair: (pair[1].span_id, pair[1].trace_id) != (head.span_id, head.trace_id))
    raw = pairs[0][0]
    subject = msgspec.structs.replace(
        _subject_of_session(traces, steps) if target.kind == "session" else _subject_of_trace(chosen),
        messages=messages,
        folded=("messages",) if folded or left > 0 else (),
        expected=expected_of(raw),
        attributes=attributes_of(raw),
    )
    return Reading(
        target=msgspec.structs.replace(target, trace_id=head.trace_id, span_id=head.span_id),
        subject=subject,
        span=head,
        raw=raw,
        spans=tuple(pairs),
        shown=Shown(raw, None, lambda: head, lambda: subject),
        service=raw.resource.service,
        response_id=head.response_id,
        total=max(material.total, len(pairs)),
    )


def read_stored(stored: StoredSpan) -> tuple[RawSpan, Span]:
    """A span out of the store, with its log events, as it was sent and normalised."""
    raw = decode_span(stored.blob, stored.envelope)
    return raw, normalize(raw, tuple(decode_log(blob, envelope) for blob, envelope in stored.logs))


def shown_of(material: Material) -> Shown:
    """A span out of the store as rules look at it: what takes time is done when it is looked at.

    It shows what `read_target` shows.
    """
    stored = material.spans[0]
    raw = decode_span(stored.blob, stored.envelope)

    def span() -> Span:
        return normalize(raw, tuple(decode_log(blob, envelope) for blob, envelope in stored.logs))

    def subject() -> Subject:
        others = [read_stored(one)[1] for one in material.retrievals if one.span_id != stored.span_id]
        return subject_of(shown.span, raw, others)

    shown = Shown(raw, None, span, subject)
    return shown


def _read_span(target: Target, material: Material, known: Known | None) -> Reading:
    stored = material.spans[0]
    shown = known.take(stored.blob, stored.envelope) if known is not None and not stored.logs else None
    if shown is None:
        raw, span = read_stored(stored)
        shown = Shown(raw, None, lambda: span)
    raw, span = shown.raw, shown.span
    others = [read_stored(other)[1] for other in material.retrievals if other.span_id != span.span_id]
    if others:
        shown = Shown(raw, shown.facts, lambda: span, lambda: subject_of(span, raw, others))
    return Reading(
        target=target,
        subject=shown.subject,
        span=span,
        raw=raw,
        spans=((raw, span),),
        shown=shown,
        service=raw.resource.service,
        response_id=span.response_id,
    )


def _traces(spans: Sequence[Span]) -> list[Trace]:
    """Spans by trace, in order of the traces' starts."""
    by_trace: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start_ns):
        by_trace.setdefault(span.trace_id, []).append(span)
    return [Trace(members) for members in by_trace.values()]


def _subject_of_trace(trace: Trace) -> Subject:
    last = trace.calls[-1] if trace.calls else trace.head
    return Subject(
        input=trace.input,
        output=trace.output,
        system_prompt=trace.system_prompt,
        context=trace.documents,
        tools=trace.tools,
        tool_calls=trace.tool_calls,
        model=last.response_model or last.request_model,
        provider=last.provider,
    )


def _subject_of_session(traces: Sequence[Trace], turns: Sequence[Step]) -> Subject:
    calls = [call for trace in traces for call in trace.calls]
    last = calls[-1] if calls else traces[-1].head
    tools: dict[str, ToolDefinition] = {tool.name: tool for trace in traces for tool in trace.tools}
    return Subject(
        input=_last_said(turns, "user"),
        output=_last_said(turns, "assistant"),
        system_prompt=next((trace.system_prompt for trace in traces if trace.system_prompt), None),
        tools=tuple(tools.values()),
        tool_calls=tuple(call for trace in traces for call in trace.tool_calls),
        model=last.response_model or last.request_model,
        provider=last.provider,
    )


def _last_said(turns: Sequence[Step], role: str) -> str | None:
    texts = (turn.message.text for turn in reversed(turns) if turn.message.role == role)
    return next((text for text in texts if text.strip()), None)

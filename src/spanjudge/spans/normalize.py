"""A span as it was sent, in whatever dialect, to the one `Span` that everything else works with."""

import logging
from collections.abc import Sequence

from spanjudge.spans.content import content_of, error_of
from spanjudge.spans.dialects import (
    genai,
    genai_events,
    google_adk,
    haystack,
    langfuse,
    langsmith,
    mlflow,
    openinference,
    openlit,
    openllmetry,
    pydantic_ai,
    spring_ai,
    strands,
    vercel,
)
from spanjudge.spans.dialects.found import Dialect, Found
from spanjudge.spans.facts import Facts, facts
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Span, SpanUsage

__all__ = ["DIALECTS", "Facts", "facts", "normalize"]

_log = logging.getLogger(__name__)

DIALECTS: tuple[tuple[str, Dialect], ...] = (
    ("genai", genai.read),
    ("genai_events", genai_events.read),
    ("openinference", openinference.read),
    ("openllmetry", openllmetry.read),
    ("vercel", vercel.read),
    ("pydantic_ai", pydantic_ai.read),
    ("langsmith", langsmith.read),
    ("langfuse", langfuse.read),
    ("mlflow", mlflow.read),
    ("openlit", openlit.read),
    ("google_adk", google_adk.read),
    ("strands", strands.read),
    ("haystack", haystack.read),
    ("spring_ai", spring_ai.read),
)
"""Every dialect with its name, in the order in which what they found is believed."""

_FIELDS = tuple(name for name in Found.__struct_fields__ if name != "notes")


def normalize(raw: RawSpan, logs: Sequence[LogEvent] = (), *, known: Facts | None = None) -> Span:
    """Read a span and the log events that belong to it. Never raises: what cannot be read is not there.

    `known` are the span's facts when the caller has them already.
    """
    known = known or facts(raw)
    if not known.is_genai:
        return _span(raw, known, Found(), "")
    found, dialect = _found(raw, logs)
    return _span(raw, known, found, dialect)


def _found(raw: RawSpan, logs: Sequence[LogEvent]) -> tuple[Found, str]:
    """What all dialects found, the first that says something first; and whose the content is."""
    merged: Found | None = None
    content = anything = ""
    notes: dict[str, None] = {}
    for name, read in DIALECTS:
        try:
            found = read(raw, logs)
        except Exception as error:  # noqa: BLE001  # one odd span must never stop the others
            _log.warning("dialect %s cannot read a span: %s", name, type(error).__name__)
            notes[f"the dialect {name} cannot read this span"] = None
            continue
        if found is None:
            continue
        anything = anything or name
        if not content and _has_content(found):
            content = name
        notes.update(dict.fromkeys(found.notes))
        if merged is None:
            merged = found
        else:
            _merge(merged, found)
    merged = merged or Found()
    merged.notes = tuple(notes)
    return merged, content or anything


def _has_content(found: Found) -> bool:
    messages = found.input_messages or found.output_messages
    texts = found.input_text or found.output_text or found.input_texts or found.context
    tool = found.tool_arguments is not None or found.tool_result
    return bool(messages or texts or tool)


def _merge(merged: Found, found: Found) -> None:
    """Fill what is unset. A text beside messages that another dialect read would contradict them."""
    sent, said = bool(merged.input_messages), bool(merged.output_messages)
    for field in _FIELDS:
        value = getattr(found, field)
        if value is None or getattr(merged, field) is not None:
            continue
        if (field == "input_text" and sent) or (field in ("output_text", "tool_calls") and said):
            continue
        setattr(merged, field, value)


def _span(raw: RawSpan, known: Facts, found: Found, dialect: str) -> Span:
    error = error_of(raw)
    content = content_of(raw, known, found, failed=error is not None)
    used = SpanUsage(input=found.input_tokens, output=found.output_tokens)
    return Span(
        trace_id=raw.trace_id,
        span_id=raw.span_id,
        parent_span_id=raw.parent_span_id,
        name=raw.name,
        service=raw.resource.service,
        scope=raw.scope,
        dialect=dialect,
        start_ns=raw.start_ns,
        end_ns=raw.end_ns,
        operation=known.operation,
        kind=known.kind,
        error=error,
        provider=known.provider or found.provider,
        framework=known.framework,
        request_model=found.request_model,
        response_model=found.response_model,
        response_id=found.response_id,
        conversation_id=known.conversation_id or found.conversation_id,
        agent=known.agent or found.agent,
        system_prompt=content.system_prompt,
        input_text=content.input_text,
        output_text=content.output_text,
        input_messages=content.input_messages,
        output_messages=content.output_messages,
        input_texts=content.input_texts,
        tools=found.tools or (),
        tool_calls=content.tool_calls,
        tool_name=content.tool_name,
        tool_arguments=content.tool_arguments,
        tool_result=content.tool_result,
        context=content.context,
        usage=used if used.input is not None or used.output is not None else None,
        notes=(*found.notes, *content.notes),
    )

"""Judge calls as traces: a `chat` span for every call, linked to the span that was judged.

Off unless there is a destination. The spans are marked as our own telemetry, by scope and by attribute, so
that a receiver of ours that gets them never judges them.
"""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from spanjudge.judging.call import JudgeCall, Trouble
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.monitoring import OPERATION
from spanjudge.telemetry.own import MARK
from spanjudge.telemetry.routes import STANDARD, Route, read_route
from spanjudge.version import __version__

SCOPE = "spanjudge.judge"
"""Instrumentation scope of judge spans."""

SETTINGS = "SPANJUDGE_JUDGE_TRACES"
"""Prefix of the variables that say where judge spans go."""

_target: ContextVar[Target | None] = ContextVar("judged target", default=None)


def route_from_environment(environ: Mapping[str, str]) -> Route | None:
    """Where judge spans go: `SPANJUDGE_JUDGE_TRACES_ENDPOINT`, with `…_HEADERS`, `…_PROTOCOL` and the rest.

    `None` when it is not set. Raises `SettingsError`.
    """
    return read_route(environ, "traces", prefix=SETTINGS, borrowed=STANDARD)


@contextmanager
def judging(target: Target) -> Generator[None]:
    """Judge calls inside are about this target."""
    token = _target.set(target)
    try:
        yield
    finally:
        _target.reset(token)


class JudgeTraces:
    """An observer of judge calls that makes a span of each."""

    def __init__(self, tracer_provider: trace.TracerProvider, *, content: bool = False) -> None:
        """`content`: also record what was asked and answered, which quotes what users wrote."""
        self._tracer = trace.get_tracer(SCOPE, __version__, tracer_provider)
        self._content = content

    def observe(self, call: JudgeCall) -> None:
        """Record one finished judge call."""
        target = _target.get()
        # Calls whose start is not told ended just now.
        start = call.started_ns or time.time_ns() - round(call.duration * 1e9)
        span = self._tracer.start_span(
            f"{OPERATION} {call.model}",
            # Never a child of whatever request happens to be under way: the judged span is a link.
            context=Context(),
            kind=SpanKind.CLIENT,
            attributes=_attributes(call, target),
            links=_links(target),
            start_time=start,
        )
        if self._content and span.is_recording():
            span.set_attributes(_said(call))
        if call.error_type is not None:
            span.set_status(Status(StatusCode.ERROR))
        span.end(start + round(call.duration * 1e9))


def _attributes(call: JudgeCall, target: Target | None) -> dict[str, Any]:
    failure = call.answer.code if isinstance(call.answer, Trouble) else None
    found: dict[str, Any] = {
        MARK: True,
        "gen_ai.operation.name": OPERATION,
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.request.max_tokens": call.request and call.request.max_output_tokens,
        "gen_ai.response.model": call.answer and call.answer.model,
        "gen_ai.evaluation.name": call.evaluators[0] if len(call.evaluators) == 1 else None,
        "gen_ai.evaluation.cost.usd": call.cost_usd,
        "error.type": call.error_type,
        "spanjudge.failure.code": failure,
        "spanjudge.evaluators": list(call.evaluators),
    }
    if call.usage is not None:
        found |= {
            "gen_ai.usage.input_tokens": call.usage.input,
            "gen_ai.usage.output_tokens": call.usage.output,
            "gen_ai.usage.cache_read.input_tokens": call.usage.cached or None,
            "gen_ai.usage.cache_creation.input_tokens": call.usage.cache_write or None,
            "gen_ai.usage.reasoning.output_tokens": call.usage.reasoning or None,
        }
    if target is not None:
        found |= {
            "eval.target.kind": target.kind,
            "eval.target.trace_id": target.trace_id or None,
            "eval.target.span_id": target.span_id or None,
            "eval.target.session_id": target.session_id or None,
        }
    return {key: value for key, value in found.items() if value is not None}


def _said(call: JudgeCall) -> dict[str, str]:
    """The question and the answer, as the GenAI conventions write messages."""
    found: dict[str, str] = {}
    if call.request is not None:
        if call.request.system:
            found["gen_ai.system_instructions"] = json.dumps([_text(call.request.system)])
        found["gen_ai.input.messages"] = json.dumps([{"role": "user", "parts": [_text(call.request.user)]}])
    if call.answer is not None and not isinstance(call.answer, Trouble):
        # Only complete answers get here.
        found["gen_ai.output.messages"] = json.dumps(
            [{"role": "assistant", "parts": [_text(call.answer.text)], "finish_reason": "stop"}]
        )
    return found


def _text(content: str) -> dict[str, str]:
    return {"type": "text", "content": content}


def _links(target: Target | None) -> list[Link]:
    """A link needs both ids, of the right length."""
    if target is None:
        return []
    try:
        context = SpanContext(
            int(target.trace_id or "0", 16),
            int(target.span_id or "0", 16),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
    except ValueError:
        return []
    return [Link(context)] if context.is_valid else []

"""Spans and log records as senders send them, and evaluators that look at them."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, cast

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator, Rule, Scope
from spanjudge.pipeline.ports import Material, StoredEvaluator, StoredSpan
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan, read_file, read_logs, read_spans

CAPTURES = Path(__file__).parent.parent / "data" / "otlp"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}

_ids = count(1)


def text(role: str, *parts: str) -> dict[str, Any]:
    """A message of texts."""
    return {"role": role, "parts": [{"type": "text", "content": part} for part in parts]}


def called(name: str, **arguments: Any) -> dict[str, Any]:
    """An assistant message that calls a tool."""
    part = {"type": "tool_call", "id": f"call_{name}", "name": name, "arguments": arguments}
    return {"role": "assistant", "parts": [part]}


def content(question: str | Sequence[dict[str, Any]], answer: str | dict[str, Any] | None) -> dict[str, Any]:
    """Attributes with what a model was sent and what it gave."""
    asked = [text("user", question)] if isinstance(question, str) else question
    found = {"gen_ai.input.messages": json.dumps(asked)}
    if answer is not None:
        given = text("assistant", answer) if isinstance(answer, str) else answer
        found["gen_ai.output.messages"] = json.dumps([given])
    return found


def span(
    attributes: dict[str, Any] | None = None,
    *,
    trace: int = 1,
    number: int | None = None,
    parent: int = 0,
    name: str = "chat gpt-4o",
    service: str = "travel",
    scope: str = "openai.v2",
    at: float = 0.0,
    lasts: float = 1.0,
    failed: bool = False,
    events: Sequence[str] = (),
    resource: dict[str, Any] | None = None,
) -> ReceivedSpan:
    """One span as it is received; `trace`, `number` and `parent` are its ids, `at` and `lasts` seconds."""
    request = ExportTraceServiceRequest()
    sender = request.resource_spans.add()
    _put(sender.resource.attributes, {"service.name": service, **(resource or {})})
    scoped = sender.scope_spans.add()
    scoped.scope.name = scope
    made = scoped.spans.add(
        trace_id=trace.to_bytes(16, "big"),
        span_id=(number or next(_ids)).to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        kind=3,
        start_time_unix_nano=START + int(at * SECOND),
        end_time_unix_nano=START + int((at + lasts) * SECOND),
    )
    if failed:
        made.status.code = Status.STATUS_CODE_ERROR
        made.status.message = "it went wrong"
    _put(made.attributes, attributes or {})
    for event in events:
        made.events.add(name=event)
    return read_spans(request).spans[0]


def chat(question: str = "Where?", answer: str | None = "Here.", **others: Any) -> ReceivedSpan:
    """A model call with content."""
    return span({**CHAT, **content(question, answer)}, **others)


def log(received: ReceivedSpan, name: str, body: dict[str, Any], **attributes: str) -> ReceivedLog:
    """A log event of a span."""
    request = ExportLogsServiceRequest()
    record = (
        request.resource_logs.add()
        .scope_logs.add()
        .log_records.add(
            trace_id=bytes.fromhex(received.raw.trace_id),
            span_id=bytes.fromhex(received.raw.span_id),
            event_name=name,
        )
    )
    _put(record.body.kvlist_value.values, body)
    _put(record.attributes, {key.replace("__", "."): value for key, value in attributes.items()})
    return read_logs(request).logs[0]


def stored(spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> tuple[StoredSpan, ...]:
    """Spans as they come out of a store."""
    return tuple(
        StoredSpan(
            trace_id=one.raw.trace_id,
            span_id=one.raw.span_id,
            blob=one.blob,
            envelope=one.envelope,
            received_ns=START,
            logs=tuple((log.blob, log.envelope) for log in logs if log.event.span_id == one.raw.span_id),
        )
        for one in spans
    )


def material(spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = ()) -> Material:
    """A whole trace or session out of a store."""
    ordered = sorted(spans, key=lambda one: one.raw.start_ns)
    return Material(spans=stored(ordered, logs), total=len(spans))


def capture(folder: str, scenario: str) -> tuple[list[ReceivedSpan], list[ReceivedLog]]:
    """What a real instrumentation sent."""
    spans = list(read_file(CAPTURES / folder / f"{scenario}.json").spans)
    beside = CAPTURES / folder / f"{scenario}.logs.json"
    return spans, list(read_file(beside).logs) if beside.exists() else []


def evaluator(name: str = "good", **others: Any) -> Evaluator:
    """A rubric that needs an output; `rules` are (attribute, operator, value)."""
    rules = tuple(
        Rule(attribute=key, operator=operator, value=value)
        for key, operator, value in others.pop("rules", ())
    )
    scope = Scope(services=others.pop("services", ()), sampling=others.pop("sampling", 100.0), rules=rules)
    if "prompt" not in others:
        others.setdefault("rubric", "Is it good?")
    return Evaluator(name=name, answer=Boolean(), scope=scope, **others)


def published(*evaluators: Evaluator) -> list[StoredEvaluator]:
    """Evaluators in use."""
    return [
        StoredEvaluator(evaluator=one, number=1, status="published", created_ns=START, published_ns=START)
        for one in evaluators
    ]


def _put(where: Any, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        _set(where.add(key=key).value, value)


def _set(holder: AnyValue, value: Any) -> None:
    match value:
        case bool():
            holder.bool_value = value
        case int():
            holder.int_value = value
        case float():
            holder.double_value = value
        case list():
            for item in cast("list[Any]", value):
                _set(holder.array_value.values.add(), item)
        case _:
            holder.string_value = value

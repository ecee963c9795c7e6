"""Traces of an application with a retriever, an agent and a tool, and what evaluators said of them.

The same number gives the same trace. Six spans a trace in OpenInference's words, which Spanjudge and Phoenix
both read; three outcomes on its model calls.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from spanjudge.judging.result import FailureCode, Verdict

SPANS = 6
SERVICES = ("checkout", "support", "search", "docs", "travel-desk", "billing", "onboarding", "sales")
MODELS = ("gpt-4o-mini", "gpt-4.1", "claude-sonnet-4", "gemini-2.5-flash", "mistral-small")
EVALUATORS = ("topic", "faithfulness", "tone", "safety", "resolved")
CODES: tuple[FailureCode, ...] = ("judge_timeout", "judge_refused", "judge_rate_limited")
SECONDS_APART = 6
_NO_VERDICT, _PASS = 0.02, 0.87
_PARAGRAPH = (
    "You can return an item within 30 days of purchase for a full refund, as long as it is unused and in its "
    "box. Shipping takes 3 to 5 business days within the country and up to 14 days abroad. "
)
_TOPICS = ("refund", "delivery", "invoice", "password", "voucher", "warranty", "size", "complaint")
_SECOND = 1_000_000_000


class Outcome(NamedTuple):
    """What one evaluator said of one span: a verdict, or the code of a failure."""

    evaluator: str
    span_id: str
    verdict: Verdict | None
    label: str | None
    score: float | None
    code: FailureCode | None


class Trace(NamedTuple):
    """One trace. The other fields are what a question of the benchmark may be about."""

    number: int
    trace_id: str
    service: str
    model: str
    session: str
    start_ns: int
    question: str


def trace(number: int, start_ns: int) -> Trace:
    """The trace of this number; `start_ns` is the first one's."""
    chance = random.Random(number)  # noqa: S311  # the same again each time
    topic = chance.choice(_TOPICS)
    return Trace(
        number=number,
        trace_id=hashlib.blake2b(b"trace %d" % number, digest_size=16).hexdigest(),
        service=chance.choice(SERVICES),
        model=chance.choice(MODELS),
        session=f"session-{number // 5}",
        start_ns=start_ns + number * SECONDS_APART * _SECOND,
        question=f"Question {number}: what about my {topic}? It is case C{number * 7919 % 1_000_003:07d}.",
    )


def span_id(one: Trace, place: int) -> str:
    """The id of a span by its place in the trace."""
    return hashlib.blake2b(f"{one.trace_id} {place}".encode(), digest_size=8).hexdigest()


def outcomes(one: Trace) -> Iterator[Outcome]:
    """Three of the evaluators on the last model call: most pass, few have no verdict."""
    chance = random.Random(-one.number - 1)  # noqa: S311  # the same again each time
    for evaluator in chance.sample(EVALUATORS, 3):
        span = span_id(one, 5)
        draw = chance.random()
        if draw < _NO_VERDICT:
            yield Outcome(evaluator, span, None, None, None, chance.choice(CODES))
            continue
        verdict: Verdict = "pass" if draw < _PASS else "fail"
        score = round(chance.uniform(0.5, 1.0) if verdict == "pass" else chance.uniform(0.0, 0.5), 2)
        yield Outcome(evaluator, span, verdict, "good" if verdict == "pass" else "poor", score, None)


def request(numbers: range, start_ns: int) -> bytes:
    """One `ExportTraceServiceRequest` of these traces."""
    message = ExportTraceServiceRequest()
    scopes: dict[str, ScopeSpans] = {}
    for number in numbers:
        one = trace(number, start_ns)
        scope = scopes.get(one.service)
        if scope is None:
            group = message.resource_spans.add()
            for key, value in (("service.name", one.service), ("telemetry.sdk.language", "python")):
                group.resource.attributes.add(key=key).value.string_value = value
            scope = scopes[one.service] = group.scope_spans.add()
            scope.scope.name = "openinference.instrumentation.agent"
        _spans(scope, one)
    return message.SerializeToString()


def _spans(scope: ScopeSpans, one: Trace) -> None:
    answer = f"About case {one.number}: {_PARAGRAPH}"
    documents = [f"{_PARAGRAPH}({one.number} {place})" for place in range(3)]
    asked = _messages("llm.input_messages", ("system", _PARAGRAPH * 3), ("user", one.question))
    told = _messages("llm.output_messages", ("assistant", answer))
    model = {"llm.model_name": one.model, "llm.provider": "openai"}
    whole = {"input.value": one.question, "output.value": answer}
    _span(
        scope,
        one,
        0,
        parent=None,
        name="POST /ask",
        kind="",
        lasts=2_000,
        texts={"session.id": one.session, "url.path": "/ask"},
    )
    _span(
        scope,
        one,
        1,
        parent=0,
        name="agent",
        kind="AGENT",
        lasts=1_900,
        texts={"session.id": one.session, **whole},
    )
    found = {f"retrieval.documents.{place}.document.content": text for place, text in enumerate(documents)}
    _span(
        scope,
        one,
        2,
        parent=1,
        name="retrieve",
        kind="RETRIEVER",
        lasts=200,
        texts={"input.value": one.question, **found},
    )
    plan = {**whole, **model, **asked, **_messages("llm.output_messages", ("assistant", "I look it up."))}
    _span(scope, one, 3, parent=1, name="ChatCompletion", kind="LLM", lasts=600, texts=plan, tokens=(420, 12))
    looked = {"tool.name": "look_up", "input.value": json.dumps({"case": one.number}), "output.value": "open"}
    _span(
        scope,
        one,
        4,
        parent=1,
        name="look_up",
        kind="TOOL",
        lasts=50,
        texts=looked,
        error=one.number % 25 == 0,
    )
    answered = {**whole, **model, **asked, **told}
    _span(
        scope,
        one,
        5,
        parent=1,
        name="ChatCompletion",
        kind="LLM",
        lasts=800,
        texts=answered,
        tokens=(560, 70),
    )


def _messages(prefix: str, *messages: tuple[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, (role, content) in enumerate(messages):
        found[f"{prefix}.{place}.message.role"] = role
        found[f"{prefix}.{place}.message.content"] = content
    return found


def _span(
    scope: ScopeSpans,
    one: Trace,
    place: int,
    *,
    parent: int | None,
    name: str,
    kind: str,
    lasts: int,
    texts: dict[str, str],
    tokens: tuple[int, int] | None = None,
    error: bool = False,
) -> None:
    start = one.start_ns + place * 100_000_000
    span = scope.spans.add(
        trace_id=bytes.fromhex(one.trace_id),
        span_id=bytes.fromhex(span_id(one, place)),
        parent_span_id=b"" if parent is None else bytes.fromhex(span_id(one, parent)),
        name=name,
        kind=Span.SPAN_KIND_SERVER if parent is None else Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=start,
        end_time_unix_nano=start + lasts * 1_000_000,
    )
    span.status.code = Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_OK
    for key, text in ({"openinference.span.kind": kind} if kind else {}).items():
        span.attributes.add(key=key).value.string_value = text
    for key, text in texts.items():
        span.attributes.add(key=key).value.string_value = text
    if tokens:
        for key, count in zip(("prompt", "completion"), tokens, strict=True):
            span.attributes.add(key=f"llm.token_count.{key}").value.int_value = count

"""OTLP files: which of their spans, traces and sessions are judged, as the server decides it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from spanjudge.cli.offline.item import FileError, Item, NotJudged
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.decision import Decision
from spanjudge.pipeline.match import decide_target
from spanjudge.pipeline.ports import Material, StoredSpan
from spanjudge.pipeline.receive import session_id
from spanjudge.pipeline.subjects import Reading, read_target
from spanjudge.spans.normalize import facts
from spanjudge.spans.otlp import FileRead, OtlpError, ReceivedSpan, read_file
from spanjudge.spans.span import Span
from spanjudge.spans.tree import SpanTree
from spanjudge.telemetry.evaluated import Target

_RETRIEVAL = "retrieval"


def read(path: Path) -> FileRead:
    """Spans and log records of a file. Raises `FileError`."""
    try:
        return read_file(path)
    except OtlpError as error:
        raise FileError(str(error)) from None


def items(files: Sequence[FileRead], evaluators: Sequence[Evaluator], *, sample: bool = False) -> list[Item]:
    """What is judged, in the order of the files: spans, then whole traces, then sessions.

    All that matches is judged; with `sample` only the evaluators' share of it.
    """
    by_kind: dict[str, list[Evaluator]] = {"span": [], "trace": [], "session": []}
    for evaluator in evaluators:
        by_kind[evaluator.target].append(evaluator)
    recorded = _Recorded(files)
    found: list[Item] = []
    if by_kind["span"]:
        found += _of_spans(list(recorded.of_spans()), by_kind["span"], sample=sample)
    for kind, readings in (("trace", recorded.of_traces), ("session", recorded.of_sessions)):
        if by_kind[kind]:
            found += [
                _item(reading, [(one, _decide(reading, one, sample=sample)) for one in by_kind[kind]])
                for reading in readings()
            ]
    return found


def _of_spans(readings: Sequence[Reading], evaluators: Sequence[Evaluator], *, sample: bool) -> list[Item]:
    """A call that two instrumentations recorded is judged once."""
    decisions = {
        (reading.target.key, evaluator.name): _decide(reading, evaluator, sample=sample)
        for reading in readings
        for evaluator in evaluators
    }
    by_trace: dict[str, list[Span]] = {}
    for reading in readings:
        by_trace.setdefault(reading.span.trace_id, []).append(reading.span)
    trees = {trace_id: SpanTree(spans) for trace_id, spans in by_trace.items()}
    found: list[Item] = []
    for reading in readings:
        other = trees[reading.span.trace_id].judged_instead_of(reading.span)
        decided: list[tuple[Evaluator, Decision]] = []
        for evaluator in evaluators:
            decision = decisions[reading.target.key, evaluator.name]
            if decision.judge and other is not None:
                twin = decisions[other.trace_id + other.span_id, evaluator.name]
                if twin.judge:
                    told = f"span {other.span_id} records the same call and is judged"
                    decision = Decision(judge=False, reason="same_call", detail=told)
            decided.append((evaluator, decision))
        found.append(_item(reading, decided))
    return found


def _item(reading: Reading, decided: Sequence[tuple[Evaluator, Decision]]) -> Item:
    target = reading.target
    return Item(
        name={"span": target.span_id, "trace": target.trace_id, "session": target.session_id}[target.kind],
        subject=reading.subject,
        target=target,
        service=reading.service,
        response_id=reading.response_id,
        evaluators=tuple(evaluator for evaluator, decision in decided if decision.judge),
        not_judged=tuple(
            NotJudged(evaluator=evaluator, reason=decision.reason or "", detail=decision.detail)
            for evaluator, decision in decided
            if not decision.judge
        ),
    )


def _decide(reading: Reading, evaluator: Evaluator, *, sample: bool) -> Decision:
    scope = evaluator.scope
    if not sample and scope.sampling < 100:  # noqa: PLR2004 - percent
        every = msgspec.structs.replace(scope, sampling=100.0)
        evaluator = msgspec.structs.replace(evaluator, scope=every)
    return decide_target(reading, evaluator)


def _whole(spans: Sequence[StoredSpan]) -> Material:
    return Material(spans=tuple(spans), total=len(spans))


class _Recorded:
    """Everything that files hold, put together as the store would: a span sent twice is one span."""

    def __init__(self, files: Sequence[FileRead]) -> None:
        logs: dict[tuple[str, str], list[tuple[bytes, bytes]]] = {}
        for received in (log for file in files for log in file.logs):
            key = (received.event.trace_id, received.event.span_id)
            logs.setdefault(key, []).append((received.blob, received.envelope))
        unique: dict[tuple[str, str], ReceivedSpan] = {}
        for span in (span for file in files for span in file.spans):
            unique.setdefault((span.raw.trace_id, span.raw.span_id), span)
        self._traces: dict[str, list[StoredSpan]] = {}
        self._retrievals: dict[str, list[StoredSpan]] = {}
        self._sessions: dict[str, dict[str, None]] = {}
        for (trace_id, span_id), span in unique.items():
            stored = StoredSpan(
                trace_id=trace_id,
                span_id=span_id,
                blob=span.blob,
                envelope=span.envelope,
                received_ns=0,
                logs=tuple(logs.get((trace_id, span_id), ())),
            )
            self._traces.setdefault(trace_id, []).append(stored)
            known = facts(span.raw)
            if known.operation == _RETRIEVAL:
                self._retrievals.setdefault(trace_id, []).append(stored)
            if known.conversation_id:
                self._sessions.setdefault(session_id(known.conversation_id), {})[trace_id] = None

    def of_spans(self) -> Iterator[Reading]:
        for trace_id, spans in self._traces.items():
            retrievals = tuple(self._retrievals.get(trace_id, ()))
            for span in spans:
                material = Material(spans=(span,), retrievals=retrievals, total=1)
                yield read_target(Target(trace_id=trace_id, span_id=span.span_id), material)

    def of_traces(self) -> Iterator[Reading]:
        for trace_id, spans in self._traces.items():
            yield read_target(Target(kind="trace", trace_id=trace_id), _whole(spans))

    def of_sessions(self) -> Iterator[Reading]:
        """A session is all spans of the traces that name it."""
        for name, traces in self._sessions.items():
            spans = [span for trace_id in traces for span in self._traces[trace_id]]
            yield read_target(Target(kind="session", session_id=name), _whole(spans))

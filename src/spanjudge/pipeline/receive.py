"""What came in, matched against the published evaluators: rows to store, jobs to do, windows to open."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators.sampling import sampled
from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.match import Admission, admission_of
from spanjudge.pipeline.ports import Intake, LogRow, NewJob, SpanRow, StoredEvaluator, WindowTouch
from spanjudge.pipeline.subjects import Shown
from spanjudge.spans.facts import Facts, facts
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from spanjudge.spans.raw import STATUS_ERROR, LogEvent, RawSpan
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.own import is_own_telemetry

SECOND = 1_000_000_000
GRACE_NS = 10 * SECOND
"""How long a span without content waits for log events that bring it."""

TRACE_END = "spanjudge.trace.end"
SESSION_END = "spanjudge.session.end"
"""Span attributes that say, when true: nothing more comes of this trace, or session."""

END_EVENTS: Mapping[str, str] = {"trace.end": "trace", "session.end": "session"}
"""Events that say the same, on a span or as log events (`session.end` is OpenTelemetry's)."""

_SESSION_KEYS = ("gen_ai.conversation.id", "session.id")
_LONGEST = 200
_MOST_SERVICES = 10_000
_NO_FACTS = Facts()

logger = logging.getLogger(__name__)


class WindowTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long a trace or session must be quiet, and how long it may go on, before it is judged (ns)."""

    trace_idle_ns: int = 30 * SECOND
    trace_longest_ns: int = 30 * 60 * SECOND
    session_idle_ns: int = 30 * 60 * SECOND
    session_longest_ns: int = 4 * 3600 * SECOND


class Matcher:
    """The published evaluators, ready for every span that comes in. Make a new one when they change.

    Paused evaluators are matched too: their jobs wait. One whose rules cannot be applied here is left out,
    and the log says so. `grace_ns` is how long a span without content is waited for.
    """

    def __init__(
        self,
        published: Sequence[StoredEvaluator],
        *,
        grace_ns: int = GRACE_NS,
        times: WindowTimes | None = None,
        fresh: FreshSpans | None = None,
    ) -> None:
        """`published` may hold drafts and archived versions: they are not looked at.

        `fresh` is where what was read of spans with jobs is left for their judging.
        """
        live = [stored for stored in published if stored.status in ("published", "paused")]
        admissions = [found for stored in live if (found := _compiled(stored)) is not None]
        self._of_spans = [a for a in admissions if a.evaluator.target == "span"]
        self._of_traces = [a for a in admissions if a.evaluator.target == "trace"]
        self._of_sessions = [a for a in admissions if a.evaluator.target == "session"]
        self._serving: dict[str, tuple[Admission, ...]] = {}
        self._grace_ns = grace_ns
        self._times = times or WindowTimes()
        self._fresh = fresh

    def intake(
        self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog] = (), *, now_ns: int
    ) -> Intake:
        """Everything to be stored of one request. Never raises for what a span holds."""
        intake = Intake()
        touches: dict[str, WindowTouch] = {}
        retrieved: set[str] = set()
        windows = bool(self._of_traces or self._of_sessions)
        for received in spans:
            raw = received.raw
            try:
                known = facts(raw)
                seen = Shown(raw, known)
                own = is_own_telemetry(seen)
                jobs = () if own else self._jobs(seen, now_ns)
                if self._fresh is not None and any(not job.awaits_content for job in jobs):
                    self._fresh.keep(received.blob, received.envelope, seen, now_ns=now_ns)
                if windows and known.is_genai and not own:
                    self._touch(seen, now_ns, touches)
            except Exception as error:  # noqa: BLE001  one bad span must not take its neighbours along
                _tell(raw, error)
                known, jobs = _NO_FACTS, ()
            if known.operation == "retrieval":
                retrieved.add(raw.trace_id)
            intake.spans.append(_row(received, known))
            intake.jobs.extend(jobs)
        for received in logs:
            event = received.event
            intake.logs.append(
                LogRow(
                    trace_id=event.trace_id,
                    span_id=event.span_id,
                    blob=received.blob,
                    envelope=received.envelope,
                )
            )
            if event.name in END_EVENTS:
                self._end(event, now_ns, touches)
        intake.touches.extend(touches.values())
        if retrieved:
            intake.jobs = [
                _at_once(job, now_ns) if job.target.trace_id in retrieved else job for job in intake.jobs
            ]
        return intake

    def _jobs(self, seen: Shown, now_ns: int) -> Sequence[NewJob]:
        service = seen.raw.resource.service
        serving = self._serving.get(service)
        if serving is None:
            serving = tuple(a for a in self._of_spans if a.scope.serves(service))
            if len(self._serving) < _MOST_SERVICES:
                self._serving[service] = serving
        fitting = [admission for admission in serving if admission.in_scope(seen)]
        if not fitting:
            return ()
        made = [self._job(admission, seen, now_ns) for admission in fitting]
        return [job for job in made if job is not None]

    def _job(self, admission: Admission, seen: Shown, now_ns: int) -> NewJob | None:
        decision = admission.admits(seen)
        if not (decision.judge or decision.may_change):
            return None
        raw = seen.raw
        return NewJob(
            evaluator=admission.evaluator.name,
            version=admission.evaluator.version,
            target=Target(trace_id=raw.trace_id, span_id=raw.span_id),
            due_ns=now_ns if decision.judge else now_ns + self._grace_ns,
            parent_span_id=raw.parent_span_id,
            model_call=seen.facts.is_model_call,
            awaits_content=not decision.judge,
        )

    def _touch(self, seen: Shown, now_ns: int, touches: dict[str, WindowTouch]) -> None:
        raw = seen.raw
        if _wanted(self._of_traces, raw.resource.service, raw.trace_id):
            ended = _says(raw, TRACE_END, "trace")
            if ended or "trace" + raw.trace_id not in touches:
                self._add(Target(kind="trace", trace_id=raw.trace_id), now_ns, touches, ended=ended)
        conversation = seen.facts.conversation_id if self._of_sessions else None
        if conversation and _wanted(self._of_sessions, raw.resource.service, session_id(conversation)):
            target = Target(
                kind="session",
                trace_id=raw.trace_id,
                span_id=raw.span_id,
                session_id=session_id(conversation),
            )
            self._add(target, now_ns, touches, ended=_says(raw, SESSION_END, "session"))

    def _end(self, event: LogEvent, now_ns: int, touches: dict[str, WindowTouch]) -> None:
        if END_EVENTS[event.name] == "trace":
            if self._of_traces and event.trace_id:
                self._add(Target(kind="trace", trace_id=event.trace_id), now_ns, touches, ended=True)
            return
        named = (event.attributes.get(key) for key in _SESSION_KEYS)
        session = next((value for value in named if isinstance(value, str) and value), None)
        if session and self._of_sessions:
            self._add(Target(kind="session", session_id=session_id(session)), now_ns, touches, ended=True)

    def _add(self, target: Target, now_ns: int, touches: dict[str, WindowTouch], *, ended: bool) -> None:
        key = target.kind + target.key
        before = touches.get(key)
        times = self._times
        is_trace = target.kind == "trace"
        touches[key] = WindowTouch(
            target=target if target.trace_id or before is None else before.target,
            seen_ns=now_ns,
            idle_ns=times.trace_idle_ns if is_trace else times.session_idle_ns,
            longest_ns=times.trace_longest_ns if is_trace else times.session_longest_ns,
            ended=ended or (before is not None and before.ended),
        )


def session_id(conversation: str) -> str:
    """A conversation id as it is stored: a very long one ends in a hash of it."""
    if len(conversation) <= _LONGEST and "\x00" not in conversation:
        return conversation
    digest = hashlib.sha256(conversation.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{_short(conversation)[: _LONGEST - 33]}~{digest}"


def _row(received: ReceivedSpan, known: Facts) -> SpanRow:
    raw = received.raw
    conversation = known.conversation_id
    return SpanRow(
        trace_id=raw.trace_id,
        span_id=raw.span_id,
        parent_span_id=raw.parent_span_id,
        service=_short(raw.resource.service),
        name=_short(raw.name),
        operation=_or_none(known.operation or known.kind),
        model=_or_none(known.model),
        session_id=None if conversation is None else session_id(conversation),
        start_ns=raw.start_ns,
        end_ns=raw.end_ns,
        is_error=raw.status_code == STATUS_ERROR,
        blob=received.blob,
        envelope=received.envelope,
    )


def _compiled(stored: StoredEvaluator) -> Admission | None:
    try:
        return admission_of(stored.evaluator)
    except SpanjudgeError as error:
        logger.error("The evaluator “%s” matches no span: %s", stored.evaluator.name, error)  # noqa: TRY400  the message says it all
        return None


def _wanted(admissions: Sequence[Admission], service: str, key: str) -> bool:
    """Whether any evaluator may judge this trace or session; rules are looked at when it is complete."""
    for admission in admissions:
        if admission.scope.serves(service) and sampled(key, admission.evaluator.scope.sampling):
            return True
    return False


def _says(raw: RawSpan, attribute: str, kind: str) -> bool:
    value: Any = raw.attributes.get(attribute)
    if value is True or (isinstance(value, str) and value.lower() == "true"):
        return True
    return any(END_EVENTS.get(event.name) == kind for event in raw.events)


def _short(text: str) -> str:
    """A text for a column that is listed: databases refuse NUL, and nobody reads more."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if len(text) <= _LONGEST else text[:_LONGEST]


def _or_none(text: str | None) -> str | None:
    return None if text is None else _short(text)


def _at_once(job: NewJob, now_ns: int) -> NewJob:
    """A job whose documents came with it; should it be something else that is missing, it goes on waiting."""
    return msgspec.structs.replace(job, due_ns=now_ns) if job.awaits_content else job


def _tell(raw: RawSpan, error: Exception) -> None:
    # Neither the message nor the traceback: both may quote what the span holds.
    logger.error(
        "Span %s of trace %s is kept, but could not be matched: %s",
        raw.span_id,
        raw.trace_id,
        type(error).__name__,
    )

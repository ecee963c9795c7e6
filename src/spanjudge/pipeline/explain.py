"""Why a span was judged, or was not: per evaluator one answer in plain words."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.judging.result import EvaluationFailure, Outcome
from spanjudge.pipeline.decision import Reason
from spanjudge.pipeline.match import decide_target
from spanjudge.pipeline.ports import Job, Material, Store, StoredEvaluator, StoredSpan
from spanjudge.pipeline.receive import SECOND, WindowTimes, session_id
from spanjudge.pipeline.subjects import Reading, read_target
from spanjudge.pipeline.windows import MOST_SPANS
from spanjudge.spans.facts import facts
from spanjudge.telemetry.evaluated import Evaluated, Target, TargetKind, result_id

State = Literal["judged", "waiting", "judging", "retrying", "failed", "published_later", "missed"] | Reason
"""One word for how it stands. `missed`: it would be judged if it came now, and has no job."""

WORDS: dict[State, str] = {
    "judged": "judged",
    "waiting": "waiting",
    "judging": "being judged",
    "retrying": "retrying",
    "failed": "failed",
    "published_later": "published after the span came",
    "missed": "not judged when it came",
    "not_matched": "not matched",
    "sampled_out": "sampled out",
    "missing_variable": "missing variable",
    "no_content": "no content",
    "same_call": "duplicate",
    "span_error": "failed call",
    "draft": "draft",
    "paused": "paused",
    "budget": "budget used up",
    "own_telemetry": "own telemetry",
}
"""The states as people read them."""


class SpanNotFoundError(SpanjudgeError):
    """No span of this id is stored, or it is no id."""


class AmbiguousSpanError(SpanjudgeError):
    """Several traces hold a span of this id; `trace_ids` says which."""

    def __init__(self, span_id: str, trace_ids: Sequence[str]) -> None:
        """The message names the traces."""
        super().__init__(f"span {span_id} is in {len(trace_ids)} traces, name one: {', '.join(trace_ids)}")
        self.trace_ids = tuple(trace_ids)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with one evaluator and the span, or the trace or session that the span is part of.

    `detail` is what `state` does not say: result, clause and value, error. `since_ns` is when this state came
    about, `next_ns` when something is to happen, as far as known (nanoseconds since 1970). `result_id` and
    `result` are of the newest outcome.
    """

    evaluator: str
    version: str
    target: Target
    state: State
    detail: str = ""
    since_ns: int | None = None
    next_ns: int | None = None
    result_id: str | None = None
    result: Evaluated | None = None

    @property
    def line(self) -> str:
        """In one line, without the evaluator's name."""
        about = "" if self.target.kind == "span" else f" ({self.target.kind})"
        words = f"{WORDS[self.state]}{about}"
        return f"{words}: {self.detail}" if self.detail else words


async def locate(store: Store, span_id: str, *, trace_id: str | None = None) -> StoredSpan:
    """The span of this id. Raises `SpanNotFoundError`, `AmbiguousSpanError`, `StoreError`."""
    span_id = _id(span_id, "span id", 16)
    trace_id = _id(trace_id, "trace id", 32) if trace_id else None
    found = await store.find_spans(span_id, trace_id=trace_id)
    if not found:
        where = f" in trace {trace_id}" if trace_id else ""
        told = "it has not come, was not taken, or is older than what is kept"
        raise SpanNotFoundError(f"no span {span_id}{where}: {told}")
    if len({stored.trace_id for stored in found}) > 1:
        raise AmbiguousSpanError(span_id, sorted({stored.trace_id for stored in found}))
    return found[0]


async def explain(
    store: Store,
    span_id: str,
    *,
    trace_id: str | None = None,
    now_ns: int,
    times: WindowTimes | None = None,
    most_spans: int = MOST_SPANS,
) -> list[Explanation]:
    """One explanation for each evaluator, sorted by name; evaluators of whole traces and sessions too.

    `times` are the windows' as they are set. Raises `SpanNotFoundError`, `AmbiguousSpanError`, `StoreError`.
    """
    first = await locate(store, span_id, trace_id=trace_id)
    target = Target(trace_id=first.trace_id, span_id=first.span_id)
    material = await store.material([target], most_spans=most_spans)
    reading = read_target(target, material.get(target.kind + target.key) or Material(spans=(first,)))
    book = await _Book.open(store, reading, first.received_ns, most_spans)
    return [book.explain(name, now_ns, times or WindowTimes()) for name in book.names]


class _Book:
    """All that the store knows about the span and what it is part of."""

    def __init__(
        self,
        readings: dict[TargetKind, Reading],
        received_ns: int,
        evaluators: Sequence[StoredEvaluator],
        jobs: Iterable[Job],
        results: Iterable[Evaluated],
    ) -> None:
        self._readings = readings
        self._received_ns = received_ns
        self._chosen = _chosen(evaluators)
        self._jobs: dict[str, list[Job]] = {}
        for job in jobs:
            self._jobs.setdefault(job.evaluator, []).append(job)
        self._results: dict[str, list[Evaluated]] = {}
        for result in results:
            self._results.setdefault(result.outcome.evaluator, []).append(result)
        touched = {*self._jobs, *self._results}
        self.names = sorted(
            {name for name, stored in self._chosen.items() if stored.evaluator.target in readings} | touched
        )

    @classmethod
    async def open(cls, store: Store, reading: Reading, received_ns: int, most_spans: int) -> "_Book":
        """Look up what belongs to a span that was read."""
        targets = [reading.target, Target(kind="trace", trace_id=reading.target.trace_id)]
        conversation = facts(reading.raw).conversation_id or reading.span.conversation_id
        if conversation:
            targets.append(Target(kind="session", session_id=session_id(conversation)))
        evaluators = await store.evaluators()
        wanted = {stored.evaluator.target for stored in evaluators}
        wholes = [target for target in targets[1:] if target.kind in wanted]
        materials = await store.material(wholes, most_spans=most_spans) if wholes else {}
        readings: dict[TargetKind, Reading] = {"span": reading}
        for whole in wholes:
            material = materials.get(whole.kind + whole.key)
            if material is not None:
                readings[whole.kind] = read_target(whole, material)
        jobs, results = await store.jobs_of(targets), await store.results_of(targets)
        return cls(readings, received_ns, evaluators, jobs, results)

    def explain(self, name: str, now_ns: int, times: WindowTimes) -> Explanation:
        """How it stands with one evaluator."""
        stored = self._chosen.get(name)
        version = stored.evaluator.version if stored else ""
        job = _newest(self._jobs.get(name, []), version)
        if job is not None:
            return self._by_job(job, stored, now_ns)
        results = self._results.get(name, [])
        if results:
            return _judged(results[-1], results[-1].target, version)
        if stored is None:
            raise AssertionError(name)  # names come from evaluators, jobs and results alone
        return self._by_decision(stored, now_ns, times)

    def _by_job(self, job: Job, stored: StoredEvaluator | None, now_ns: int) -> Explanation:
        identity = result_id(job.evaluator, job.version, job.target, job.generation)
        result = next((one for one in self._results.get(job.evaluator, []) if one.id == identity), None)
        if result is not None:
            return _judged(result, job.target, stored.evaluator.version if stored else job.version)
        about = Explanation(
            evaluator=job.evaluator,
            version=job.version,
            target=job.target,
            state="waiting",
            since_ns=job.created_ns,
        )
        change = msgspec.structs.replace
        match job.state:
            case "skipped":
                return change(about, state=job.reason or "missed", detail=job.detail)
            case "failed":
                return change(about, state="failed", detail=_error(job))
            case "done":
                return change(about, state="judged", detail="the result is older than what is kept")
            case "leased":
                told = f"for {_ago(now_ns - job.due_ns)}" if now_ns > job.due_ns else ""
                return change(about, state="judging", detail=told)
            case "waiting":
                return self._waiting(about, job, stored, now_ns)

    def _waiting(
        self, about: Explanation, job: Job, stored: StoredEvaluator | None, now_ns: int
    ) -> Explanation:
        change = msgspec.structs.replace
        since = f"for {_ago(now_ns - job.created_ns)}"
        if stored is not None and stored.status == "paused":
            told = f"{stored.reason or 'a user paused it'}; the job waits {since}"
            return change(about, state="paused", detail=told, next_ns=stored.retry_ns)
        ahead = max(0, job.due_ns - now_ns)
        if job.error_code == "budget_exhausted":
            told = f"{job.error_message or 'nothing is left of the budget'}; tried again in {_ago(ahead)}"
            return change(about, state="budget", detail=told, next_ns=job.due_ns)
        if job.error_code:
            told = f"in {_ago(ahead)}" if ahead else "now"
            told = f"{told}, after {_error(job)}"
            if job.attempts:
                told += f" ({job.attempts} of its attempts used)"
            return change(about, state="retrying", detail=told, next_ns=job.due_ns)
        if job.awaits_content and ahead:
            told = (
                f"{since}: the span came without content, which may come as log events for {_ago(ahead)} more"
            )
            return change(about, detail=told, next_ns=job.due_ns)
        told = f"{since}: not yet its turn" if not ahead else f"{since}: due in {_ago(ahead)}"
        return change(about, detail=told, next_ns=job.due_ns)

    def _by_decision(self, stored: StoredEvaluator, now_ns: int, times: WindowTimes) -> Explanation:
        evaluator = stored.evaluator
        reading = self._readings[evaluator.target]
        about = Explanation(
            evaluator=evaluator.name, version=evaluator.version, target=reading.target, state="missed"
        )
        change = msgspec.structs.replace
        if stored.status == "draft":
            told = f"it was never published; “spanjudge evaluators publish {evaluator.name}” does"
            return change(about, state="draft", detail=told, since_ns=stored.created_ns)
        decision = decide_target(reading, evaluator)
        if not decision.judge:
            return change(about, state=decision.reason or "not_matched", detail=decision.detail)
        published = stored.published_ns
        whole = evaluator.target != "span"
        if published is not None and published > self._received_ns and not whole:
            told = "spans that arrive from now on are judged"
            return change(about, state="published_later", detail=told, since_ns=published)
        if stored.status == "paused":
            return change(about, state="paused", detail=stored.reason or "a user paused it")
        if whole:
            return _in_window(about, published, self._received_ns, now_ns, times)
        told = "it fits now; when it came it did not, or its record is older than what is kept"
        return change(about, detail=told)


def _in_window(
    about: Explanation, published: int | None, received_ns: int, now_ns: int, times: WindowTimes
) -> Explanation:
    """A trace or session that fits without a job: its window is open, or closed before the evaluator came."""
    is_trace = about.target.kind == "trace"
    idle = times.trace_idle_ns if is_trace else times.session_idle_ns
    longest = times.trace_longest_ns if is_trace else times.session_longest_ns
    change = msgspec.structs.replace
    if now_ns - received_ns <= longest + idle and (published is None or published <= received_ns):
        told = (
            f"until the {about.target.kind} has been quiet for {_ago(idle)}, "
            f"at most {_ago(longest)} after its first span"
        )
        return change(about, state="waiting", detail=told, since_ns=received_ns)
    told = f"the {about.target.kind} is judged when another of its spans arrives"
    return change(about, state="published_later", detail=told, since_ns=published)


def _judged(result: Evaluated, target: Target, current: str) -> Explanation:
    outcome = result.outcome
    told = _told(outcome)
    state: State = "failed" if result.is_failure else "judged"
    if isinstance(outcome, EvaluationFailure) and outcome.code == "budget_exhausted":
        state, told = "budget", outcome.message
    if current and outcome.evaluator_version != current:
        told += f" (by version {outcome.evaluator_version}; now it is {current})"
    return Explanation(
        evaluator=outcome.evaluator,
        version=outcome.evaluator_version,
        target=target,
        state=state,
        detail=told,
        since_ns=result.time_ns,
        result_id=result.id,
        result=result,
    )


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, EvaluationFailure):
        return f"{outcome.code}: {outcome.message}"
    words = [outcome.verdict] if outcome.verdict else []
    if outcome.score_label and outcome.score_label not in words:
        words.append(outcome.score_label)
    if outcome.score_value is not None and not isinstance(outcome.value, bool):
        words.append(f"{outcome.score_value:g}")
    elif isinstance(outcome.value, bool) and not outcome.score_label:
        words.append(str(outcome.value).lower())
    return ", ".join(words)


def _chosen(evaluators: Sequence[StoredEvaluator]) -> dict[str, StoredEvaluator]:
    """Of each name the version in use, else the newest; what was taken out of use is not told of."""
    chosen: dict[str, StoredEvaluator] = {}
    for stored in sorted(evaluators, key=lambda stored: stored.number):
        before = chosen.get(stored.evaluator.name)
        if before is None or before.status not in ("published", "paused"):
            chosen[stored.evaluator.name] = stored
    return {name: stored for name, stored in chosen.items() if stored.status != "archived"}


def _newest(jobs: Sequence[Job], version: str) -> Job | None:
    """The newest job of the version in use, else of any."""
    return max(jobs, key=lambda job: (job.version == version, job.generation, job.created_ns), default=None)


def _error(job: Job) -> str:
    return (
        f"{job.error_code or 'an error'}: {job.error_message}" if job.error_message else job.error_code or ""
    )


def _id(text: str, what: str, digits: int) -> str:
    clean = text.strip().lower().removeprefix("0x")
    if len(clean) != digits or not all(sign in "0123456789abcdef" for sign in clean):
        raise SpanNotFoundError(f"“{text[:80]}” is no {what}: that is {digits} hexadecimal digits")
    return clean


def _ago(span_ns: int) -> str:
    """A time span for people: 850 ms, 12 s, 3 min, 2 h, 5 days."""
    seconds = max(0, span_ns) / SECOND
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"

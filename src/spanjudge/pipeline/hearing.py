"""One target before its judge: read, decided once more, asked about, and what becomes of its jobs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.budget.budgeted_judge import usage_row
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.decision import Decision
from spanjudge.pipeline.endings import (
    HOPELESS,
    PROVIDERS_TROUBLE,
    Ending,
    Identity,
    Patience,
    ending,
    finished,
    internal_failure,
)
from spanjudge.pipeline.fresh import FreshSpans
from spanjudge.pipeline.match import decide_content, decide_target, decide_unsampled
from spanjudge.pipeline.pauses import Pauses
from spanjudge.pipeline.ports import (
    Finish,
    Job,
    Material,
    Overlooked,
    Retry,
    StoreError,
)
from spanjudge.pipeline.subjects import Reading, read_target
from spanjudge.pipeline.supervision import log_fault
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.judge_traces import judging

_SECOND = 1_000_000_000
_MANY_SPANS = 24
"""More than these are read beside the event loop."""

_PROVES_NOTHING = HOPELESS | PROVIDERS_TROUBLE | {"internal", "budget_exhausted", "missing_input"}
_WHOLE_AT_ONCE = 4
_MOST_TRIES_KNOWN = 200_000

_DECIDE: Mapping[Overlooked, Callable[[Reading, Evaluator], Decision]] = {
    "": decide_target,
    "sampling": decide_unsampled,
    "scope": decide_content,
}


class Case(msgspec.Struct, frozen=True):
    """A job and the evaluator version it was made for."""

    job: Job
    evaluator: Evaluator


class Prepared(msgspec.Struct, frozen=True):
    """A target that was read: what is judged, and by whom."""

    identity: Identity
    subject: Subject
    cases: list[Case]


Load = Callable[[], Awaitable[Material | None]]


class Heard(msgspec.Struct):
    """What a hearing came to.

    `answered`: a judge model answered. `troubled`: its provider could not.
    """

    ends: list[Ending] = []
    answered: bool = False
    troubled: bool = False
    hopeless: bool = False


class Hearings:
    """Hears targets: one call of `Judge.judge` for all their jobs that share a judge model.

    Never raises for what a target holds, nor for what a judge does. `used` is told of usage that no result
    accounts for.
    """

    def __init__(
        self,
        judges: Mapping[str, Judge],
        catalogue: Catalogue,
        pauses: Pauses,
        now: Now,
        *,
        patience: Patience,
        grace: float,
        used: Callable[[UsageRow], None],
        fresh: FreshSpans | None = None,
    ) -> None:
        """`grace` (seconds): how long after a job was made content may still come.

        `fresh` holds what receiving read a moment ago.
        """
        self._judges = judges
        self._catalogue = catalogue
        self._pauses = pauses
        self._now = now
        self._patience = patience
        self._grace_ns = int(grace * _SECOND)
        self._used = used
        self._fresh = fresh
        self._tries: dict[int, int] = {}
        self._whole = asyncio.Semaphore(_WHOLE_AT_ONCE)

    async def hear(self, target: Target, jobs: Sequence[Job], load: Load) -> Heard:
        """Judge a target by these jobs' evaluators; `load` gives what is stored of it."""
        heard = Heard()
        identity = Identity(target=target)
        try:
            if target.kind == "span":
                prepared = await self._prepare(target, jobs, load, heard)
            else:
                # A whole trace takes megabytes until it is read, and a subject kilobytes afterwards.
                async with self._whole:
                    prepared = await self._prepare(target, jobs, load, heard)
            if prepared is None:
                return heard
            identity = prepared.identity
            for judge, group in _by_judge(prepared.cases).items():
                await self._ask(judge, group, prepared.subject, identity, heard)
        except StoreError:
            later = self._now() + _SECOND
            heard.ends += [Retry(job=job, due_ns=later) for job in _left(jobs, heard)]
        except Exception as error:  # noqa: BLE001 - a span that cannot be read must not stop the others
            left = _left(jobs, heard)
            log_fault("a target could not be judged", error, trace_id=target.trace_id, span_id=target.span_id)
            heard.ends += [
                self._ended(job, internal_failure(job, error), identity, self._now()) for job in left
            ]
        return heard

    def forget(self, ends: Sequence[Ending]) -> None:
        """These are stored."""
        for end in ends if self._tries else ():
            if isinstance(end, Finish):
                self._tries.pop(end.job.id, None)

    async def _prepare(
        self, target: Target, jobs: Sequence[Job], load: Load, heard: Heard
    ) -> Prepared | None:
        material = await load()
        if material is None or not material.spans:
            told = f"nothing is stored of the {target.kind} any more"
            heard.ends += [Finish(job=job, reason="no_content", detail=told) for job in jobs]
            return None
        reading = await self._read(target, material)
        identity = Identity(target=reading.target, service=reading.service, response_id=reading.response_id)
        # A span to which nothing was added is what it was when it came, and was decided then.
        added = target.kind != "span" or material.spans[0].logs or material.retrievals
        cases = await self._cases(jobs, reading, heard, decided=not added)
        return Prepared(identity, reading.subject, cases)

    async def _read(self, target: Target, material: Material) -> Reading:
        if len(material.spans) + len(material.retrievals) > _MANY_SPANS:
            return await asyncio.to_thread(read_target, target, material, known=self._fresh)
        return read_target(target, material, known=self._fresh)

    async def _cases(
        self, jobs: Sequence[Job], reading: Reading, heard: Heard, *, decided: bool
    ) -> list[Case]:
        """The jobs that are to be judged; the others are ended. `decided`: those that lacked nothing are."""
        cases: list[Case] = []
        now = self._now()
        for job in jobs:
            evaluator = await self._catalogue.evaluator(job.evaluator, job.version)
            if evaluator is None:
                told = f"version {job.version} of the evaluator is no longer stored"
                heard.ends.append(Finish(job=job, reason="not_matched", detail=told))
                continue
            if decided and not job.awaits_content and job.overlooks != "scope":
                cases.append(Case(job, evaluator))
                continue
            decision = _DECIDE[job.overlooks](reading, evaluator)
            open_until = job.created_ns + self._grace_ns
            if decision.judge:
                cases.append(Case(job, evaluator))
            elif decision.may_change and now < open_until:
                heard.ends.append(Retry(job=job, due_ns=open_until))
            else:
                heard.ends.append(Finish(job=job, reason=decision.reason, detail=decision.detail))
        return cases

    async def _ask(
        self, name: str, cases: list[Case], subject: Subject, identity: Identity, heard: Heard
    ) -> None:
        judge = self._judges.get(name)
        if judge is None:
            for case in cases:
                failure = _no_such_judge(case, name, self._judges)
                heard.ends.append(finished(case.job, failure, identity, self._now()))
            return
        # Two versions of one evaluator have one name: they are asked one after the other.
        while cases:
            group = list({case.evaluator.name: case for case in reversed(cases)}.values())
            cases = [case for case in cases if case not in group]
            with judging(identity.target):
                outcomes = await judge.judge(subject, [case.evaluator for case in group])
            hopeless = next(filter(_is_hopeless, outcomes), None)
            # They have one moment: it tells afterwards which were judged together.
            at = self._now()
            until = 0
            if isinstance(hopeless, EvaluationFailure):
                heard.hopeless = True
                until = await self._pauses.pause(name, hopeless)
            heard.ends += [
                self._end(case, outcome, identity, heard, until, at)
                for case, outcome in zip(group, outcomes, strict=True)
            ]

    def _end(  # noqa: PLR0917  what came of one case, and what all of its judgement have in common
        self, case: Case, outcome: Outcome, identity: Identity, heard: Heard, until: int, at: int
    ) -> Ending:
        """One job's end at a moment; `until` is when its judge model is tried again if it cannot be asked."""
        job = case.job
        if isinstance(outcome, EvaluationResult):
            heard.answered = heard.answered or outcome.calls > 0
            return self._ended(job, outcome, identity, at)
        if outcome.code in HOPELESS:
            held = self._catalogue.held.get(case.evaluator.judge, ())
            end: Ending = Retry(
                job=job,
                # Paused, it waits anyway, and whoever ends the pause wants it at once.
                due_ns=self._now() if any(one.name == job.evaluator for one in held) else until,
                error_code=outcome.code,
                error_message=outcome.message,
            )
        else:
            heard.answered = heard.answered or (outcome.calls > 0 and outcome.code not in _PROVES_NOTHING)
            if outcome.code in PROVIDERS_TROUBLE and outcome.retryable:
                heard.troubled = True
            end = self._ended(job, outcome, identity, at)
        if isinstance(end, Retry) and outcome.usage is not None:
            self._used(usage_row(outcome, self._now()))
        return end

    def _ended(self, job: Job, outcome: Outcome, identity: Identity, at: int) -> Ending:
        tries = 0
        if isinstance(outcome, EvaluationFailure) and outcome.code in PROVIDERS_TROUBLE:
            if len(self._tries) >= _MOST_TRIES_KNOWN:
                self._tries.clear()
            tries = self._tries[job.id] = self._tries.get(job.id, 0) + 1
        return ending(job, outcome, identity, patience=self._patience, tries=tries, now_ns=at)


def _is_hopeless(outcome: Outcome) -> bool:
    return isinstance(outcome, EvaluationFailure) and outcome.code in HOPELESS


def _left(jobs: Sequence[Job], heard: Heard) -> list[Job]:
    done = {end.job.id for end in heard.ends}
    return [job for job in jobs if job.id not in done]


def _by_judge(cases: Sequence[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.evaluator.judge, []).append(case)
    return found


def _no_such_judge(case: Case, name: str, judges: Mapping[str, Judge]) -> EvaluationFailure:
    return EvaluationFailure(
        evaluator=case.evaluator.name,
        evaluator_version=case.evaluator.version,
        code="judge_model_unknown",
        message=f"the settings have no judge model called “{name}”; they have {', '.join(judges)}",
    )

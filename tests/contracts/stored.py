"""Spans, jobs and results as the pipeline hands them to a store."""

from collections.abc import Iterable, Sequence
from typing import Any

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.usage import Usage
from spanjudge.pipeline.decision import Reason
from spanjudge.pipeline.ports import Finish, Intake, Job, LogRow, NewJob, SpanRow, Store
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id

SECOND = 1_000_000_000
NOW = 1_750_000_000 * SECOND
ENVELOPE = b"\x0a\x04resource\x00\xff"


def trace(number: int) -> str:
    return f"{number:032x}"


def span_id(number: int) -> str:
    return f"{number:016x}"


def span(number: int, *, of: int = 1, **fields: Any) -> SpanRow:
    defaults: dict[str, Any] = {
        "trace_id": trace(of),
        "span_id": span_id(number),
        "parent_span_id": "",
        "service": "shop",
        "name": "chat gpt",
        "operation": "chat",
        "model": "gpt",
        "session_id": None,
        "start_ns": NOW + number,
        "end_ns": NOW + number + 5,
        "is_error": False,
        "blob": f"span {number}".encode() + b"\x00\xff\xfe",
        "envelope": ENVELOPE,
    }
    return SpanRow(**{**defaults, **fields})


def log(number: int, text: str = "message", *, of: int = 1) -> LogRow:
    return LogRow(
        trace_id=trace(of), span_id=span_id(number), blob=text.encode() + b"\x00\x80", envelope=b"logs"
    )


def target(number: int, *, of: int = 1) -> Target:
    return Target(trace_id=trace(of), span_id=span_id(number))


def job(number: int, evaluator: str = "quality", *, of: int = 1, **fields: Any) -> NewJob:
    defaults: dict[str, Any] = {
        "evaluator": evaluator,
        "version": "v1",
        "target": target(number, of=of),
        "due_ns": NOW,
    }
    return NewJob(**{**defaults, **fields})


def call(number: int, parent: int | None = None, **fields: Any) -> NewJob:
    """A job of a model call, below another span."""
    return job(number, model_call=True, parent_span_id="" if parent is None else span_id(parent), **fields)


async def put(store: Store, *jobs: NewJob, spans: Iterable[SpanRow] = (), now_ns: int = NOW) -> int:
    committed = await store.commit([Intake(spans=list(spans), jobs=list(jobs))], now_ns=now_ns)
    return committed.jobs


async def lease(
    store: Store,
    *evaluators: str,
    owner: str = "worker",
    now_ns: int = NOW,
    limit: int = 100,
    seconds: int = 60,
    backfills: int | None = None,
) -> list[Job]:
    return await store.lease(
        owner,
        evaluators=evaluators or ("quality",),
        now_ns=now_ns,
        until_ns=now_ns + seconds * SECOND,
        limit=limit,
        backfills=backfills,
    )


def numbers(jobs: Sequence[Job]) -> list[int]:
    """The spans of jobs, by the numbers they were made with."""
    return [int(one.target.span_id, 16) for one in jobs]


def result(one: Job, **fields: Any) -> Evaluated:
    defaults: dict[str, Any] = {
        "evaluator": one.evaluator,
        "evaluator_version": one.version,
        "value": True,
        "score_value": 1.0,
        "verdict": "pass",
        "explanation": "because\x01 it is so “yes”",
        "judge_provider": "openai",
        "judge_model": "gpt-4.1",
        "usage": Usage(input=700, output=60, cached=100),
        "cost_usd": 0.1,
        "duration": 0.25,
        "calls": 1,
    }
    outcome = EvaluationResult(**{**defaults, **fields})
    return evaluated(one, outcome)


def failure(one: Job, **fields: Any) -> Evaluated:
    defaults: dict[str, Any] = {
        "evaluator": one.evaluator,
        "evaluator_version": one.version,
        "code": "judge_refused",
        "message": "the judge refused",
        "judge_provider": "openai",
        "judge_model": "gpt-4.1",
        "usage": Usage(input=500, output=5),
        "cost_usd": 0.05,
        "calls": 1,
    }
    outcome = EvaluationFailure(**{**defaults, **fields})
    return evaluated(one, outcome)


def evaluated(one: Job, outcome: EvaluationResult | EvaluationFailure) -> Evaluated:
    return Evaluated(
        id=result_id(one.evaluator, one.version, one.target, one.generation),
        outcome=outcome,
        target=one.target,
        service="shop",
        response_id="resp-1",
        time_ns=NOW + 7,
        generation=one.generation,
    )


def done(one: Job, **fields: Any) -> Finish:
    return Finish(job=one, evaluated=result(one, **fields))


def skipped(one: Job, reason: Reason, detail: str = "") -> Finish:
    return Finish(job=one, reason=reason, detail=detail)


async def finish(
    store: Store,
    *finishes: Finish,
    owner: str = "worker",
    now_ns: int = NOW,
    destinations: Sequence[str] = (),
) -> int:
    return await store.finish(finishes, (), owner=owner, now_ns=now_ns, destinations=destinations)


async def states(store: Store, *found: int, of: int = 1) -> dict[int, str]:
    """State, or the reason for skipping, of the jobs of these spans."""
    jobs = await store.jobs_of([target(number, of=of) for number in found])
    return {int(one.target.span_id, 16): one.reason or one.state for one in jobs}


def evaluator(name: str = "quality", rubric: str = "Good when good.") -> Evaluator:
    return Evaluator(name=name, rubric=rubric, answer=Boolean())

"""A database with the benchmark's traces and outcomes, put in through the store as the server would.

python -m benchmarks.page_store PATH [--traces 100000]
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.page_traces import EVALUATORS, SECONDS_APART, Outcome, Trace, outcomes, request, trace
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.usage import Usage
from spanjudge.pipeline.ports import Finish, Intake, Job, NewJob, Store
from spanjudge.pipeline.receive import Matcher
from spanjudge.spans.otlp import read_spans
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated, Target, result_id

BATCH = 200
_SECOND = 1_000_000_000


def evaluator(name: str) -> Evaluator:
    """A published evaluator, which would judge whatever the benchmark sends."""
    return Evaluator(
        name=name,
        rubric="1.0 when the answer is good, 0.0 when it is not.",
        answer=Score(),
        acceptance=Acceptance(min=0.5),
    )


async def fill(path: Path, traces: int, *, start_ns: int) -> None:
    """Store them; the database must be new."""
    store = await open_store(f"sqlite:///{path}")
    evaluators = {name: evaluator(name) for name in EVALUATORS}
    await store.apply(list(evaluators.values()), publish=True, now_ns=start_ns)
    reader = Matcher(())
    for first in range(0, traces, BATCH):
        numbers = range(first, min(first + BATCH, traces))
        await _fill_some(store, reader, evaluators, numbers, start_ns)
        print(f"\r{numbers.stop:,} traces", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    await store.aclose()


async def _fill_some(
    store: Store, reader: Matcher, evaluators: dict[str, Evaluator], numbers: range, start_ns: int
) -> None:
    now_ns = trace(numbers.stop, start_ns).start_ns
    intake: Intake = reader.intake(read_spans(request(numbers, start_ns)).spans, now_ns=now_ns)
    said: dict[tuple[str, str], tuple[Trace, Outcome]] = {}
    for number in numbers:
        one = trace(number, start_ns)
        for outcome in outcomes(one):
            target = Target(trace_id=one.trace_id, span_id=outcome.span_id)
            version = evaluators[outcome.evaluator].version
            said[outcome.evaluator, target.key] = (one, outcome)
            job = NewJob(evaluator=outcome.evaluator, version=version, target=target, due_ns=0)
            intake.jobs.append(job)
    await store.commit([intake], now_ns=now_ns)
    jobs = await store.lease(
        "benchmark", evaluators=EVALUATORS, now_ns=now_ns, until_ns=now_ns + 60 * _SECOND, limit=len(said)
    )
    finishes = [
        Finish(job=job, evaluated=_evaluated(job, *said[job.evaluator, job.target.key])) for job in jobs
    ]
    await store.finish(finishes, (), owner="benchmark", now_ns=now_ns, destinations=())


def _evaluated(job: Job, one: Trace, said: Outcome) -> Evaluated:
    asked: dict[str, Any] = {
        "evaluator": job.evaluator,
        "evaluator_version": job.version,
        "judge_provider": "openai",
        "judge_model": "gpt-4.1-mini",
        "usage": Usage(input=900, output=60),
        "cost_usd": 0.0005,
        "duration": 0.4 + one.number % 100 / 100,
        "calls": 1,
    }
    if said.code is not None:
        outcome: EvaluationFailure | EvaluationResult = EvaluationFailure(
            code=said.code, message="the judge did not answer in time", **asked
        )
    else:
        outcome = EvaluationResult(
            value=said.score or 0.0,
            score_value=said.score,
            score_label=said.label,
            verdict=said.verdict,
            explanation=f"The answer to case {one.number} rests on the documents that were found." * 3,
            **asked,
        )
    return Evaluated(
        id=result_id(job.evaluator, job.version, job.target, job.generation),
        outcome=outcome,
        target=job.target,
        service=one.service,
        time_ns=one.start_ns + 5 * _SECOND,
        generation=job.generation,
    )


def main() -> None:
    """Fill a new database."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--traces", type=int, default=100_000)
    options = parser.parse_args()
    asyncio.run(fill(options.path, options.traces, start_ns=start_of(options.traces)))


def start_of(traces: int) -> int:
    """When the first trace starts, so that the last one is of now."""
    return (int(time.time()) - traces * SECONDS_APART) * _SECOND


if __name__ == "__main__":
    main()

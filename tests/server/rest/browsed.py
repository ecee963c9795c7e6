"""What is there to browse: spans as they are sent, and outcomes as a judge would give them."""

from collections.abc import Mapping
from typing import Any

from spanjudge.pipeline.ports import Finish, Intake, Job, NewJob
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.telemetry.evaluated import Evaluated, Target
from tests.contracts.stored import failure, result
from tests.server.rest.trying import Trying


def target_of(span: ReceivedSpan) -> Target:
    """The span as a target."""
    return Target(trace_id=span.raw.trace_id, span_id=span.raw.span_id)


async def say(
    server: Trying, target: Target, evaluator: str, *, version: str = "v1", **fields: Any
) -> Evaluated:
    """An outcome of an evaluator; with a `code` a failure."""
    store, now_ns = server.app.store, server.app.now()
    made = NewJob(evaluator=evaluator, version=version, target=target, due_ns=now_ns)
    await store.commit([Intake(jobs=[made])], now_ns=now_ns)
    leased = await store.lease(
        "test", evaluators=[evaluator], now_ns=now_ns, until_ns=now_ns + 60_000_000_000, limit=100
    )
    (job,) = [one for one in leased if one.target.key == target.key]
    said = _outcome(job, fields)
    finishes = [Finish(job=job, evaluated=said)]
    await store.finish(finishes, (), owner="test", now_ns=now_ns, destinations=())
    await store.release("test")
    return said


def _outcome(job: Job, fields: Mapping[str, Any]) -> Evaluated:
    return failure(job, **fields) if "code" in fields else result(job, **fields)

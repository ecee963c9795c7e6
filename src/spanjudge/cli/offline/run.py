"""Judging items: several at a time, their outcomes in the order of the file."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from spanjudge.cli.offline.item import Item, NotJudged
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, Outcome
from spanjudge.telemetry.evaluated import Evaluated


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """An item and what came of it, an outcome for each evaluator that judged it."""

    item: Item
    outcomes: tuple[Evaluated, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()


async def judge_items(
    items: Sequence[Item],
    judges: Mapping[str, Judge],
    *,
    seconds: Mapping[str, float],
    concurrency: int,
    step: Callable[[], None],
) -> list[Judged]:
    """Judge every item; `seconds` is how long each judge model may take for one, `step` is told of each."""
    places = asyncio.Semaphore(concurrency)

    async def one(item: Item) -> Judged:
        async with places:
            judged = await _judge(item, judges, seconds)
        step()
        return judged

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


async def _judge(item: Item, judges: Mapping[str, Judge], seconds: Mapping[str, float]) -> Judged:
    """One call for all evaluators of a judge model, where it takes several."""
    by_judge: dict[str, list[Evaluator]] = {}
    for evaluator in item.evaluators:
        by_judge.setdefault(evaluator.judge, []).append(evaluator)
    asked = [
        judges[name].judge(item.subject, evaluators, timeout=seconds[name])
        for name, evaluators in by_judge.items()
    ]
    found: dict[str, Outcome] = {}
    for outcomes in await asyncio.gather(*asked):
        found |= {outcome.evaluator: outcome for outcome in outcomes}
    now_ns = time.time_ns()
    judged: list[Evaluated] = []
    left = list(item.not_judged)
    for evaluator in item.evaluators:
        outcome = found[evaluator.name]
        if isinstance(outcome, EvaluationFailure) and outcome.code == "missing_input":
            left.append(NotJudged(evaluator=evaluator, reason="missing_variable", detail=outcome.message))
            continue
        judged.append(
            Evaluated(
                id=item.result_id(evaluator),
                outcome=outcome,
                target=item.target,
                service=item.service,
                response_id=item.response_id,
                time_ns=now_ns,
            )
        )
    return Judged(item=item, outcomes=tuple(judged), not_judged=tuple(left))


def limited(items: Iterable[Item], limit: int) -> list[Item]:
    """The first so many items that anybody judges, and those before them that nobody does; 0 is all."""
    found: list[Item] = []
    count = 0
    for item in items:
        count += bool(item.evaluators)
        if limit and count > limit:
            break
        found.append(item)
    return found

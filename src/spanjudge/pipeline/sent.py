"""The prompt that a result was judged by, put together again: from what is stored, by what composed it."""

from collections.abc import Mapping, Sequence

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.composed import Composed
from spanjudge.judging.judge import Judge
from spanjudge.judging.prechecks import needs_model
from spanjudge.pipeline.chosen import NotStoredError, read
from spanjudge.pipeline.ports import Store
from spanjudge.telemetry.evaluated import Evaluated


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """`call` is what the judge model was asked, if that can still be told. `notes` say why it may differ."""

    call: Composed | None = None
    notes: tuple[str, ...] = ()
    exact: bool = False


async def sent_for(store: Store, result: Evaluated, judges: Mapping[str, Judge]) -> Sent:
    """What was asked for a result, with the criteria that shared its call. Raises `StoreError`."""
    outcome = result.outcome
    if not outcome.calls:
        return Sent(notes=("no judge model was asked: this is certain without one",), exact=True)
    stored = await store.version(outcome.evaluator, outcome.evaluator_version)
    if stored is None:
        told = f"version {outcome.evaluator_version} of the evaluator is no longer stored"
        return Sent(notes=(told,))
    evaluator = stored.evaluator
    judge = judges.get(evaluator.judge)
    if judge is None:
        return Sent(notes=(f"the settings no longer have the judge model “{evaluator.judge}”",))
    try:
        reading = await read(store, result.target)
    except NotStoredError as error:
        return Sent(notes=(str(error),))
    together = await _together(store, result, evaluator)
    asked = [one for one in together if needs_model(one, reading.subject)]
    calls = judge.prompts(reading.subject, asked)
    call = next((one for one in calls if evaluator.name in one.evaluators), None)
    late = await store.queries.came_after(result.target, result.time_ns)
    notes: list[str] = []
    if late:
        noun = "span or log event" if late == 1 else "spans or log events"
        notes.append(f"{late} {noun} of it came later and may stand in this prompt")
    if judge.model.provider != outcome.judge_provider:
        # The model's name says less: providers answer with that of a certain version.
        told = f"it was judged by {outcome.judge_provider}/{outcome.judge_model}"
        notes.append(f"{told}; the settings now say {judge.model.provider}/{judge.model.model}")
    if call is None:
        return Sent(notes=(*notes, "as it is stored now, no judge model would be asked"))
    exact = not notes
    if outcome.calls > 1:
        notes.append(f"the judge was asked {outcome.calls} times: this is the first question")
    return Sent(call=call, notes=tuple(notes), exact=exact)


async def _together(store: Store, result: Evaluated, evaluator: Evaluator) -> Sequence[Evaluator]:
    """Evaluators whose outcomes came of the same judgement, in its order: they have its moment in common."""
    found: list[Evaluator] = []
    for one in await store.results_of([result.target]):
        other = one.outcome
        if one.time_ns != result.time_ns or not other.calls:
            continue
        if other.evaluator == evaluator.name:
            found.append(evaluator)
            continue
        stored = await store.version(other.evaluator, other.evaluator_version)
        if stored is not None and stored.evaluator.judge == evaluator.judge:
            found.append(stored.evaluator)
    return found or [evaluator]

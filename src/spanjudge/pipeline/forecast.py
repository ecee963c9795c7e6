"""What judging will take, measured on real targets: tokens of a call, what it costs, what is left."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.budget.estimate import expected_usage, tokens_of
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.composed import Composed
from spanjudge.judging.judge import Judge
from spanjudge.judging.prechecks import needs_model
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import Usage, UsageRow
from spanjudge.pipeline.match import admission_of, decide_target
from spanjudge.pipeline.ports import Store, StoredEvaluator
from spanjudge.pipeline.recent import Recent
from spanjudge.spans.parts import as_json

MOST_MEASURED = 16
DAYS = 7
"""How far back it is looked what a judge model writes."""

_ENOUGH = 20


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Of one evaluation: `usage` is its share of a call, mean of what was measured; `usd` what that costs.

    `asked` is the part of evaluations for which a model is asked at all; `shared`: with other evaluators in
    one call. `usd` is `None` when the price is not known.
    """

    usage: Usage = Usage(input=0, output=0)
    usd: float | None = None
    asked: float = 1.0
    shared: bool = False

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.usage.input + self.usage.output


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the tightest budget that holds for an evaluator; `None` is no limit."""

    tokens: float | None = None
    usd: float | None = None


def forecast(
    evaluator: Evaluator,
    recent: Recent,
    chosen: Sequence[int],
    judge: Judge | None,
    *,
    live: Sequence[StoredEvaluator],
    ledger: Ledger,
    used: Sequence[UsageRow] = (),
) -> Forecast:
    """Compose the prompts of some of the chosen targets and measure them; takes time.

    What an answer takes is the mean of what this judge model wrote lately, by the rows in `used`, and an
    estimate while it has written little. `live` are the evaluators in use: those of the same judge model
    that would judge the same target share its call where the judge model takes several criteria.
    """
    if judge is None or not chosen:
        return Forecast(usd=_cost(evaluator.judge, Usage(input=0, output=0), ledger))
    peers = [
        one.evaluator
        for one in live
        if one.status == "published"
        and one.evaluator.judge == evaluator.judge
        and one.evaluator.target == evaluator.target
        and one.evaluator.name != evaluator.name
    ]
    written = _written(judge, used)
    step = max(1, len(chosen) // MOST_MEASURED)
    measured: list[tuple[Usage, int]] = []
    looked_at = chosen[::step][:MOST_MEASURED]
    for place in looked_at:
        subject, beside = _of(recent, place, peers if judge.batches else ())
        if not needs_model(evaluator, subject):
            continue
        call = _call(judge, subject, evaluator, beside)
        expected = expected_usage(subject, [evaluator], judge.model.traits)[evaluator.name]
        count = len(call.evaluators)
        answer = expected.output if written is None else written
        measured.append((Usage(input=prompt_tokens(call) // count, output=answer), count))
    if not measured:
        return Forecast(usd=0.0, asked=0.0)
    usage = Usage(
        input=sum(used.input for used, _ in measured) // len(measured),
        output=sum(used.output for used, _ in measured) // len(measured),
    )
    return Forecast(
        usage=usage,
        usd=_cost(evaluator.judge, usage, ledger),
        asked=len(measured) / len(looked_at),
        shared=any(count > 1 for _, count in measured),
    )


async def used_lately(store: Store, now_ns: int) -> list[UsageRow]:
    """What judge models used in the last days. Raises `StoreError`."""
    first = datetime.fromtimestamp(now_ns / 1e9, UTC) - timedelta(days=DAYS)
    return await store.usage_since(first.strftime("%Y-%m-%d"))


def left_of(ledger: Ledger, evaluator: Evaluator) -> Left:
    """What is left for this evaluator in the periods that run, what is reserved taken off."""
    room: Mapping[str, list[float]] = {"tokens": [], "usd": []}
    if ledger.watches(evaluator.judge):
        for one in ledger.standings():
            if one.evaluator in (None, evaluator.name):
                room[one.unit].append(max(0.0, one.limit - one.used - one.reserved))
    return Left(tokens=min(room["tokens"], default=None), usd=min(room["usd"], default=None))


def prompt_tokens(call: Composed) -> int:
    """About how many tokens a composed question is, with the schema that goes with it."""
    return tokens_of(call.system) + tokens_of(call.user) + tokens_of(as_json(call.schema, indent=None))


def _of(recent: Recent, place: int, peers: Sequence[Evaluator]) -> tuple[Subject, list[Evaluator]]:
    """What is judged there, and who judges it beside the evaluator."""
    if recent.kind == "span":
        shown = recent.shown[place]
        return shown.subject, [one for one in peers if admission_of(one).decide(shown).judge]
    reading = recent.readings[place]
    return reading.subject, [one for one in peers if decide_target(reading, one).judge]


def _written(judge: Judge, used: Sequence[UsageRow]) -> int | None:
    """Output tokens of one evaluation: models that think write many times what the answer takes."""
    model = judge.model
    # Providers answer with the name of a certain version: gpt-5-mini-2025-08-07.
    mine = [row for row in used if row.provider == model.provider and row.model.startswith(model.model)]
    count = sum(row.results + row.failures for row in mine)
    return sum(row.usage.output for row in mine) // count if count >= _ENOUGH else None


def _call(judge: Judge, subject: Subject, evaluator: Evaluator, beside: Sequence[Evaluator]) -> Composed:
    calls: Iterator[Composed] = iter(judge.prompts(subject, [evaluator, *beside]))
    return next(call for call in calls if evaluator.name in call.evaluators)


def _cost(judge: str, usage: Usage, ledger: Ledger) -> float | None:
    tariff = ledger.tariffs.get(judge)
    return None if tariff is None else tariff.cost(usage)

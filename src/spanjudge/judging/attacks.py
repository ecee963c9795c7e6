"""Attacks on a judge by the outputs it judges: the answer's shape, and the verdict with and without each."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from spanjudge.evaluators.answer_format import Boolean, Category, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.form import Value
from spanjudge.judging.judge import Judge
from spanjudge.judging.labelled import find_evaluator
from spanjudge.judging.result import EvaluationResult, Outcome
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document

Effect = Literal["held", "moved", "fooled before", "failed"]
"""`moved`: a right verdict became the fooled one. `fooled before`: the judge was wrong without the attack."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bad output, the evaluator that must see it, and the value a fooled judge would give."""

    evaluator: str
    input: str
    output: str
    fooled: str | float
    context: str = ""

    def subject(self, output: str) -> Subject:
        """The case with another output."""
        documents = (Document(content=self.context),) if self.context else ()
        return Subject(input=self.input, output=output, context=documents)


class Attack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attack; see the head of `attacks.yaml`."""

    id: str
    family: str
    case: str
    text: str
    padding: str = ""
    repeat: int = 0

    def output(self, case: Case) -> str:
        """The output that carries the attack."""
        return self.text.format(output=case.output, padding=self.padding * self.repeat)


class AttackSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shipped attacks and the cases they are tried on."""

    cases: dict[str, Case]
    attacks: tuple[Attack, ...]


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attack. `shape_kept`: the answer was a value of the evaluator's type and range."""

    id: str
    family: str
    effect: Effect
    shape_kept: bool
    value: bool | str | float | None
    before: bool | str | float | None
    failure: str | None = None


@cache
def load() -> AttackSet:
    """The shipped set."""
    text = files("spanjudge.judging").joinpath("attacks.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), AttackSet)


async def bare(judge: Judge, case: Case, *, timeout: float | None = None) -> Outcome:  # noqa: ASYNC109  as `Judge.judge`
    """What the judge says of a case's output without any attack."""
    return (await judge.judge(case.subject(case.output), [find_evaluator(case.evaluator)], timeout=timeout))[
        0
    ]


async def attempt(
    judge: Judge,
    attack: Attack,
    case: Case,
    before: Outcome,
    *,
    timeout: float | None = None,  # noqa: ASYNC109  as `Judge.judge`
) -> Effects:
    """Try one attack; `before` is what `bare` gave."""
    evaluator = find_evaluator(case.evaluator)
    after = (await judge.judge(case.subject(attack.output(case)), [evaluator], timeout=timeout))[0]
    value = after.value if isinstance(after, EvaluationResult) else None
    return Effects(
        id=attack.id,
        family=attack.family,
        effect=_effect(evaluator, case, before, after),
        shape_kept=value is None or _fits(evaluator, value),
        value=value,
        before=before.value if isinstance(before, EvaluationResult) else None,
        failure=None if isinstance(after, EvaluationResult) else after.code,
    )


def families(found: Sequence[Effects]) -> dict[str, dict[str, int]]:
    """By family: how many, how many kept the answer's shape, and how many of each effect."""
    table: dict[str, dict[str, int]] = {}
    for one in found:
        row = table.setdefault(
            one.family,
            {"attacks": 0, "shape kept": 0, "held": 0, "moved": 0, "fooled before": 0, "failed": 0},
        )
        row["attacks"] += 1
        row["shape kept"] += one.shape_kept
        row[one.effect] += 1
    return table


def _effect(evaluator: Evaluator, case: Case, before: Outcome, after: Outcome) -> Effect:
    if not isinstance(after, EvaluationResult) or not isinstance(before, EvaluationResult):
        return "failed"
    acceptance = evaluator.acceptance
    fooled = acceptance.verdict(case.fooled) if acceptance else None
    if before.verdict == fooled:
        return "fooled before"
    return "moved" if after.verdict == fooled else "held"


def _fits(evaluator: Evaluator, value: Value) -> bool:
    match evaluator.answer:
        case Category(labels=labels):
            return value in [label.name for label in labels]
        case Boolean():
            return isinstance(value, bool)
        case Score(min=low, max=high):
            return isinstance(value, float) and low <= value <= high

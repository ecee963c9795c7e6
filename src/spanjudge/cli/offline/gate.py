"""Whether what came of an evaluation is good enough: shares that must pass."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import typer

from spanjudge.cli.offline.item import NotJudged
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationFailure, Outcome
from spanjudge.judging.usage import Usage, total


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluator over all items. `errors` are judge failures by code, `not_judged` decisions by reason.

    `share` is passed ÷ (passed + failed + errors), the errors left out where they are allowed; `None` when
    there is nothing to divide. `gate` is whether the share is enough, `None` when none is asked for.
    """

    evaluator: str
    version: str
    target: str
    passed: int
    failed: int
    no_verdict: int
    errors: dict[str, int]
    not_judged: dict[str, int]
    usage: Usage | None
    cost_usd: float | None
    share: float | None
    needed: float | None
    gate: bool | None

    @property
    def judged(self) -> int:
        """How many items got an answer."""
        return self.passed + self.failed + self.no_verdict

    @property
    def error_count(self) -> int:
        """How many items got no verdict because of the judge."""
        return sum(self.errors.values())


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """The shares asked for: for all, and by evaluator."""

    all: float | None = None
    by_name: Mapping[str, float] = {}

    def of(self, evaluator: Evaluator) -> float | None:
        """The share this evaluator needs; one for all is not for evaluators without acceptance criteria."""
        if evaluator.name in self.by_name:
            return self.by_name[evaluator.name]
        return self.all if evaluator.acceptance is not None else None


def needed(given: Iterable[str], evaluators: Sequence[Evaluator]) -> Needed:
    """Read `0.9`, `90%` and `toxicity=0.95`. Raises `typer.BadParameter`."""
    every: float | None = None
    by_name: dict[str, float] = {}
    names = {evaluator.name: evaluator for evaluator in evaluators}
    for text in given:
        name, mark, share = text.rpartition("=")
        if not mark:
            every = _share(text)
        elif name not in names:
            raise typer.BadParameter(f"--min-pass {text}: no --evaluator is called “{name}”")
        elif names[name].acceptance is None:
            raise typer.BadParameter(
                f"--min-pass {text}: “{name}” has no acceptance criteria, so nothing passes"
            )
        else:
            by_name[name] = _share(share)
    return Needed(all=every, by_name=by_name)


def summary(
    evaluator: Evaluator,
    outcomes: Sequence[Outcome],
    not_judged: Sequence[NotJudged],
    wanted: Needed,
    *,
    allow_errors: bool,
) -> Summary:
    """Count one evaluator's outcomes. A gate that looked at nothing is not passed."""
    failures = [one for one in outcomes if isinstance(one, EvaluationFailure)]
    verdicts = Counter(one.verdict for one in outcomes if not isinstance(one, EvaluationFailure))
    passed, failed = verdicts["pass"], verdicts["fail"]
    counted = passed + failed + (0 if allow_errors else len(failures))
    share = passed / counted if counted else None
    asked = wanted.of(evaluator)
    costs = [one.cost_usd for one in outcomes if one.cost_usd is not None]
    return Summary(
        evaluator=evaluator.name,
        version=evaluator.version,
        target=evaluator.target,
        passed=passed,
        failed=failed,
        no_verdict=verdicts[None],
        errors=dict(sorted(Counter(one.code for one in failures).items())),
        not_judged=dict(sorted(Counter(one.reason for one in not_judged).items())),
        usage=total(*(one.usage for one in outcomes)),
        cost_usd=sum(costs) if costs else None,
        share=share,
        needed=asked,
        gate=None if asked is None else share is not None and share >= asked,
    )


def good_enough(summaries: Sequence[Summary]) -> bool:
    """Whether all gates are passed; without any, whether the judge answered at all where it was asked."""
    if any(one.gate is not None for one in summaries):
        return all(one.gate is not False for one in summaries)
    answered = sum(one.judged for one in summaries)
    return answered > 0 or not any(one.error_count for one in summaries)


def _share(text: str) -> float:
    number = text.strip()
    try:
        share = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"--min-pass {text}: write a share from 0 to 1, or 90%, or NAME=0.9")
    return share

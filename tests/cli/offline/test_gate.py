"""Shares that must pass: what counts, and what never does."""

import pytest
import typer

from spanjudge.cli.offline.gate import Needed, good_enough, needed, summary
from spanjudge.cli.offline.item import NotJudged
from spanjudge.evaluators import gallery
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome, Verdict
from spanjudge.judging.usage import Usage

BIAS = gallery.scorers()["bias"]
SENTIMENT = gallery.metrics()["sentiment"]


def result(verdict: Verdict | None) -> Outcome:
    return EvaluationResult(
        evaluator="bias",
        evaluator_version=BIAS.version,
        value=True,
        verdict=verdict,
        usage=Usage(input=10, output=1),
        cost_usd=0.5,
    )


FAILURE = EvaluationFailure(
    evaluator="bias", evaluator_version=BIAS.version, code="judge_timeout", message="too late", cost_usd=0.25
)


def test_an_error_of_the_judge_counts_as_not_passed_unless_allowed() -> None:
    outcomes = [result("pass"), result("pass"), result("fail"), FAILURE]
    strict = summary(BIAS, outcomes, [], Needed(all=0.6), allow_errors=False)
    assert (strict.passed, strict.failed, strict.errors) == (2, 1, {"judge_timeout": 1})
    assert (strict.share, strict.gate) == (0.5, False)
    lenient = summary(BIAS, outcomes, [], Needed(all=0.6), allow_errors=True)
    assert (lenient.share, lenient.gate) == (2 / 3, True)
    assert (strict.usage, strict.cost_usd) == (Usage(input=30, output=3), 1.75)


def test_the_share_itself_is_enough() -> None:
    assert summary(
        BIAS, [result("pass")] * 9 + [result("fail")], [], Needed(all=0.9), allow_errors=False
    ).gate


def test_a_gate_that_looked_at_nothing_is_not_passed() -> None:
    left = [NotJudged(evaluator=BIAS, reason="missing_variable", detail="no output")]
    none = summary(BIAS, [], left, Needed(all=0.0), allow_errors=False)
    assert (none.share, none.gate, none.not_judged) == (None, False, {"missing_variable": 1})
    only_errors = summary(BIAS, [FAILURE], [], Needed(all=0.0), allow_errors=True)
    assert only_errors.gate is False


def test_without_a_gate_only_a_judge_that_never_answered_is_bad() -> None:
    def told(*outcomes: Outcome) -> bool:
        return good_enough([summary(BIAS, outcomes, [], Needed(), allow_errors=False)])

    assert told(result("fail"))
    assert told(result("fail"), FAILURE)
    assert told()
    assert not told(FAILURE)


def test_an_evaluator_without_criteria_has_no_gate() -> None:
    outcomes = [result(None)]
    assert summary(SENTIMENT, outcomes, [], Needed(all=0.9), allow_errors=False).gate is None
    assert summary(SENTIMENT, outcomes, [], Needed(all=0.9), allow_errors=False).no_verdict == 1


def test_how_shares_are_written() -> None:
    both = [BIAS, SENTIMENT]
    assert needed(["0.9", "bias=95%"], both) == Needed(all=0.9, by_name={"bias": 0.95})
    assert needed([], both) == Needed()
    for text, told in [
        ("90", "write a share from 0 to 1"),
        ("x", "write a share from 0 to 1"),
        ("biass=0.9", "no --evaluator is called “biass”"),
        ("sentiment=0.9", "has no acceptance criteria"),
    ]:
        with pytest.raises(typer.BadParameter, match=told):
            needed([text], both)

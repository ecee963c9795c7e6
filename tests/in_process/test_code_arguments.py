"""What a function that evaluates is given, and what it can ask for."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import spanjudge
from spanjudge.in_process.code.evaluator import CodeEvaluator, registered
from spanjudge.in_process.invocation import Invocation, Seen, Skip
from spanjudge.judging.result import EvaluationResult, EvaluationSkipped
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document
from tests.in_process.code_evaluators import SUBJECT


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    yield
    for one in registered():
        one.unregister()


def test_one_parameter_is_the_subject_and_two_are_subject_and_invocation() -> None:
    seen: list[object] = []

    @spanjudge.evaluator
    def one(anything: Any) -> None:
        seen.append(anything)

    @spanjudge.evaluator
    def two(what: Any, where: Any) -> None:
        seen.extend((what, where))

    @spanjudge.evaluator
    def turned(invocation: Any, subject: Any, limit: int = 3) -> None:
        seen.extend((invocation, subject, limit))

    @spanjudge.evaluator
    def annotated(input: Subject, *, how: Invocation) -> None:  # noqa: A002  annotations say more than names
        seen.extend((input, how))

    made = Invocation(kind="LLMInvocation", read=lambda: Seen(subject=SUBJECT))
    for each in (one, two, turned, annotated):
        assert isinstance(each.evaluate(made)[0], EvaluationSkipped)
    assert seen == [SUBJECT, SUBJECT, made, made, SUBJECT, 3, SUBJECT, made]


def test_fields_are_given_by_their_names() -> None:
    @spanjudge.evaluator
    def grounded(
        output: str,
        context: tuple[Document, ...],
        /,
        input: str,  # noqa: A002  the subject's word
        *,
        model: str = "?",
    ) -> tuple[bool, str]:
        return context[0].content in output, f"{input}|{model}"

    (found,) = grounded.evaluate(SUBJECT)
    assert isinstance(found, EvaluationResult)
    assert (found.value, found.explanation) == (False, "Where is my parcel?|gpt-4o-mini")


def test_what_a_function_needs_and_is_not_there_skips_it() -> None:
    @spanjudge.evaluator
    def exact(output: str, expected: str) -> bool:
        return output == expected

    @spanjudge.evaluator
    def maybe(output: str, expected: str | None) -> bool:
        return expected is None or output == expected

    @spanjudge.evaluator
    def default(output: str, expected: str = "x") -> str:
        return output[:0] + expected

    (found,) = exact.evaluate(SUBJECT)
    assert isinstance(found, EvaluationSkipped)
    assert (found.reason, found.message) == (
        "missing_variable",
        "exact needs expected, and the invocation has none",
    )
    assert [one.score for one in maybe.evaluate(SUBJECT)] == [1.0]
    assert [one.label for one in default.evaluate(SUBJECT)] == ["x"]
    assert [one.score for one in maybe.evaluate(Subject(output="", expected="y"))] == [0.0]


def test_needs_skip_what_holds_nothing() -> None:
    one = CodeEvaluator(whole, name="check", needs=("context", "tools"))
    (found,) = one.evaluate(SUBJECT)
    assert isinstance(found, EvaluationSkipped)
    assert "needs tools" in found.message


def test_an_invocation_that_is_skipped_as_a_whole_skips_it() -> None:
    one = CodeEvaluator(whole, name="check")
    skip = Skip(reason="span_error", message="the call failed")
    (found,) = one.evaluate(Invocation(kind="LLMInvocation", read=lambda: Seen(skip=skip)))
    assert isinstance(found, EvaluationSkipped)
    assert (found.reason, found.message) == ("span_error", "the call failed")


def nothing() -> bool:
    return True


def three(one: object, two: object, three: object) -> bool:
    return one is two is three


def whole(subject: object) -> bool:
    return bool(subject)


unnamed: Callable[[object], object] = lambda subject: subject  # noqa: E731  what the test is about


def plain(text: str) -> bool:
    return bool(text)


def misspelt(outputs: object) -> bool:
    return bool(outputs)


def mixed(output: str, limits: int) -> bool:
    return len(output) < limits


def starred(*everything: object) -> bool:
    return bool(everything)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (nothing, "takes no parameters"),
        (three, "takes 3 parameters"),
        (misspelt, "did you mean the field “output”"),
        (plain, "takes “text”, which is no field"),
        (mixed, "takes “limits”, which is no field"),
        (starred, "takes no parameters"),
        ("polite", "decorates a function, not str"),
    ],
)
def test_functions_that_cannot_be_called_are_errors_at_once(function: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        spanjudge.evaluator(function)
    assert registered() == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "my check"}, "cannot be an evaluator's name"),
        ({"name": ""}, "cannot be an evaluator's name"),
        ({"kinds": ("LLMInvocations",)}, "did you mean “LLMInvocation”"),
        ({"kinds": ()}, "never run"),
        ({"needs": ("answer",)}, "needs: there is no “answer”"),
        ({"timeout": 0}, "seconds above 0"),
        ({"timeout": math.nan}, "seconds above 0"),
        ({"timeout": True}, "seconds above 0"),
        ({"acceptance": {}}, "nothing is given"),
        ({"acceptance": {"minimum": 1}}, "acceptance: .*minimum"),
        ({"acceptance": {"min": "1"}}, "acceptance"),
        ({"acceptance": {"min": math.nan}}, "finite"),
        ({"acceptance": {"min": 1, "pass_when": True}}, "pass_when and min"),
        ({"acceptance": {"pass_values": []}}, "nothing passes"),
        ({"acceptance": 0.5}, "acceptance"),
        ({"labels": {"good": "Fine"}}, "labels"),
    ],
)
def test_settings_that_cannot_be_meant_are_errors_at_once(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        spanjudge.evaluator(**settings)(whole)


@pytest.mark.parametrize("function", [unnamed, partial(whole)])
def test_what_has_no_name_needs_one(function: Callable[[object], object]) -> None:
    with pytest.raises(ValueError, match="name="):
        CodeEvaluator(function)
    assert CodeEvaluator(function, name="check").evaluate(SUBJECT)

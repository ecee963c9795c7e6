"""Operators on values as spans carry them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.comparison import condition
from spanjudge.evaluators.evaluator import Operator

HELD: list[tuple[Operator, Any, Any]] = [
    ("equals", "chat", "chat"),
    ("equals", 1, "1"),
    ("equals", 1, "1.0"),
    ("equals", 1, 1.0),
    ("equals", "1", 1),
    ("equals", 0.5, "0.5"),
    ("equals", True, "true"),
    ("equals", "True", True),
    ("equals", False, False),
    ("equals", "", None),
    ("equals", "", ""),
    ("equals", "", []),
    ("equals", "stop", ["stop"]),
    ("equals", "text", b"text"),
    ("not_equals", "", "something"),
    ("not_equals", "chat", None),
    ("not_equals", "chat", "embeddings"),
    ("contains", "par", "compare"),
    ("contains", "stop", ["stop", "length"]),
    ("contains", 2, [1, 2]),
    ("contains", "2", [1, 2]),
    ("contains", "city", {"city": "Paris"}),
    ("contains", "Paris", {"city": "Paris"}),
    ("contains", 12, 4123),
    ("not_contains", "par", None),
    ("not_contains", "top", ["stop"]),
    ("starts_with", "gpt-", "gpt-4o"),
    ("starts_with", "gpt-", ["claude", "gpt-4o"]),
    ("starts_with", "1", 12),
    ("ends_with", "mini", "gpt-4o-mini"),
    ("matches", "^gpt-4.*mini$", "gpt-4o-mini"),
    ("matches", "4o", "gpt-4o-mini"),
    ("matches", "(?i)PARIS", "in paris"),
    ("matches", "^b$", ["a", "b"]),
    ("exists", None, "x"),
    ("exists", None, 0),
    ("exists", None, False),
    ("not_exists", None, None),
    ("not_exists", None, ""),
    ("in", ["a", "b"], "b"),
    ("in", [1, 2], "2"),
    ("in", ["1", 2], 1),
    ("in", [True], "true"),
    ("in", ["", "a"], None),
    ("in", ["a"], ["x", "a"]),
    ("not_in", ["a"], None),
    ("not_in", ["a", 3], ["b", 4]),
    ("greater", 10, 11),
    ("greater", 10, "10.5"),
    ("greater", 10, " 11 "),
    ("less", 0.5, 0.25),
    ("less", 10, -3),
]
NOT_HELD: list[tuple[Operator, Any, Any]] = [
    ("equals", "chat", "Chat"),
    ("equals", "1", "1.0"),
    ("equals", 1, True),
    ("equals", True, 1),
    ("equals", True, "1"),
    ("equals", 0, False),
    ("equals", 0, None),
    ("equals", 0, ""),
    ("equals", "a", ["a", "b"]),
    ("equals", "", " "),
    ("equals", 1, "1_0"),
    ("equals", 1, "one"),
    ("contains", "x", None),
    ("contains", "top", ["stop"]),
    ("starts_with", "gpt", None),
    ("matches", ".", None),
    ("matches", "^4o", "gpt-4o"),
    ("exists", None, []),
    ("in", ["a"], None),
    ("in", ["1"], True),
    ("greater", 10, 10),
    ("greater", 10, None),
    ("greater", 10, "many"),
    ("greater", 0, True),
    ("greater", 0, float("nan")),
    ("less", 10, "nan"),
    ("less", 10, [1]),
]
OPPOSITES: list[tuple[Operator, Operator]] = [
    ("equals", "not_equals"),
    ("contains", "not_contains"),
    ("in", "not_in"),
    ("exists", "not_exists"),
]
SCALARS = st.one_of(
    st.text(max_size=8), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)
VALUES = st.one_of(
    st.none(),
    SCALARS,
    st.binary(max_size=8),
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.text(), SCALARS),
)


@pytest.mark.parametrize(("operator", "wanted", "value"), HELD)
def test_a_rule_holds(operator: Operator, wanted: Any, value: Any) -> None:
    assert condition(operator, wanted)(value)


@pytest.mark.parametrize(("operator", "wanted", "value"), NOT_HELD)
def test_a_rule_does_not_hold(operator: Operator, wanted: Any, value: Any) -> None:
    assert not condition(operator, wanted)(value)


@pytest.mark.parametrize(("operator", "opposite"), OPPOSITES)
@given(wanted=SCALARS, value=VALUES)
def test_not_is_the_opposite(operator: Operator, opposite: Operator, wanted: Any, value: Any) -> None:
    given_value = [wanted] if "in" in (operator, opposite) else wanted
    assert condition(operator, given_value)(value) != condition(opposite, given_value)(value)


@given(wanted=SCALARS, value=VALUES)
def test_no_value_breaks_an_operator(wanted: Any, value: Any) -> None:
    operators: list[Operator] = ["equals", "contains", "greater", "less"]
    texts: list[Operator] = ["starts_with", "ends_with"]
    for operator in operators:
        assert condition(operator, wanted)(value) in (True, False)
    for operator in texts:
        assert condition(operator, str(wanted))(value) in (True, False)
    assert condition("matches", re.escape(str(wanted)[:1]))(value) in (True, False)


@given(SCALARS)
def test_everything_equals_itself_and_its_spelling(value: Any) -> None:
    assert condition("equals", value)(value)
    assert condition("in", [value])([value])
    if isinstance(value, int):
        assert condition("equals", value)(str(value).lower()) == (abs(value) < 10**40)


def test_no_expression_stops_the_pipeline() -> None:
    """With an engine that tries every way this takes longer than the universe is old."""
    assert not condition("matches", "^(a+)+$")("a" * 50_000 + "b")
    assert not condition("matches", "(.*a){20}$")("a" * 5_000 + "b")


def test_only_the_start_of_a_huge_value_is_searched() -> None:
    assert condition("matches", "needle")("x" * 1_000 + "needle")
    assert not condition("matches", "needle")("x" * 200_000 + "needle")


def test_odd_text_can_be_searched() -> None:
    assert condition("matches", "Größe \\p{Greek}")("Größe α \ud800")


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1", "\ud800"])
def test_an_expression_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(EvaluatorError, match="is no regular expression"):
        condition("matches", pattern)

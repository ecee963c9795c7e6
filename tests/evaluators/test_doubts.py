"""What is allowed and probably not meant."""

from typing import Any

import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.doubts import doubts
from spanjudge.evaluators.evaluator import Evaluator, Rule, Scope


def told(*rules: tuple[Any, ...], services: tuple[str, ...] = (), sampling: float = 100.0) -> str:
    scope = Scope(
        services=services,
        sampling=sampling,
        rules=tuple(
            Rule(attribute=key, operator=operator, value=value[0] if value else None)
            for key, operator, *value in rules
        ),
    )
    return "\n".join(doubts(Evaluator(name="n", rubric="x", answer=Boolean(), scope=scope)))


@pytest.mark.parametrize(
    "rules",
    [
        [("k", "equals", "a"), ("k", "equals", "b")],
        [("k", "equals", "a"), ("k", "not_equals", "a")],
        [("k", "equals", "a"), ("k", "equals", "")],
        [("k", "exists"), ("k", "not_exists")],
        [("k", "exists"), ("k", "equals", "")],
        [("k", "not_exists"), ("k", "contains", "a")],
        [("k", "equals", "a"), ("k", "in", ["b", "c"])],
        [("k", "equals", "abc"), ("k", "starts_with", "b")],
        [("k", "equals", 3), ("k", "greater", 5)],
        [("k", "greater", 5), ("k", "less", 5)],
        [("kind", "equals", "clientt")],
        [("status", "equals", "error"), ("status", "equals", "ok")],
    ],
)
def test_rules_that_cannot_all_hold(rules: list[tuple[Any, ...]]) -> None:
    found = told(*rules)
    assert found.startswith("scope: no span satisfies “")
    assert "so nothing is ever judged" in found


@pytest.mark.parametrize(
    "rules",
    [
        [("k", "equals", "a"), ("other", "equals", "b")],
        [("k", "equals", "abc"), ("k", "starts_with", "a"), ("k", "ends_with", "c")],
        [("k", "equals", "5"), ("k", "greater", 3)],
        [("k", "equals", 1), ("k", "in", ["1", "2"])],
        [("k", "greater", 5), ("k", "less", 6)],
        [("k", "greater", 5), ("k", "contains", "7")],
        [("k", "in", ["a"]), ("k", "in", ["b"])],  # a list with both
        [("k", "not_equals", "a"), ("k", "not_equals", "b"), ("k", "exists")],
        [("k", "not_exists"), ("k", "not_equals", "a")],
        [("k", "starts_with", "a"), ("k", "matches", "^b")],  # not sure, so no word of it
        [("kind", "equals", "SPAN_KIND_CLIENT")],
        [("status", "not_equals", "error")],
        [("parent_span_id", "equals", "")],
        [("gen_ai.operation.name", "equals", "chat")],
    ],
)
def test_rules_that_can_hold_are_not_doubted(rules: list[tuple[Any, ...]]) -> None:
    assert told(*rules) == ""


def test_services_and_a_rule_on_the_service_are_seen_together() -> None:
    rule = ("service.name", "equals", "b")
    assert '“service.name equals "b"” and the services listed' in told(rule, services=("a",))
    assert told(rule, services=("a", "b")) == ""


def test_no_sampling_at_all_and_words_that_nobody_uses() -> None:
    assert told(sampling=0).startswith("scope.sampling: 0 percent, so nothing is ever judged")
    found = told(("gen_ai.operation.name", "in", ["chat", "chats"]))
    assert found == "scope.rules[0].value: OpenTelemetry has no operation “chats”; did you mean “chat”?"
    assert "white space around “ k”" in told((" k", "exists"))


def test_nothing_of_the_gallery_is_doubted() -> None:
    for held in (gallery.scorers(), gallery.metrics(), gallery.templates()):
        assert not [doubt for evaluator in held.values() for doubt in doubts(evaluator)]


def test_lists_too_long_to_be_tried_are_not_doubted() -> None:
    # Every value against every other one would take minutes.
    assert told(("k", "in", list(range(5_000))), ("k", "not_in", list(range(5_000)))) == ""
    assert told(("k", "in", list(range(50))), ("k", "not_in", list(range(50)))) != ""

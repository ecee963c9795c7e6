"""What is allowed in an evaluator and probably not meant: above all, a scope that nothing can match."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

from spanjudge.evaluators import comparison
from spanjudge.evaluators.evaluator import Evaluator, Rule, Scope
from spanjudge.evaluators.problem import nearest
from spanjudge.evaluators.scope import Clause, ScopeMatcher
from spanjudge.evaluators.span_values import KINDS, STATUSES

OPERATIONS = (
    "chat",
    "generate_content",
    "text_completion",
    "embeddings",
    "retrieval",
    "execute_tool",
    "invoke_agent",
    "create_agent",
    "invoke_workflow",
)
"""What `gen_ai.operation.name` is after normalisation; another word is a doubt, no mistake."""

_MOST_TESTS = 200_000
_WORDS = {"kind": KINDS, "status": STATUSES}


def doubts(evaluator: Evaluator) -> list[str]:
    """Sentences, each with its field and the fix; empty when there is nothing to doubt."""
    return [*_sampling(evaluator.scope), *_contradictions(evaluator.scope), *_keys(evaluator.scope)]


def _sampling(scope: Scope) -> Iterator[str]:
    if scope.sampling == 0:
        yield "scope.sampling: 0 percent, so nothing is ever judged; write more than 0"


def _contradictions(scope: Scope) -> Iterator[str]:
    """Rules about one attribute of which no value, nor its absence, satisfies all."""
    rules = [rule for rule in scope.rules if rule.operator != "matches"]
    if scope.services:
        rules.append(Rule(attribute="service.name", operator="in", value=scope.services))
    clauses = ScopeMatcher(Scope(rules=tuple(rules))).clauses
    for key in dict.fromkeys(rule.attribute for rule in rules):
        about = [clause for clause in clauses if clause.rule.attribute == key]
        values = _values(key, about)
        if values is None:
            about = [clause for clause in about if clause.rule.operator in ("greater", "less")]
            values = _numbers([float(clause.rule.value) for clause in about])
        few = len(values) * sum(map(_size, about)) <= _MOST_TESTS
        if about and few and not any(all(one.test(value) for one in about) for value in values):
            told = " and ".join(
                "the services listed" if clause.rule.value is scope.services else f"“{clause.told()}”"
                for clause in about
            )
            fix = "mend it" if len(about) == 1 else "remove one of them"
            yield f"scope: no span satisfies {told}, so nothing is ever judged; {fix}"


def _size(clause: Clause) -> int:
    """How many values one test of it compares."""
    value = clause.rule.value
    return max(1, len(cast("Sequence[Any]", value))) if isinstance(value, list | tuple) else 1


def _values(key: str, clauses: Sequence[Clause]) -> list[Any] | None:
    """Every value that could satisfy all of these rules, or `None` when there are too many to try."""
    if key in _WORDS:
        return list(_WORDS[key])
    named: list[Any] = []
    closed = False
    for rule in (clause.rule for clause in clauses):
        if rule.operator == "in":
            named += cast("Sequence[Any]", rule.value)
        elif rule.operator in ("equals", "contains"):
            named.append(rule.value)
        closed = closed or rule.operator in ("equals", "in", "not_exists")
    # A list of all of them satisfies rules that look at elements.
    return [None, *named, *map(comparison.text_of, named), named] if closed else None


def _numbers(bounds: list[float]) -> list[float]:
    """A number on each side of every bound."""
    bounds = sorted(bounds)
    between = [(low + high) / 2 for low, high in pairwise(bounds)]
    return [bounds[0] - 1, *between, bounds[-1] + 1] if bounds else []


def _keys(scope: Scope) -> Iterator[str]:
    for index, rule in enumerate(scope.rules):
        place = f"scope.rules[{index}]"
        if rule.attribute != rule.attribute.strip():
            yield f"{place}.attribute: white space around “{rule.attribute}” belongs to the key; remove it"
        if rule.attribute == "gen_ai.operation.name" and rule.operator in ("equals", "in"):
            values = cast("Sequence[Any]", rule.value) if rule.operator == "in" else [rule.value]
            for value in values:
                if isinstance(value, str) and value and value not in OPERATIONS:
                    fix = nearest(value, OPERATIONS)
                    yield f"{place}.value: OpenTelemetry has no operation “{value}”; {fix}"

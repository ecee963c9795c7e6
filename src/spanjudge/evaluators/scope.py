"""The scope of an evaluator, compiled: is this span one of those, and if not, which clause says so."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from spanjudge.evaluators import comparison, span_values
from spanjudge.evaluators.comparison import Test
from spanjudge.evaluators.evaluator import Rule, Scope
from spanjudge.evaluators.span_values import KINDS, STATUSES, Reader, Seen
from spanjudge.spans.parts import as_json

_LONGEST_SHOWN = 80
_MOST_SHOWN = 5
_WORDS = {"kind": ("span_kind_", KINDS), "status": ("status_code_", STATUSES)}


class Clause(msgspec.Struct, frozen=True):
    """One rule, ready to be applied; `number` counts from 1, as in the evaluator."""

    number: int
    rule: Rule
    read: Reader
    test: Test

    def holds(self, seen: Seen) -> bool:
        """Whether the span satisfies the rule."""
        return self.test(self.read(seen))

    def told(self) -> str:
        """The rule in words: `gen_ai.operation.name equals "chat"`."""
        rule = self.rule
        words = f"{rule.attribute} {rule.operator.replace('_', ' ')}"
        return words if rule.value is None else f"{words} {_short(as_json(rule.value, indent=None))}"

    def actual(self, seen: Seen) -> str:
        """What the span holds instead; content is never shown, and long values are not."""
        value = self.read(seen)
        if value is None:
            return "the span has no such attribute"
        if comparison.is_empty(value):
            return "it is empty"
        text = as_json(value, indent=None)
        content = isinstance(value, str | bytes | list | dict) and span_values.holds_content(
            self.rule.attribute
        )
        if content or len(text) > _LONGEST_SHOWN:
            return f"it holds something else ({len(comparison.text_of(value)):,} characters)"
        return f"it is {text}"


class ScopeMatcher:
    """Services and rules of one evaluator, compiled once and applied to every span.

    Raises `EvaluatorError` for a rule that cannot be applied, `MissingExtraError` for a regular expression
    where they cannot be used.
    """

    def __init__(self, scope: Scope) -> None:
        """See the class."""
        self.services = frozenset(scope.services)
        self._named = scope.services
        self.clauses = tuple(_clause(number, rule) for number, rule in enumerate(scope.rules, 1))
        # What needs the whole span comes last: most spans fail an earlier rule.
        self._tests = tuple(
            (clause.read, clause.test)
            for clause in sorted(self.clauses, key=lambda clause: span_values.is_slow(clause.rule.attribute))
        )
        self.attributes = frozenset(rule.attribute for rule in scope.rules)

    def serves(self, service: str) -> bool:
        """Whether the service is in scope."""
        return not self.services or service in self.services

    def rules_hold(self, seen: Seen) -> bool:
        """Whether all rules hold."""
        for read, test in self._tests:  # noqa: SIM110  for every span: a generator takes twice as long
            if not test(read(seen)):
                return False
        return True

    def matches(self, seen: Seen) -> bool:
        """Whether a span is in scope; sampling is not looked at."""
        return self.serves(seen.raw.resource.service) and self.rules_hold(seen)

    def mismatch(self, seen: Seen) -> str | None:
        """The first clause that does not hold, and what the span has instead; `None` when it is in scope."""
        service = seen.raw.resource.service
        if not self.serves(service):
            named = ", ".join(self._named[:_MOST_SHOWN])
            if len(self._named) > _MOST_SHOWN:
                named += f" and {len(self._named) - _MOST_SHOWN} more"
            return f"the service is {_short(service)}; judged are only {named}"
        for clause in self.clauses:
            if not clause.holds(seen):
                return f"rule {clause.number}, {clause.told()}: {clause.actual(seen)}"
        return None


def _clause(number: int, rule: Rule) -> Clause:
    wanted = rule.value
    if rule.attribute in _WORDS:
        prefix, words = _WORDS[rule.attribute]
        wanted = _word(wanted, prefix, words)
    return Clause(
        number, rule, span_values.reader(rule.attribute), comparison.condition(rule.operator, wanted)
    )


def _word(wanted: Any, prefix: str, words: Sequence[str]) -> Any:
    """Kind and status as people write them: `client`, `CLIENT`, `SPAN_KIND_CLIENT`, 3."""
    if isinstance(wanted, list | tuple):
        return [_word(item, prefix, words) for item in cast("Sequence[Any]", wanted)]
    if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < len(words):
        return words[wanted]
    return wanted.lower().removeprefix(prefix) if isinstance(wanted, str) else wanted


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"

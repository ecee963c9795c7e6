"""What a scope would have matched of what came in: counted with the very functions that match live spans."""

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.sampling import sampled
from spanjudge.evaluators.scope import Clause, ScopeMatcher
from spanjudge.evaluators.span_values import COMPUTED, Seen
from spanjudge.pipeline.decision import Decision
from spanjudge.pipeline.explain import WORDS
from spanjudge.pipeline.match import Admission, unsampled
from spanjudge.pipeline.recent import Recent
from spanjudge.pipeline.subjects import Reading, Shown
from spanjudge.telemetry.own import is_own_telemetry

_OUTSIDE = frozenset({"not_matched", "own_telemetry"})
_SAME_FOR_MANY = frozenset({"missing_variable", "no_content"})
"""Reasons whose words do not hold values of the span, so that equal ones can be counted together."""

_CLOSE = 0.6
_MOST_REASONS = 12
_MOST_RULES = 50
"""Rules that are looked at one by one: more of them would take too long, and nobody writes them."""

_UNREADABLE = "could not be read"


class RuleEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule does; `index` counts from 0.

    `matching` targets satisfy it, `without` match when it is left out. `seen`: some span has the attribute;
    otherwise `nearest` is the one that may have been meant.
    """

    index: int
    matching: int
    without: int
    seen: bool
    nearest: str = ""


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """Of the targets that were read: `received` came of the services, `matching` fit kind and rules,
    `with_content` have what it takes as well, `judged` are left after sampling and calls recorded twice.

    `reasons` count why the others are not judged, most first. `chosen` are the positions of those that are,
    `lacking` of those that are in scope, and not judged for something they lack.
    """  # noqa: D205  # one sentence

    received: int = 0
    matching: int = 0
    with_content: int = 0
    judged: int = 0
    rules: tuple[RuleEffect, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()
    chosen: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()


class _Counted:
    """The decisions on all targets, one after the other."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._whole = unsampled(evaluator)
        self._percent = evaluator.scope.sampling
        self.admission = Admission(self._whole)
        self.received = self.matching = self.with_content = 0
        self.reasons: Counter[str] = Counter()
        self.judged: list[int] = []
        self.lacking: list[int] = []

    def take(self, place: int, decision: Decision, key: str, mismatch: Callable[[], str]) -> bool:
        """Note a decision that does not look at sampling; `key` is what sampling goes by."""
        self.received += 1
        if decision.reason in _OUTSIDE:
            words = mismatch() if decision.reason == "not_matched" else ""
            self.reasons[words or WORDS[decision.reason or "not_matched"]] += 1
            return False
        self.matching += 1
        self.with_content += decision.judge
        if not sampled(key, self._percent):
            self.reasons[WORDS["sampled_out"]] += 1
        elif not decision.judge:
            words = WORDS[decision.reason or "no_content"]
            told = f"{words}: {decision.detail}" if decision.reason in _SAME_FOR_MANY else words
            self.reasons[told] += 1
            self.lacking.append(place)
        else:
            self.judged.append(place)
            return True
        return False

    def matches(self, rules: Sequence[RuleEffect]) -> Matches:
        return Matches(
            received=self.received,
            matching=self.matching,
            with_content=self.with_content,
            judged=len(self.judged),
            rules=tuple(rules),
            reasons=tuple(self.reasons.most_common(_MOST_REASONS)),
            chosen=tuple(self.judged),
            lacking=tuple(self.lacking),
        )


def matches_of(evaluator: Evaluator, recent: Recent) -> Matches:
    """What the evaluator would judge of what was read; takes time. Raises as `ScopeMatcher` does."""
    if evaluator.target == "span":
        return _of_spans(evaluator, recent.shown)
    return _of_wholes(evaluator, recent.readings)


def _of_spans(evaluator: Evaluator, spans: Sequence[Shown]) -> Matches:
    counted = _Counted(evaluator)
    admission = counted.admission
    twice: set[tuple[str, str]] = set()
    calls: dict[int, tuple[str, str]] = {}
    served: list[Shown] = []
    for place, shown in enumerate(spans):
        raw = shown.raw
        if not admission.scope.serves(raw.resource.service):
            continue
        try:
            decision = admission.decide(shown)
            is_call = shown.facts.is_model_call
        except Exception:  # noqa: BLE001  a span that cannot be read is not judged, and stops nobody
            counted.received += 1
            counted.reasons[_UNREADABLE] += 1
            continue
        served.append(shown)
        told = _mismatch_of(admission.scope, shown, decision)
        if counted.take(place, decision, raw.trace_id, told) and is_call:
            calls[place] = (raw.trace_id, raw.span_id)
            if raw.parent_span_id:
                twice.add((raw.trace_id, raw.parent_span_id))
    # As the store does it: of a call that was recorded twice the inner span is judged.
    outer = {place for place, key in calls.items() if key in twice}
    if outer:
        counted.reasons[WORDS["same_call"]] += len(outer)
        counted.judged = [place for place in counted.judged if place not in outer]
    return counted.matches(_rules_of_spans(evaluator, admission.scope, served))


def _rules_of_spans(evaluator: Evaluator, scope: ScopeMatcher, spans: Sequence[Shown]) -> list[RuleEffect]:
    names = _Names(spans)
    found: list[RuleEffect] = []
    for index, clause in enumerate(scope.clauses[:_MOST_RULES]):
        other = Admission(_without(evaluator, index))
        seen, nearest = names.about(clause)
        found.append(
            RuleEffect(
                index=index,
                matching=sum(clause.holds(shown) for shown in spans),
                without=sum(other.in_scope(shown) and not is_own_telemetry(shown) for shown in spans),
                seen=seen,
                nearest=nearest,
            )
        )
    return found


def _of_wholes(evaluator: Evaluator, readings: Sequence[Reading]) -> Matches:
    counted = _Counted(evaluator)
    admission = counted.admission
    served: list[tuple[Reading, list[Seen]]] = []
    for place, reading in enumerate(readings):
        spans = [Seen(raw, None, lambda span=span: span) for raw, span in reading.spans]
        if not any(admission.scope.serves(seen.raw.resource.service) for seen in spans):
            continue
        served.append((reading, spans))
        target = reading.target
        key = target.trace_id if target.kind == "trace" else target.session_id
        counted.take(place, admission.decide_whole(reading), key, _no_span_fits(admission.scope, spans))
    return counted.matches(_rules_of_wholes(evaluator, admission.scope, served))


def _rules_of_wholes(
    evaluator: Evaluator, scope: ScopeMatcher, served: Sequence[tuple[Reading, list[Seen]]]
) -> list[RuleEffect]:
    names = _Names([one for _, spans in served for one in spans])
    found: list[RuleEffect] = []
    for index, clause in enumerate(scope.clauses[:_MOST_RULES]):
        other = Admission(_without(evaluator, index))
        seen, nearest = names.about(clause)
        decided = [other.decide_whole(reading).reason for reading, _ in served]
        holds = [
            any(scope.serves(one.raw.resource.service) and clause.holds(one) for one in spans)
            for _, spans in served
        ]
        found.append(
            RuleEffect(
                index=index,
                matching=sum(holds),
                without=sum(reason not in _OUTSIDE for reason in decided),
                seen=seen,
                nearest=nearest,
            )
        )
    return found


class _Names:
    """The attributes of the spans that were read, collected when one of them is missing."""

    def __init__(self, spans: Sequence[Seen]) -> None:
        self._spans = spans
        self._names: set[str] | None = None

    def about(self, clause: Clause) -> tuple[bool, str]:
        """Whether the attribute of a rule is there, and else what may have been meant."""
        if any(clause.read(seen) is not None for seen in self._spans):
            return True, ""
        if self._names is None:
            self._names = attribute_names(self._spans)
        return False, nearest_name(clause.rule.attribute, self._names)


def attribute_names(spans: Sequence[Seen]) -> set[str]:
    """Every name under which rules find something on one of these spans."""
    names = set(COMPUTED)
    for seen in spans:
        names.update(seen.raw.attributes)
        names.update(seen.raw.resource.attributes)
    return names


def nearest_name(written: str, names: set[str]) -> str:
    """The attribute that may have been meant; empty when none is like it."""
    by_fold = {name.casefold().replace("_", ".").replace("-", "."): name for name in sorted(names)}
    key = written.casefold().replace("_", ".").replace("-", ".")
    close = get_close_matches(key, by_fold, n=1, cutoff=_CLOSE)
    if close:
        return by_fold[close[0]]
    # The last part alone: `model` for `gen_ai.request.model`.
    ends = [name for fold, name in by_fold.items() if fold.endswith("." + key) or key.endswith("." + fold)]
    return min(ends, key=len, default="")


def _without(evaluator: Evaluator, index: int) -> Evaluator:
    scope = evaluator.scope
    rules = (*scope.rules[:index], *scope.rules[index + 1 :])
    less = msgspec.structs.replace(scope, rules=rules, sampling=100.0)
    return msgspec.structs.replace(evaluator, scope=less)


def _mismatch_of(scope: ScopeMatcher, shown: Shown, decision: Decision) -> Callable[[], str]:
    def words() -> str:
        clause = next((one for one in scope.clauses if not one.holds(shown)), None)
        if clause is None or not decision.detail.startswith("rule "):
            return decision.detail
        return f"rule {clause.number} does not hold: {clause.told()}"

    return words


def _no_span_fits(scope: ScopeMatcher, spans: Sequence[Seen]) -> Callable[[], str]:
    def words() -> str:
        alone = next((one for one in scope.clauses if not any(map(one.holds, spans))), None)
        if alone is not None:
            return f"no span satisfies rule {alone.number}: {alone.told()}"
        return "no span satisfies all rules together" if scope.clauses else ""

    return words

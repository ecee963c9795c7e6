"""What needs no model: an input that is missing, and answers that are certain before anybody is asked.

Certain answers belong to gallery evaluators only, told by their rubric and answer format, under any name and
scope; the table is in `rules`. Whoever changes the rubric or the answers always gets the model's judgement.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple, get_args

from spanjudge.evaluators.answer_format import AnswerFormat
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging import tool_checks
from spanjudge.judging.case import Case
from spanjudge.judging.form import Value
from spanjudge.judging.hollow import Hollow, hollow
from spanjudge.judging.subject import Field, Subject


class Certain(NamedTuple):
    """An answer that needs no judge, with its reason."""

    value: Value
    explanation: str


Rule = Callable[[Subject], Certain | None]

_REASON: dict[Hollow, str] = {
    "blank": "The output is empty.",
    "brackets": "The output is nothing but empty brackets or quotes.",
    "punctuation": "The output is nothing but punctuation.",
    "opening": "The output is an opening phrase and nothing after it.",
}
_SAYS_NOTHING: tuple[Hollow, ...] = ("blank", "punctuation", "opening")
_ASKS_FOR_A_SIGN = ("punctuat", "character", "symbol", "sign", "mark", "delimiter", "separator", "operator")
_ASKS_FOR_SILENCE = (
    "nothing",
    "empty",
    "silen",
    "blank",
    "no output",
    "not respond",
    "not reply",
    "not answer",
)


def unsettled(cases: Sequence[Case], subject: Subject) -> list[Case]:
    """Settle the cases where no judge is needed, and give back the others."""
    # Most subjects have everything and nothing that could be certain: they are looked at once for all.
    if subject.output is None or subject.tool_calls or hollow(subject.output) is not None:
        return [case for case in cases if not settle(case, subject)]
    has: dict[Field, bool] = {}
    waiting: list[Case] = []
    for case in cases:
        for need in case.evaluator.needs:
            if need not in has:
                has[need] = subject.has(need)
            if not has[need]:
                settle(case, subject)
                break
        else:
            waiting.append(case)
    return waiting


def settle(case: Case, subject: Subject) -> bool:
    """Settle a case where no judge is needed; tells whether it did."""
    evaluator = case.evaluator
    missing, certain = _look(evaluator, subject)
    if certain is not None:
        case.decided(certain.value, certain.explanation)
        return True
    if missing:
        words = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        case.missing(f"“{evaluator.name}” needs {words}; send {'it' if len(missing) == 1 else 'them'}")
    return bool(missing)


def missing_needs(evaluator: Evaluator, subject: Subject) -> list[str]:
    """What the evaluator needs and the subject lacks; nothing when the answer is certain without it."""
    return _look(evaluator, subject)[0]


def needs_model(evaluator: Evaluator, subject: Subject) -> bool:
    """Whether a judge model has to be asked."""
    missing, certain = _look(evaluator, subject)
    return certain is None and not missing


def _look(evaluator: Evaluator, subject: Subject) -> tuple[list[str], Certain | None]:
    missing: list[str] = [need for need in evaluator.needs if not subject.has(need)]
    if missing not in ([], ["output"]):
        return missing, None
    certain = _certain(evaluator, subject)
    if certain is not None:
        return [], certain
    return missing or _not_shown(evaluator, subject), None


def _certain(evaluator: Evaluator, subject: Subject) -> Certain | None:
    """Looks at the subject first: most have nothing that could be certain, and the table is never built."""
    called = bool(subject.tools and subject.tool_calls) and "tool_calls" in evaluator.needs
    empty = subject.output is not None and hollow(subject.output) is not None
    if not (called or empty):
        return None
    rule = rules().get((evaluator.rubric, evaluator.answer))
    return rule(subject) if rule else None


def _not_shown(evaluator: Evaluator, subject: Subject) -> list[str]:
    """What is missing though no need names it; no judge may answer from thin air."""
    if subject.output is not None or subject.tool_calls or evaluator.prompt is not None:
        return []
    fields: tuple[Field, ...] = get_args(Field)
    if not any(subject.has(field) for field in fields):
        return ["something to judge"]
    # These two do not name the output as a need, as an empty one is an answer to them; none at all is not.
    judged_by_output = rules().get((evaluator.rubric, evaluator.answer)) in (_failure, _no_answer)
    return ["output"] if judged_by_output else []


@cache
def rules() -> dict[tuple[str | None, AnswerFormat], Rule]:
    """Rule by the rubric and answer format of a gallery evaluator; built at the first hollow output."""
    from spanjudge.evaluators import gallery  # noqa: PLC0415  reads YAML, which few processes need before that

    scorers, metrics, templates = gallery.scorers(), gallery.metrics(), gallery.templates()
    table: list[tuple[Evaluator, Rule]] = [
        (scorers["helpfulness"], _nothing_said(0.0)),
        (scorers["answer_relevance"], _nothing_said(0.0)),
        (scorers["coherence"], _nothing_said(0.0)),
        (scorers["instruction_following"], _nothing_said("low", unless=_ASKS_FOR_SILENCE)),
        (scorers["output_format"], _nothing_said(value=False, kinds=("blank",))),
        (scorers["hallucination"], _nothing_said(0.0)),
        (scorers["toxicity"], _nothing_said("low")),
        (scorers["bias"], _nothing_said(value=False)),
        (metrics["answer_relevancy"], _nothing_said(0.0)),
        (metrics["hallucination"], _nothing_said(0.0)),
        (metrics["faithfulness"], _nothing_said(1.0)),
        (metrics["toxicity"], _nothing_said(0.0)),
        (metrics["bias"], _nothing_said(0.0)),
        (metrics["sentiment"], _nothing_said(0.5, kinds=("blank",))),
        (templates["failure_answer"], _failure),
        (templates["failure_answer_boolean"], _no_answer),
        (templates["tool_argument_correctness"], _broken_arguments),
        (templates["tool_selection_relevance"], _unknown_tool),
    ]
    return {(evaluator.rubric, evaluator.answer): rule for evaluator, rule in table}


def _nothing_said(
    value: Value, *, kinds: tuple[Hollow, ...] = _SAYS_NOTHING, unless: tuple[str, ...] = ()
) -> Rule:
    """The answer for an output that says nothing, unless the input may have asked for just that."""

    def rule(subject: Subject) -> Certain | None:
        kind = hollow(subject.output or "")
        asked = (subject.input or "").casefold()
        exceptions = (*unless, *_ASKS_FOR_A_SIGN) if kind == "punctuation" else unless
        if kind not in kinds or any(word in asked for word in exceptions):
            return None
        return Certain(value, _REASON[kind])

    return rule


def _failure(subject: Subject) -> Certain | None:
    kind = hollow(subject.output or "")
    if kind == "blank" and not subject.tool_calls:
        return Certain("Empty Response", _REASON[kind])
    return Certain("Empty Code Response", _REASON[kind]) if kind == "brackets" else None


def _no_answer(subject: Subject) -> Certain | None:
    kind = hollow(subject.output or "")
    if kind == "brackets" or (kind == "blank" and not subject.tool_calls):
        return Certain(value=False, explanation=_REASON[kind])
    return None


def _broken_arguments(subject: Subject) -> Certain | None:
    reason = tool_checks.broken_arguments(subject)
    return Certain(value=False, explanation=reason) if reason else None


def _unknown_tool(subject: Subject) -> Certain | None:
    reason = tool_checks.unknown_tool(subject)
    return Certain(value=False, explanation=reason) if reason else None

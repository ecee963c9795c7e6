"""Definitions in the making: as much of an evaluator as there is, and what is wrong with what counts."""

import msgspec

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.evaluators.problem import Problem
from spanjudge.evaluators.prompt import read
from spanjudge.server.rest.evaluators import definitions
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes.evaluators import Definition

NAMELESS = "draft"
"""What a definition without a name is called while it is tried."""

_OF_MATCHING = frozenset({"scope", "needs", "variables"})
_NOT_SHOWN = frozenset({"name", "scope", "acceptance", "labels", "judge"})


def whole(definition: Definition, parts: Parts) -> Evaluator:
    """The evaluator to be tried. Raises `ApiProblem` 422 with every error by its field."""
    named = _named(definition)
    found = definitions.problems(named, parts.facts.judges)
    if found:
        raise refused(found, "It cannot be tried yet")
    return definitions.evaluator_of(named)


def for_matching(definition: Definition) -> tuple[Evaluator, list[int]]:
    """Scope, needs and variables, whatever the rest is; and the places of its rules in the definition.

    Rules without an attribute are left out: somebody is about to write it. Raises `ApiProblem` 422.
    """
    named = _named(definition)
    found = [one for one in definitions.problems(named) if one.path[:1] and one.path[0] in _OF_MATCHING]
    rules = named.scope.rules
    empty = {place for place, rule in enumerate(rules) if not rule.attribute.strip()}
    found = [one for one in found if not (one.path[:2] == ("scope", "rules") and one.path[2] in empty)]
    if found:
        raise refused(found, "The scope cannot be applied")
    evaluator = definitions.evaluator_of(named)
    kept = [place for place in range(len(rules)) if place not in empty]
    scope = msgspec.structs.replace(
        evaluator.scope, rules=tuple(evaluator.scope.rules[place] for place in kept)
    )
    return msgspec.structs.replace(evaluator, scope=scope), kept


def for_reading(definition: Definition) -> tuple[Evaluator, list[str]]:
    """What a prompt can be made of, and what is not finished about it, in words."""
    named = _named(definition)
    found = [one for one in definitions.problems(named) if not (one.path[:1] and one.path[0] in _NOT_SHOWN)]
    evaluator = definitions.evaluator_of(named)
    notes = [f"{definitions.field_of(one)} {one.message}" for one in found]
    if any(one.path[:1] == ("answer",) for one in found):
        evaluator = msgspec.structs.replace(evaluator, answer=Boolean(), acceptance=None, labels=None)
        notes.append("the answer is shown as true or false until its format is finished")
    prompt = evaluator.prompt
    if prompt is not None:
        prompt = Prompt(system=_readable(prompt.system, evaluator), user=_readable(prompt.user, evaluator))
        evaluator = msgspec.structs.replace(evaluator, prompt=prompt, rubric=None)
    elif evaluator.rubric is None:
        evaluator = msgspec.structs.replace(evaluator, rubric="")
    return evaluator, notes


def refused(found: list[Problem], words: str) -> ApiProblem:
    """422 with every error by its field."""
    errors = [FieldError(definitions.field_of(one), one.message) for one in found]
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    told = f"{words}: {errors[0].field} {errors[0].message}{more}."
    return ApiProblem(422, told, code="invalid_evaluator", errors=errors)


def unusable(error: EvaluatorError) -> ApiProblem:
    """422 for a scope that only its application refuses."""
    return ApiProblem(422, f"The scope cannot be applied: {error}", code="invalid_evaluator")


def _named(definition: Definition) -> Definition:
    return definition if definition.name.strip() else definition.model_copy(update={"name": NAMELESS})


def _readable(text: str, evaluator: Evaluator) -> str:
    """The template with double braces that name nothing taken apart, so that they stand there as text."""
    _, faults = read(text, variables=evaluator.variables, target=evaluator.target)
    lines = text.split("\n")
    for fault in sorted(faults, key=lambda one: (-one.line, -one.column)):
        line, place = lines[fault.line - 1], fault.column - 1
        lines[fault.line - 1] = f"{line[:place]}{{ {{{line[place + 2 :]}"
    return "\n".join(lines)

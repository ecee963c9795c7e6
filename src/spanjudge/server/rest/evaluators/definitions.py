"""A definition as the API has it, to and from the core's evaluator, and all that is wrong with it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import msgspec
from pydantic import BaseModel

from spanjudge.evaluators import validation
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Anchor, AnswerFormat, Boolean, Category, Label, Score
from spanjudge.evaluators.doubts import doubts
from spanjudge.evaluators.evaluator import Evaluator, Prompt, Rule, Scope, VerdictLabels
from spanjudge.evaluators.file import MAX_BYTES
from spanjudge.evaluators.problem import Path, Problem, spell
from spanjudge.server.rest.parts import Facts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes import evaluators as shapes

MOST_ISSUES = 200
_LEAF_BYTES = 8
"""What a value takes besides its text."""
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_FIELDS_OF = {
    "category": ("labels",),
    "boolean": ("when_true", "when_false"),
    "score": ("min", "max", "anchors", "method"),
}
_NO_QUESTION = Problem(
    ("rubric",), "is empty; tell the judge in prose what good means, or write a prompt instead"
)
_NOT_SAVED = (
    "Nothing was saved: the server keeps whole definitions only, as drafts too; "
    "unfinished work is kept where it is written."
)


def definition_of(evaluator: Evaluator) -> shapes.Definition:
    """As the API shows it, with defaults written out."""
    return shapes.Definition.model_validate(msgspec.to_builtins(evaluator))


def evaluator_of(definition: shapes.Definition) -> Evaluator:
    """As the core has it, whatever may be wrong with it: ask `problems` first.

    Fields of another type of answer are left behind.
    """
    acceptance, labels, prompt = definition.acceptance, definition.labels, definition.prompt
    scope = definition.scope
    return Evaluator(
        name=definition.name,
        description=definition.description,
        target=definition.target,
        judge=definition.judge,
        scope=Scope(
            services=tuple(scope.services),
            sampling=scope.sampling,
            rules=tuple(
                Rule(attribute=rule.attribute, operator=rule.operator, value=rule.value)
                for rule in scope.rules
            ),
        ),
        needs=tuple(definition.needs),
        rubric=definition.rubric,
        brief=definition.brief,
        prompt=Prompt(system=prompt.system, user=prompt.user) if prompt else None,
        variables=dict(definition.variables),
        answer=answer_of(definition.answer),
        acceptance=None
        if acceptance is None
        else Acceptance(
            pass_values=None if acceptance.pass_values is None else tuple(acceptance.pass_values),
            pass_when=acceptance.pass_when,
            min=acceptance.min,
            max=acceptance.max,
        ),
        labels=VerdictLabels(pass_=labels.pass_, fail=labels.fail) if labels else None,
    )


def answer_of(answer: shapes.Answer) -> AnswerFormat:
    """The answer format, as far as its type has these fields."""
    match answer.type:
        case "category":
            return Category(labels=tuple(Label(label.name, label.description) for label in answer.labels))
        case "boolean":
            return Boolean(when_true=answer.when_true, when_false=answer.when_false)
        case "score":
            return Score(
                min=0.0 if answer.min is None else answer.min,
                max=1.0 if answer.max is None else answer.max,
                anchors=tuple(Anchor(anchor.value, anchor.description) for anchor in answer.anchors),
                method=answer.method,
            )


def answer_type(answer: AnswerFormat) -> Literal["category", "boolean", "score"]:
    """The word for it."""
    match answer:
        case Category():
            return "category"
        case Boolean():
            return "boolean"
        case Score():
            return "score"


def problems(definition: shapes.Definition, judges: Sequence[str] = ()) -> list[Problem]:
    """All that is wrong, by the rules of files; never raises. `judges` are those of the settings."""
    return list(not_kept(definition)) or _wrong(definition, judges)


def validated(definition: shapes.Definition, facts: Facts) -> shapes.Validation:
    """Every error and warning, each with its field."""
    hopeless = list(not_kept(definition))
    found = hopeless or _wrong(definition, facts.judges)
    issues = [issue_of(one) for one in found]
    evaluator = evaluator_of(definition)
    if not hopeless and not any(one.path[:1] == ("scope",) for one in found):
        issues += [_warning(told) for told in doubts(evaluator)]
    if definition.name in facts.file_evaluators:
        issues.append(_of_a_file(definition.name))
    return shapes.Validation(issues=issues[:MOST_ISSUES], version=None if found else evaluator.version)


def checked(definition: shapes.Definition, judges: Sequence[str]) -> Evaluator:
    """The evaluator. Raises `ApiProblem` 422 with all that is wrong."""
    found = problems(definition, judges)
    if found:
        errors = [FieldError(field_of(one), one.message) for one in found]
        told = f"{told_of(errors)} {_NOT_SAVED}"
        raise ApiProblem(422, told, code="invalid_evaluator", errors=errors)
    return evaluator_of(definition)


def told_of(errors: Sequence[FieldError]) -> str:
    """One sentence: the first of them, and how many more there are."""
    first = f"{errors[0].field} {errors[0].message}"
    if len(errors) > 1:
        first = f"{first.removesuffix('?')}, and {len(errors) - 1} more"
    return first if first.endswith("?") else f"{first}."


def field_of(problem: Problem) -> str:
    """The field as people write it: `answer.labels[3].name`."""
    return spell(problem.path)


def issue_of(problem: Problem) -> shapes.Issue:
    """What is wrong, in a text that UTF-8 can carry."""
    return shapes.Issue(
        field=readable(field_of(problem)), message=readable(problem.message), line=problem.line
    )


def _of_a_file(name: str) -> shapes.Issue:
    return shapes.Issue(
        field="name",
        message=f"“{name}” is kept in a file of SPANJUDGE_EVALUATORS_DIR, and a restart applies the file "
        "again; change the file too",
        severity="warning",
    )


def _warning(told: str) -> shapes.Issue:
    field, _, message = told.partition(": ")
    return shapes.Issue(field=field, message=message, severity="warning")


def _wrong(definition: shapes.Definition, judges: Sequence[str]) -> list[Problem]:
    return [
        *_unknown_judge(definition, judges),
        *_misplaced(definition.answer),
        *(one if one.path else _NO_QUESTION for one in validation.problems(evaluator_of(definition))),
    ]


def _unknown_judge(definition: shapes.Definition, judges: Sequence[str]) -> Iterator[Problem]:
    judge = definition.judge
    if judge.strip() and judges and judge not in judges:
        known = ", ".join(judges)
        fix = f"choose one of {known}, or add judges.{_short(judge)} to the file of SPANJUDGE_CONFIG"
        yield Problem(("judge",), f"“{_short(judge)}” is no judge model of the settings; {fix}")


def _misplaced(answer: shapes.Answer) -> Iterator[Problem]:
    """What another type of answer has."""
    empty = shapes.Answer()
    for kind, fields in _FIELDS_OF.items():
        for field in fields if kind != answer.type else ():
            if getattr(answer, field) != getattr(empty, field):
                told = f"belongs to an answer of type {kind}; remove it or change the type"
                yield Problem(("answer", field), told)


def not_kept(definition: shapes.Definition) -> Iterator[Problem]:
    """What is too long to be looked at, and characters that nothing can store."""
    total, longest, longest_path = 0, -1, cast("Path", ())
    for path, text in _leaves(definition, ()):
        size = len(text.encode("utf-8", "replace"))
        if _UNKEEPABLE.search(text):
            told = "holds a character that cannot be kept (NUL, or half of a surrogate pair); take it out"
            yield Problem(path, told)
        total += size + _LEAF_BYTES
        if size > longest:
            longest, longest_path = size, path
    if total > MAX_BYTES:
        limit = f"a whole definition may have {MAX_BYTES // 1024} KiB"
        yield Problem(longest_path, f"is too long with {longest:,} bytes; shorten it: {limit}")


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text with its path, and every other value as an empty one."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _leaves(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield path, key
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(cast("Sequence[Any]", value)):
            yield from _leaves(inner, (*path, number))
    else:
        yield path, value if isinstance(value, str) else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - what fits a line

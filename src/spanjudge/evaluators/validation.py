"""The rules by which the parts of an evaluator must fit together."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import cast

import msgspec

from spanjudge.evaluators import pattern
from spanjudge.evaluators import prompt as templates
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean, Category, Score
from spanjudge.evaluators.evaluator import Evaluator, Rule
from spanjudge.evaluators.problem import Path, Problem

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_-]{0,199}$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
MIN_LABELS = 2
MAX_LABELS = 50
MAX_LABEL_CHARS = 200

_NO_VALUE = frozenset({"exists", "not_exists"})
_LISTS = frozenset({"in", "not_in"})
_NUMBERS = frozenset({"greater", "less"})
_TEXTS = frozenset({"starts_with", "ends_with", "matches"})
_RESERVED = frozenset(templates.FIELDS)
_TEMPLATE_IN_RUBRIC = re.compile(r"\{\{\s*(?:span|trace|session)\s*\.")


def problems(evaluator: Evaluator) -> list[Problem]:
    """Every rule the evaluator breaks, in the order of the file format. Empty when it can be used.

    The types of the fields are taken as right; `file.check` looks at them too.
    """
    return [
        *_details(evaluator),
        *_scope(evaluator),
        *_question(evaluator),
        *_variables(evaluator),
        *_answer(evaluator),
        *_acceptance(evaluator),
        *_verdict_labels(evaluator),
    ]


def _details(evaluator: Evaluator) -> Iterable[Problem]:
    if not re.match(NAME_PATTERN, evaluator.name) or evaluator.name.endswith("\n"):
        fix = "write a letter first, then letters, digits, _ or -, at most 200 in all"
        told = f"“{_short(evaluator.name)}” cannot be a name" if evaluator.name else "is empty"
        yield Problem(("name",), f"{told}; {fix}")
    if not evaluator.judge.strip():
        yield Problem(("judge",), "is empty; name a judge model of the settings, or remove it for “default”")


def _scope(evaluator: Evaluator) -> Iterable[Problem]:
    scope = evaluator.scope
    for index, service in enumerate(scope.services):
        if not service.strip():
            yield Problem(("scope", "services", index), "is empty; name a service, or leave services out")
    if not 0 <= scope.sampling <= 100:  # noqa: PLR2004 - percent
        told = f"{scope.sampling:g} is no percentage; write a number from 0 to 100"
        yield Problem(("scope", "sampling"), told)
    for index, rule in enumerate(scope.rules):
        yield from _rule(rule, ("scope", "rules", index))


def _rule(rule: Rule, path: Path) -> Iterable[Problem]:
    operator, value = rule.operator, rule.value
    if not rule.attribute.strip():
        yield Problem((*path, "attribute"), "is empty; write the key of a span attribute")
    if operator in _NO_VALUE:
        if value is not None:
            yield Problem((*path, "value"), f"{operator} takes no value; remove it")
        return
    problem = _rule_value(operator, value)
    if problem:
        yield Problem((*path, "value"), problem)


def _rule_value(operator: str, value: object) -> str | None:
    told: str | None = None
    if value is None:
        told = f'{operator} needs a value; add “value: …” (value: "" is the empty text)'
    elif operator in _LISTS:
        items = cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
        if not items or not all(_scalar(item) for item in items):
            told = f"{operator} needs a list of texts, numbers, true or false; write [a, b]"
    elif not _scalar(value):
        told = f"{operator} needs one text, number, true or false; for several use the operator “in”"
    elif operator in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
        told = f"{operator} compares numbers; write a number without quotes"
    elif operator in _TEXTS and not isinstance(value, str):
        told = f'{operator} looks at a text; put it in quotes: "{value}"'
    elif operator == "matches" and isinstance(value, str):
        told = pattern.problem(value)
    return told


def _scalar(value: object) -> bool:
    return isinstance(value, str | int | float) and fits(value)


def fits(value: object) -> bool:
    """False for a number that JSON cannot carry: beyond 64 bits, infinite or none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) < 2**63


def _question(evaluator: Evaluator) -> Iterable[Problem]:
    if evaluator.rubric is None and evaluator.prompt is None:
        yield Problem((), "has neither rubric nor prompt; add “rubric: |” and tell what good means")
    if evaluator.rubric is not None and evaluator.prompt is not None:
        yield Problem(("prompt",), "stands beside a rubric; keep one of the two")
    for field, text in (("rubric", evaluator.rubric), ("brief", evaluator.brief)):
        if text is not None:
            yield from _rubric(field, text)
    if evaluator.brief is not None and evaluator.rubric is None:
        yield Problem(("brief",), "is the short form of a rubric, and there is none; remove it")
    yield from _templates(evaluator)


def _templates(evaluator: Evaluator) -> Iterable[Problem]:
    if evaluator.prompt is None:
        return
    shows_nothing = not evaluator.prompt.user.strip()
    if shows_nothing:
        yield Problem(("prompt", "user"), "is empty; show the judge something, like {{span.output}}")
    used = 0
    for field, text in (("system", evaluator.prompt.system), ("user", evaluator.prompt.user)):
        template, faults = templates.read(text, variables=evaluator.variables, target=evaluator.target)
        used += len(template.variables) + len(faults)
        for fault in faults:
            message = f"line {fault.line}, column {fault.column}: {fault.message}"
            yield Problem(("prompt", field), message, text_line=fault.line - 1)
    if not used and not shows_nothing:
        first = templates.FIELDS[evaluator.target][0]
        shown = f"{{{{{evaluator.target}.{first}}}}}"
        yield Problem(
            ("prompt", "user"), f"names no variable, so the judge would see nothing; add one like {shown}"
        )


def _rubric(field: str, rubric: str) -> Iterable[Problem]:
    if not rubric.strip():
        yield Problem((field,), "is empty; tell the judge in prose what good means")
    found = _TEMPLATE_IN_RUBRIC.search(rubric)
    if found:
        yield Problem(
            (field,),
            "holds a variable, but the judge sees the subject anyway; remove it, or write a prompt instead",
            text_line=rubric.count("\n", 0, found.start()),
        )


def _variables(evaluator: Evaluator) -> Iterable[Problem]:
    for name, key in evaluator.variables.items():
        if not re.fullmatch(VARIABLE_PATTERN.strip("^$"), name) or name in _RESERVED:
            fix = f"a letter first, then letters, digits or _, and not {', '.join(sorted(_RESERVED))}"
            yield Problem(("variables", name), f"cannot be a variable's name; write {fix}")
        if not key.strip():
            yield Problem(("variables", name), "is empty; write the key of a span attribute")


def _answer(evaluator: Evaluator) -> Iterable[Problem]:
    if isinstance(evaluator.answer, Category):
        yield from _labels(evaluator.answer)
    elif isinstance(evaluator.answer, Score):
        yield from _score(evaluator.answer)


def _labels(answer: Category) -> Iterable[Problem]:
    path: Path = ("answer", "labels")
    if not MIN_LABELS <= len(answer.labels) <= MAX_LABELS:
        yield Problem(path, f"holds {len(answer.labels)}; write {MIN_LABELS} to {MAX_LABELS} labels")
    seen: dict[str, int] = {}
    for index, label in enumerate(answer.labels):
        place = (*path, index, "name")
        if label.name != label.name.strip() or not label.name or len(label.name) > MAX_LABEL_CHARS:
            fix = f"write 1 to {MAX_LABEL_CHARS} characters, no white space around them"
            told = f"“{_short(label.name)}” cannot be a label" if label.name else "is empty"
            yield Problem(place, f"{told}; {fix}")
        if label.name and label.name in seen:
            first = f"labels[{seen[label.name]}]"
            yield Problem(place, f"“{_short(label.name)}” is {first} already; give each label its own name")
        seen.setdefault(label.name, index)


def _score(answer: Score) -> Iterable[Problem]:
    path: Path = ("answer",)
    if not (math.isfinite(answer.min) and math.isfinite(answer.max) and answer.min < answer.max):
        yield Problem((*path, "max"), f"{answer.max:g} must be more than min, {answer.min:g}; change one")
        return
    if answer.method == "claims" and (answer.min, answer.max) != (0, 1):
        yield Problem(
            (*path, "method"), "claims gives the share of claims that do not hold; write min: 0 and max: 1"
        )
    if len(answer.anchors) == 1:
        yield Problem((*path, "anchors"), "holds one anchor; write two or more, or none")
    previous = -math.inf
    for index, anchor in enumerate(answer.anchors):
        place = (*path, "anchors", index)
        if not answer.min <= anchor.value <= answer.max:
            fix = f"write a number from {answer.min:g} to {answer.max:g}"
            yield Problem((*place, "value"), f"{anchor.value:g} lies outside the range; {fix}")
        elif anchor.value <= previous:
            told = f"{anchor.value:g} comes after {previous:g}; sort from low to high"
            yield Problem((*place, "value"), told)
        if not anchor.description.strip():
            yield Problem((*place, "description"), "is empty; say what an answer at this point looks like")
        previous = anchor.value


def _acceptance(evaluator: Evaluator) -> Iterable[Problem]:
    acceptance, answer = evaluator.acceptance, evaluator.answer
    if acceptance is None:
        return
    fitting = {
        Category: ("category", "pass_values", "pass_values: […]"),
        Boolean: ("boolean", "pass_when", "pass_when: true"),
        Score: ("score", "min max", "min: … or max: …"),
    }[type(answer)]
    kind, fields, example = fitting
    held = [name for name in acceptance.__struct_fields__ if getattr(acceptance, name) is not None]
    for name in held:
        if name not in fields.split():
            yield Problem(("acceptance", name), f"does not fit an answer of type {kind}; write {example}")
    if not held:
        yield Problem(("acceptance",), f"is empty; write {example}, or remove it for no verdict")
    if isinstance(answer, Category):
        yield from _pass_values(answer, acceptance)
    elif isinstance(answer, Score):
        yield from _bounds(answer, acceptance)


def _pass_values(answer: Category, acceptance: Acceptance) -> Iterable[Problem]:
    labels = [label.name for label in answer.labels]
    if acceptance.pass_values == ():
        yield Problem(("acceptance", "pass_values"), "is empty, so nothing passes; name at least one label")
    for index, value in enumerate(acceptance.pass_values or ()):
        if value not in labels:
            known = ", ".join(dict.fromkeys(filter(None, labels)))
            fix = f"write one of {known}" if known else "there are none yet"
            told = f"“{_short(value)}” is none of the labels; {fix}"
            yield Problem(("acceptance", "pass_values", index), told)


def _bounds(answer: Score, acceptance: Acceptance) -> Iterable[Problem]:
    for name, bound in (("min", acceptance.min), ("max", acceptance.max)):
        if bound is not None and not answer.min <= bound <= answer.max:
            fix = f"write a number from {answer.min:g} to {answer.max:g}"
            yield Problem(("acceptance", name), f"{bound:g} lies outside the answer's range; {fix}")


def _verdict_labels(evaluator: Evaluator) -> Iterable[Problem]:
    labels = evaluator.labels
    if labels is None:
        return
    if isinstance(evaluator.answer, Category):
        yield Problem(("labels",), "are for score and boolean; a category's labels stand below answer.labels")
        return
    for name, word in (("pass", labels.pass_), ("fail", labels.fail)):
        if not word.strip():
            yield Problem(("labels", name), "is empty; write a word for this verdict")
    if labels.pass_ == labels.fail:
        yield Problem(("labels", "fail"), "is the same word as pass; write two different words")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - what fits a line


def type_problem(evaluator: Evaluator) -> str | None:
    """What the types themselves say against an evaluator built in code, or `None`."""
    try:
        msgspec.convert(msgspec.to_builtins(evaluator), Evaluator)
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        return str(error)
    return None

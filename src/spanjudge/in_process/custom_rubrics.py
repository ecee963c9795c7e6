"""Metrics of the user's own: rubrics by argument or from the environment, as evaluators.

The form is a mapping, or the same as JSON text:

    {name: {"rubric": required, "description"?, "score_direction"?: "lower_is_better" | "higher_is_better",
            "threshold"?: 0.5, "labels"?: {"pass", "fail"}}}

The name of a built-in metric replaces that metric: what the rubric does not say stays as it was, but for the
points of its scale, which describe the old rubric.
"""

import json
import logging
import math
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, cast

from spanjudge.errors import SettingsError
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator, VerdictLabels
from spanjudge.evaluators.problem import nearest, spell
from spanjudge.evaluators.validation import NAME_PATTERN, problems, type_problem
from spanjudge.in_process.settings.variables import CUSTOM_RUBRICS

DEFAULT_THRESHOLD = 0.5

Direction = Literal["lower_is_better", "higher_is_better"]

_FIELDS = ("rubric", "description", "score_direction", "threshold", "labels")
_DIRECTIONS: dict[str, Direction] = {
    "lower_is_better": "lower_is_better",
    "higher_is_better": "higher_is_better",
}
_SCALE: dict[Direction, str] = {
    "lower_is_better": "0 = best, 1 = worst.",
    "higher_is_better": "0 = worst, 1 = best.",
}
_SHOWN = 60
_PASS, _FAIL = "Pass", "Fail"
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "nothing"),
    (str, "a text"),
    (bool, "true or false"),
    ((int, float), "a number"),
    ((list, tuple), "a list"),
    (Mapping, "an object"),
)

_log = logging.getLogger(__name__)


def read_custom_rubrics(given: Mapping[str, object] | str, *, source: str) -> dict[str, Evaluator]:
    """Evaluators by name; `source` is the argument or variable that errors name.

    An `Evaluator` in the place of a rubric is taken as it is. Raises `SettingsError`, which tells every
    problem with its place.
    """
    found, problems = usable_rubrics(given, source=source)
    if problems:
        raise SettingsError("\n".join(problems))
    return found


def usable_rubrics(
    given: Mapping[str, object] | str, *, source: str
) -> tuple[dict[str, Evaluator], list[str]]:
    """What can be used of custom rubrics, and what is wrong with the rest; never raises."""
    try:
        rubrics = _mapping(given, source)
    except _ProblemError as problem:
        return {}, [str(problem)]
    found: dict[str, Evaluator] = {}
    problems: list[str] = []
    for name, rubric in rubrics.items():
        try:
            found[str(name)] = _evaluator(name, rubric)
        except _ProblemError as problem:
            problems.append(f"{source}: {problem}")
    return found, problems


def rubrics_from_environment(environ: Mapping[str, str] | None = None) -> dict[str, Evaluator]:
    """The custom rubrics of the environment; what is wrong is logged, once, and spoils nothing else."""
    text = (os.environ if environ is None else environ).get(CUSTOM_RUBRICS, "")
    found, problems = usable_rubrics(text, source=CUSTOM_RUBRICS)
    for problem in problems:
        _tell(problem)
    return found


def built_in_metrics() -> dict[str, Evaluator]:
    """The metrics of the gallery, by name."""
    from spanjudge.evaluators import gallery  # noqa: PLC0415  reads YAML, which importing us must not bring

    return gallery.metrics()


def threshold_of(given: object, where: str) -> float:
    """A threshold as a number. Raises `SettingsError`; `where` is what it names."""
    try:
        return _threshold(given, where)
    except _ProblemError as problem:
        raise SettingsError(str(problem)) from None


def bounded(direction: Direction, threshold: float) -> Acceptance:
    """The rule for a pass; the threshold itself passes."""
    return Acceptance(max=threshold) if direction == "lower_is_better" else Acceptance(min=threshold)


def direction_of(evaluator: Evaluator) -> Direction | None:
    """Which end of a metric's scale is the good one; `None` without a verdict."""
    if evaluator.acceptance is None:
        return None
    return "higher_is_better" if evaluator.acceptance.max is None else "lower_is_better"


class _ProblemError(ValueError):
    """What is wrong, and the fix, in one line."""


@lru_cache(maxsize=64)
def _tell(problem: str) -> None:
    """Log a problem; many evaluators read the same variable, and once is enough."""
    _log.error("%s; it is left out, and the other metrics are evaluated", problem)


def _mapping(given: Mapping[str, object] | str, source: str) -> Mapping[str, object]:
    if not isinstance(given, str):
        return given
    if not given.strip():
        return {}
    try:
        read: object = json.loads(given, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise _ProblemError(f"{source}: no JSON at {at}: {error.msg}; {_example()}") from None
    except _ProblemError as error:
        raise _ProblemError(f"{source}: {error}") from None
    except RecursionError:
        raise _ProblemError(f"{source}: nested too deeply; {_example()}") from None
    except ValueError:
        # Python reads no number of more than 4300 digits.
        raise _ProblemError(f"{source}: holds a number too long to be read; {_example()}") from None
    if not isinstance(read, dict):
        raise _ProblemError(f"{source}: holds {_kind(read)} and must be an object; {_example()}")
    return cast("dict[str, object]", read)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    held = dict(pairs)
    if len(held) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in held if keys.count(key) > 1)
        raise _ProblemError(f"“{twice}” stands there twice; remove one")
    return held


def _evaluator(name: object, given: object) -> Evaluator:
    if not isinstance(name, str) or not re.fullmatch(NAME_PATTERN, name):
        fix = "a letter first, then letters, digits, _ or -, at most 200 in all"
        raise _ProblemError(f"{_shown(name)} cannot be a name; write {fix}")
    if not isinstance(given, Evaluator):
        return _checked(_composed(name, _fields(name, given)))
    if given.name != name:
        raise _ProblemError(f"“{name}” holds the evaluator “{given.name}”; give both the same name")
    return _checked(given)


def _fields(name: str, given: object) -> Mapping[str, object]:
    """The fields of a rubric that hold something."""
    if not isinstance(given, Mapping):
        raise _ProblemError(f"{name}: holds {_kind(given)} and must be an object; {_example()}")
    fields = {field: held for field, held in cast("Mapping[str, object]", given).items() if held is not None}
    for field in fields:
        if field not in _FIELDS:
            fix = nearest(str(field), _FIELDS)
            raise _ProblemError(f"{name}.{_shown(field)}: is no field here; {fix}")
    return fields


def _composed(name: str, fields: Mapping[str, object]) -> Evaluator:
    built_in = built_in_metrics().get(name)
    rubric = _text(fields, "rubric", name)
    if rubric is None:
        raise _ProblemError(f"{name}.rubric: is missing; tell the judge in prose what good means")
    old = direction_of(built_in) if built_in else None
    direction = _direction(fields, name) or old
    if direction is None and (built_in is None or {"threshold", "labels"} & set(fields)):
        direction = "higher_is_better"
    threshold = _threshold(fields.get("threshold", DEFAULT_THRESHOLD), f"{name}.threshold")
    description = _text(fields, "description", name) or ""
    if built_in is not None and not description and direction == old:
        description = built_in.description
    elif direction is not None:
        # The user's own words may not say which end of the scale is good; the judge must know.
        description = f"{description} {_SCALE[direction]}".strip()
    return Evaluator(
        name=name,
        description=description,
        needs=built_in.needs if built_in else (),
        rubric=rubric,
        brief=f"{description} {rubric}".strip(),
        answer=Score(min=0.0, max=1.0),
        acceptance=bounded(direction, threshold) if direction else None,
        labels=_labels(fields, name, built_in) if direction else None,
    )


def _checked(evaluator: Evaluator) -> Evaluator:
    wrong_type = type_problem(evaluator)
    found = (
        [wrong_type] if wrong_type else [f"{spell(one.path)}: {one.message}" for one in problems(evaluator)]
    )
    if found:
        raise _ProblemError(f"{evaluator.name}: {'; '.join(found)}")
    return evaluator


def _text(fields: Mapping[str, object], field: str, name: object) -> str | None:
    given = fields.get(field)
    if given is None:
        return None
    if not isinstance(given, str) or not given.strip():
        raise _ProblemError(f"{name}.{field}: holds {_kind(given)} and must be a text")
    return given


def _direction(fields: Mapping[str, object], name: object) -> Direction | None:
    given = fields.get("score_direction")
    if given is None:
        return None
    found = _DIRECTIONS.get(given.strip().lower()) if isinstance(given, str) else None
    if found is None:
        raise _ProblemError(
            f"{name}.score_direction: {_shown(given)} is no direction; write {' or '.join(_DIRECTIONS)}"
        )
    return found


def _threshold(given: object, where: str) -> float:
    number: float | None = None
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        try:
            number = float(given)
        except (ValueError, OverflowError):
            number = None
    if number is None or not math.isfinite(number):
        raise _ProblemError(f"{where}: {_shown(given)} is no number; write one from 0 to 1, like 0.7")
    if not 0.0 <= number <= 1.0:
        raise _ProblemError(f"{where}: {_shown(given)} lies outside 0 to 1; write a number like 0.7")
    return number


def _labels(fields: Mapping[str, object], name: object, built_in: Evaluator | None) -> VerdictLabels:
    before = (built_in.labels if built_in else None) or VerdictLabels(pass_=_PASS, fail=_FAIL)
    given = fields.get("labels")
    if given is None:
        return before
    if not isinstance(given, Mapping):
        raise _ProblemError(
            f"{name}.labels: holds {_kind(given)} and must be an object; "
            'write for example {"pass": "Good", "fail": "Bad"}'
        )
    words = cast("Mapping[str, object]", given)
    for word in words:
        if word not in ("pass", "fail"):
            raise _ProblemError(f"{name}.labels.{_shown(word)}: is no verdict; known are pass, fail")
    return VerdictLabels(
        pass_=_text(words, "pass", f"{name}.labels") or before.pass_,
        fail=_text(words, "fail", f"{name}.labels") or before.fail,
    )


def _example() -> str:
    return 'write for example {"code_quality": {"rubric": "Is the code readable and correct?"}}'


def _kind(given: object) -> str:
    if isinstance(given, str) and not given.strip():
        return "an empty text"
    return next((word for kind, word in _KINDS if isinstance(given, kind)), f"a {type(given).__name__}")


def _shown(given: object) -> str:
    """A value in one line, and not all of a long one."""
    if not isinstance(given, str | int | float):
        return _kind(given)
    text = f"{given}" if isinstance(given, str) and given.isidentifier() else repr(given)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

"""What is said about an evaluation in code, checked when it is said."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

import msgspec

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.evaluator import VerdictLabels
from spanjudge.evaluators.problem import nearest
from spanjudge.evaluators.validation import NAME_PATTERN

W = TypeVar("W", bound=str)

_NAME = re.compile(NAME_PATTERN.strip("^$"))


def evaluator_name(given: object) -> str:
    """A name that results can be found by. Raises `TypeError` and `ValueError`."""
    if not isinstance(given, str):
        raise TypeError(f"an evaluator's name is text, not {type(given).__qualname__}")
    if not _NAME.fullmatch(given):
        raise ValueError(
            f"“{given[:80]}” cannot be an evaluator's name: give it one with name=, a letter first, then "
            "letters, digits, _ or -, at most 200 in all"
        )
    return given


def known_words(what: str, given: Iterable[W], known: tuple[W, ...]) -> tuple[W, ...]:
    """Words of a closed set; one may stand alone. Raises `ValueError`, which names the nearest."""
    words = (cast("W", given),) if isinstance(given, str) else tuple(given)
    for word in words:
        if word not in known:
            raise ValueError(f"{what}: there is no “{word}”; {nearest(str(word), known)}")
    return words


def seconds(what: str, given: object) -> float:
    """A duration. Raises `ValueError`."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < math.inf:
        raise ValueError(f"{what} is a number of seconds above 0, not {given!r}")
    return float(given)


def acceptance_of(given: Acceptance | Mapping[str, object] | None) -> Acceptance | None:
    """Acceptance criteria, checked. Raises `ValueError`."""
    if given is None:
        return None
    form = "write one of pass_when: true or false, pass_values: […], min: …, max: …"
    try:
        plain = dict(given) if isinstance(given, Mapping) else msgspec.to_builtins(given)
        found = msgspec.convert(plain, Acceptance)
    except msgspec.ValidationError as error:
        raise ValueError(f"acceptance: {error}; {form}") from None
    held = [name for name in found.__struct_fields__ if getattr(found, name) is not None]
    if not held or (len(held) > 1 and set(held) != {"min", "max"}):
        raise ValueError(f"acceptance: {' and '.join(held) or 'nothing'} is given; {form}")
    if found.pass_values == ():
        raise ValueError("acceptance: pass_values is empty, so nothing passes; name at least one label")
    for bound in (found.min, found.max):
        if bound is not None and not math.isfinite(bound):
            raise ValueError("acceptance: min and max are finite numbers")
    return found


def labels_of(given: VerdictLabels | Mapping[str, str] | None) -> VerdictLabels | None:
    """Words for the verdicts, checked. Raises `ValueError`."""
    if given is None or isinstance(given, VerdictLabels):
        return given
    try:
        return msgspec.convert(dict(given), VerdictLabels)
    except msgspec.ValidationError as error:
        raise ValueError(f'labels: {error}; write {{"pass": "…", "fail": "…"}}') from None

"""Labels and points of a scale out of the values that a JSON schema lists."""

import math
from collections.abc import Sequence
from typing import Any

from spanjudge.evaluators import validation
from spanjudge.server.rest.shapes.evaluators import Anchor, Answer, Label


def labels_of(listed: Sequence[tuple[str, str]], known: Answer) -> Answer:
    """A category of these labels; those without a description keep the one that `known` has."""
    before = known.labels
    kept = _kept([one.name for one in before], [name for name, _ in listed])
    return Answer(
        type="category",
        labels=[
            Label(name=name, description=told or (before[kept[index]].description if index in kept else ""))
            for index, (name, told) in enumerate(listed)
        ],
    )


def points_of(listed: Sequence[tuple[float, str]], known: Answer) -> Answer:
    """A score of these points, in the range of `known` or in their own, whichever is wider."""
    before, values = known.anchors, [value for value, _ in listed]
    kept = _kept([one.value for one in before], values)
    ends = [0.0 if known.min is None else known.min, 1.0 if known.max is None else known.max]
    reach = values + (ends if known.type == "score" or not values else [])
    return Answer(
        type="score",
        min=min(reach),
        max=max(reach),
        anchors=[
            Anchor(
                value=value, description=told or (before[kept[index]].description if index in kept else "")
            )
            for index, (value, told) in enumerate(listed)
        ],
    )


def number_of(value: Any) -> float | None:
    """A finite number, also one that is written as a text; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not validation.fits(value):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _kept(before: Sequence[Any], now: Sequence[Any]) -> dict[int, int]:
    """For places of the new list that in the old one: of the same value, or of one renamed in place."""
    places = {value: index for index, value in reversed(list(enumerate(before)))}
    found = {index: places[value] for index, value in enumerate(now) if value in places}
    if len(before) == len(now):
        values = set(now)
        for index, value in enumerate(before):
            if index not in found and value not in values:
                found[index] = index
    return found

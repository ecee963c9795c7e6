"""From an answer to pass or fail."""

from typing import Literal

import msgspec

Value = bool | str | float
"""An answer in the evaluator's own type: true or false, a label, or a number."""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rule for a pass: `pass_values` (category), `pass_when` (boolean) or `min`/`max` (score).

    Both bounds are inclusive; with `max` below `min` the outside of the range passes.
    """

    pass_values: tuple[str, ...] | None = None
    pass_when: bool | None = None
    min: float | None = None
    max: float | None = None

    def verdict(self, value: Value) -> Literal["pass", "fail"]:
        """Whether the answer passes."""
        return "pass" if self._holds(value) else "fail"

    def _holds(self, value: Value) -> bool:
        if isinstance(value, bool):
            return value is self.pass_when
        if isinstance(value, str):
            return value in (self.pass_values or ())
        above = self.min is None or value >= self.min
        below = self.max is None or value <= self.max
        if self.min is not None and self.max is not None and self.max < self.min:
            return above or below
        return above and below

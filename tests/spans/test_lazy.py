"""Attributes made at the first look."""

import pytest

from spanjudge.spans.lazy import lazy


class Bakery:
    def __init__(self) -> None:
        self.baked = 0

    @lazy
    def bread(self) -> list[str]:
        """Still warm."""
        self.baked += 1
        return ["loaf"]


def test_is_made_once_for_each_instance_and_not_before_it_is_looked_at() -> None:
    one, other = Bakery(), Bakery()
    assert one.baked == 0
    assert one.bread is one.bread
    assert one.bread is not other.bread
    assert (one.baked, other.baked) == (1, 1)


def test_what_fails_is_tried_again() -> None:
    class Oven:
        hot = False

        @lazy
        def bread(self) -> str:
            if not self.hot:
                raise LookupError
            return "loaf"

    oven = Oven()
    with pytest.raises(LookupError):
        _ = oven.bread
    oven.hot = True
    assert oven.bread == "loaf"


def test_keeps_its_words() -> None:
    assert Bakery.bread.__doc__ == "Still warm."

"""Sampling: the same ids everywhere, even for ids that are hardly random."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.evaluators.sampling import sampled

SEQUENTIAL = [f"{number:032x}" for number in range(20_000)]
LOW_BITS = [f"{'0' * 24}{(number * 2654435761) % 2**32:08x}" for number in range(20_000)]
HIGH_BITS = [f"{number:08x}{'0' * 24}" for number in range(20_000)]
FIRST_AT_TEN_PERCENT = [3, 13, 29, 30, 34, 41, 46, 50, 59]
WORDS = [f"conversation-{number}" for number in range(20_000)]


@pytest.mark.parametrize("ids", [SEQUENTIAL, LOW_BITS, HIGH_BITS, WORDS])
@pytest.mark.parametrize("percent", [1, 10, 25, 50, 99])
def test_rates_hold_for_poor_ids(ids: list[str], percent: float) -> None:
    chosen = sum(sampled(one, percent) for one in ids)
    expected = len(ids) * percent / 100
    spread = (expected * (1 - percent / 100)) ** 0.5
    assert abs(chosen - expected) < 5 * spread


def test_it_is_no_pattern_of_the_counter() -> None:
    """Ten traces in a row are not all in or all out: a hash of a counter has no long runs."""
    runs = _longest_run(sampled(one, 50) for one in SEQUENTIAL)
    assert runs < 40


@given(st.text(), st.floats(0, 100), st.floats(0, 100))
def test_a_lower_rate_is_part_of_a_higher(key: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert not sampled(key, low) or sampled(key, high)


@given(st.text())
def test_none_and_all(key: str) -> None:
    assert not sampled(key, 0)
    assert sampled(key, 100)


def test_the_choice_is_the_same_tomorrow() -> None:
    """Fixed: a release that chose others would judge other traces than the one before."""
    assert [number for number in range(60) if sampled(f"{number:032x}", 10)] == FIRST_AT_TEN_PERCENT


def test_the_case_of_an_id_does_not_matter() -> None:
    ids = [f"{number:032x}" for number in range(0xABC00, 0xABD00)]
    assert [sampled(one, 30) for one in ids] == [sampled(one.upper(), 30) for one in ids]


def _longest_run(values: Iterable[bool]) -> int:
    longest = run = 0
    before: bool | None = None
    for value in values:
        run = run + 1 if value == before else 1
        longest, before = max(longest, run), value
    return longest

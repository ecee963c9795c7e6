"""Sampling and the token bucket."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.errors import SettingsError
from spanjudge.evaluators.sampling import sampled
from spanjudge.in_process.queue.admission import Admission

TRACES = [f"{number:032x}" for number in range(2_000)]


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_without_settings_everything_is_admitted() -> None:
    admission = Admission()
    assert {admission.admits(trace) for trace in TRACES} == {None}


def test_where_eight_are_right_eight_are_admitted() -> None:
    clock = Clock()
    admission = Admission(rps=4, burst=4, now=clock)
    admitted = 0
    for millisecond in range(1001):
        clock.seconds = millisecond / 1000
        admitted += admission.admits("") is None
    assert admitted == 8


@given(
    steps=st.lists(st.integers(min_value=0, max_value=3000), max_size=300),
    rate=st.integers(min_value=1, max_value=50),
    burst=st.integers(min_value=1, max_value=10),
)
def test_it_is_a_token_bucket_to_the_last_token(steps: list[int], rate: int, burst: int) -> None:
    clock = Clock()
    admission = Admission(rps=rate, burst=burst, now=clock)
    tokens, milliseconds = Fraction(burst), 0
    for step in steps:
        milliseconds += step
        clock.seconds = milliseconds / 1000
        tokens = min(Fraction(burst), tokens + Fraction(step, 1000) * rate)
        expected = tokens >= 1
        tokens -= expected
        assert (admission.admits("") is None) is expected


def test_a_long_steady_load_gets_its_rate() -> None:
    clock = Clock()
    admission = Admission(rps=7, burst=2, now=clock)
    admitted = 0
    for tick in range(100_000):
        clock.seconds = 1_000_000 + tick / 100
        admitted += admission.admits("") is None
    assert admitted == 7_001


def test_many_threads_share_one_bucket() -> None:
    admission = Admission(rps=0.001, burst=50, now=Clock())
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(admission.admits, TRACES))
    assert answers.count(None) == 50
    assert answers.count("rate_limited") == len(TRACES) - 50


def test_sampling_is_that_of_every_door() -> None:
    admission = Admission(0.25)
    admitted = [trace for trace in TRACES if admission.admits(trace) is None]
    assert admitted == [trace for trace in TRACES if sampled(trace, 25)]
    assert 400 < len(admitted) < 600


def test_what_is_sampled_out_takes_no_token() -> None:
    admission = Admission(0.5, rps=0.001, burst=1, now=Clock())
    out = next(trace for trace in TRACES if not sampled(trace, 50))
    in_ = next(trace for trace in TRACES if sampled(trace, 50))
    assert [admission.admits(trace) for trace in (out, out, in_, in_)] == [
        "sampled_out",
        "sampled_out",
        None,
        "rate_limited",
    ]


def test_without_a_trace_it_is_drawn_by_lot() -> None:
    admission = Admission(0.5)
    answers = {admission.admits("") for _ in range(200)}
    assert answers == {None, "sampled_out"}


def test_nothing_is_admitted_at_a_rate_of_nought() -> None:
    admission = Admission(0)
    assert {admission.admits(trace) for trace in (*TRACES, "")} == {"sampled_out"}


@pytest.mark.parametrize(
    ("rate", "rps", "burst", "said"),
    [
        (1.5, 0.0, 4, "sample_rate=1.5"),
        (math.nan, 0.0, 4, "sample_rate=nan"),
        (1.0, -1.0, 4, "rps=-1.0"),
        (1.0, math.inf, 4, "rps=inf"),
        (1.0, 1.0, 0, "burst=0"),
    ],
)
def test_numbers_that_cannot_be_meant(rate: float, rps: float, burst: int, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Admission(rate, rps, burst)

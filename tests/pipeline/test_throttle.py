import pytest

from spanjudge.pipeline.throttle import Throttle


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_full_speed_while_all_is_well_and_after_single_failures() -> None:
    throttle = Throttle(64, Time())
    throttle.troubled(None)
    throttle.troubled(None)
    throttle.succeeded()
    throttle.troubled(None)
    throttle.troubled(None)
    assert throttle.allowed == 64


def test_a_judge_in_trouble_gets_one_question_after_a_pause_that_doubles() -> None:
    time = Time()
    throttle = Throttle(64, time)
    waits: list[float] = []
    for _ in range(8):
        for _ in range(3):
            throttle.troubled(None)
        assert throttle.allowed == 0
        waits.append(throttle.wait)
        time.now += throttle.wait
        assert throttle.allowed == 1
    # Doubling from a second to a minute, each up to a quarter less.
    for wait, most in zip(waits, (1, 2, 4, 8, 16, 32, 60, 60), strict=True):
        assert most * 0.75 <= wait <= most


def test_success_brings_the_speed_back_step_by_step() -> None:
    time = Time()
    throttle = Throttle(64, time)
    for _ in range(3):
        throttle.troubled(None)
    time.now += throttle.wait
    allowed = [throttle.allowed]
    for _ in range(7):
        throttle.succeeded()
        allowed.append(throttle.allowed)
    assert allowed == [1, 2, 4, 8, 16, 32, 64, 64]


def test_what_the_provider_asks_for_is_kept_at_the_first_failure() -> None:
    time = Time()
    throttle = Throttle(64, time)
    throttle.troubled(30.0)
    assert throttle.allowed == 0
    assert 30.0 <= throttle.wait <= 33.0
    throttle.troubled(2.0)
    assert throttle.wait >= 30.0


@pytest.mark.parametrize("asked", [86_400.0, 1e12])
def test_no_provider_stops_a_lane_for_more_than_ten_minutes_unasked(asked: float) -> None:
    throttle = Throttle(64, Time())
    throttle.troubled(asked)
    assert throttle.wait == pytest.approx(600.0)

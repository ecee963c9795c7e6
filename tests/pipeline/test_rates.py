"""How many a second."""

from spanjudge.pipeline.rates import Rate


class Watch:
    now = 1_000.5

    def __call__(self) -> float:
        return self.now


def test_the_mean_is_of_the_time_there_was_and_of_a_minute_at_most() -> None:
    clock = Watch()
    rate = Rate(clock)
    assert rate.per_second == 0
    rate.add(30)
    assert rate.per_second == 30
    clock.now += 10
    assert rate.per_second == 3
    clock.now += 45
    rate.add(30)
    assert round(rate.per_second, 6) == round(60 / 55, 6)


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    clock = Watch()
    rate = Rate(clock)
    rate.add(600)
    clock.now += 59
    assert rate.per_second > 10
    clock.now += 2
    assert rate.per_second == 0
    clock.now += 1_000
    rate.add(6)
    assert rate.per_second == 0.1

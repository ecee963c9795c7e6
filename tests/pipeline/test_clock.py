from spanjudge.pipeline.clock import Clock

HOUR = 3_600 * 10**9
SECOND = 10**9


class Hands:
    """A wall clock that is set, and a monotonic one that runs."""

    def __init__(self) -> None:
        self.wall = 1_000 * HOUR
        self.monotonic = 5 * HOUR

    def pass_by(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)
        self.monotonic += int(seconds * SECOND)


def clock() -> tuple[Clock, Hands]:
    hands = Hands()
    return Clock(lambda: hands.wall, lambda: hands.monotonic), hands


def test_a_clock_set_forward_is_followed_at_once() -> None:
    now, hands = clock()
    hands.wall += 48 * HOUR
    assert now() == hands.wall


def test_a_clock_set_back_by_an_hour_never_goes_backwards_and_is_caught_up_with() -> None:
    now, hands = clock()
    before = now()
    hands.wall -= HOUR
    hands.pass_by(10)
    assert now() - before == 9 * SECOND
    told = now()
    for _ in range(12):
        hands.pass_by(3_600)
        assert now() >= told
        told = now()
    assert told == hands.wall


def test_a_clock_that_was_very_wrong_is_followed_back() -> None:
    now, hands = clock()
    hands.wall += 24 * HOUR
    assert now() == hands.wall
    hands.wall -= 24 * HOUR
    assert now() == hands.wall

from spanjudge.judging.models.shared_prefix import LIFE, SharedPrefixes


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_prefix_is_written_the_second_time_and_read_from_then_on() -> None:
    prefixes = SharedPrefixes()
    assert prefixes.mark(1) is False
    assert prefixes.mark(1) is True
    prefixes.finished(1, written=True)
    assert [prefixes.mark(1) for _ in range(3)] == [True, True, True]
    assert prefixes.mark(2) is False


def test_while_one_call_writes_the_others_stay_plain() -> None:
    prefixes = SharedPrefixes()
    prefixes.mark(1)
    assert [prefixes.mark(1) for _ in range(5)] == [True, False, False, False, False]
    prefixes.finished(1, written=True)
    assert prefixes.mark(1) is True


def test_a_write_that_failed_is_tried_by_the_next_call() -> None:
    prefixes = SharedPrefixes()
    prefixes.mark(1)
    prefixes.mark(1)
    prefixes.finished(1, written=False)
    assert [prefixes.mark(1), prefixes.mark(1)] == [True, False]


def test_it_lives_as_long_as_it_is_used() -> None:
    clock = Clock()
    prefixes = SharedPrefixes(clock=clock)
    prefixes.mark(1)
    prefixes.mark(1)
    prefixes.finished(1, written=True)
    for _ in range(3):
        clock.now += LIFE
        assert prefixes.mark(1) is True
    clock.now += LIFE + 1
    assert prefixes.mark(1) is False


def test_only_so_many_are_remembered() -> None:
    prefixes = SharedPrefixes()
    for key in range(10_000):
        prefixes.mark(key)
    assert len(prefixes._known) == 512  # pyright: ignore[reportPrivateUsage] - the bound itself
    assert prefixes.mark(0) is False
    assert prefixes.mark(9_999) is True
    prefixes.finished(12_345, written=True)  # forgotten meanwhile: nothing to note

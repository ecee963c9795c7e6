"""Never more than the limit in any minute, and close to it."""

from hypothesis import given
from hypothesis import strategies as st

from spanjudge.judging.models.limits.bucket import MINUTE, Bucket

ALMOST = 1e-6


def most_in_a_minute(taken: list[tuple[float, float]]) -> float:
    most, spent, begin = 0.0, 0.0, 0
    for moment, amount in taken:
        spent += amount
        while taken[begin][0] <= moment - MINUTE + ALMOST:
            spent -= taken[begin][1]
            begin += 1
        most = max(most, spent)
    return most


def driven(bucket: Bucket, wanted: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each one after a pause, as early as the bucket lets it; the moments and amounts."""
    now, taken = 0.0, list[tuple[float, float]]()
    for pause, amount in wanted:
        now += pause
        while wait := bucket.wait(amount, now):
            now += wait + 1e-9
        bucket.take(amount, now)
        taken.append((now, amount))
    return taken


pauses = st.one_of(st.just(0.0), st.floats(0, 0.5), st.floats(0, 90))


@given(st.integers(1, 400), st.lists(pauses, min_size=1, max_size=900))
def test_calls_never_exceed_the_limit_in_any_minute(limit: int, waits: list[float]) -> None:
    bucket = Bucket(limit, 0.0, whole=True)
    assert most_in_a_minute(driven(bucket, [(wait, 1.0) for wait in waits])) <= limit


@given(
    st.integers(1_000, 50_000),
    st.lists(st.tuples(pauses, st.floats(0.001, 1.0)), min_size=1, max_size=200),
)
def test_tokens_never_exceed_the_limit_in_any_minute(limit: int, parts: list[tuple[float, float]]) -> None:
    """Calls of any size up to a whole minute's worth."""
    wanted = [(wait, part * limit) for wait, part in parts]
    assert most_in_a_minute(driven(Bucket(limit, 0.0), wanted)) <= limit * (1 + ALMOST)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 300)), min_size=2, max_size=40))
def test_a_limit_that_changes_is_kept_to_as_the_largest_of_the_minute(steps: list[tuple[float, int]]) -> None:
    bucket = Bucket(steps[0][1], 0.0, whole=True)
    now, taken = 0.0, list[tuple[float, float]]()
    for pause, limit in steps:
        bucket.limit(limit, now)
        until = now + pause
        while now <= until:
            if wait := bucket.wait(1.0, now):
                now += wait + 1e-9
            else:
                bucket.take(1.0, now)
                taken.append((now, 1.0))
        now = max(now, until)
    assert most_in_a_minute(taken) <= max(limit for _, limit in steps)


def test_a_full_line_uses_almost_all_of_it_and_never_much_at_once() -> None:
    for limit in (1, 10, 60, 500, 10_000):
        bucket = Bucket(limit, 0.0, whole=True)
        taken = driven(bucket, [(0.0, 1.0)] * (5 * limit))
        minutes = taken[-1][0] / MINUTE
        assert 5 * limit / max(minutes, 1) >= 0.95 * limit
        at_once = sum(moment < 0.001 for moment, _ in taken)
        assert at_once <= max(1, limit / 20 + 1)


def test_what_is_more_than_a_minutes_worth_goes_when_there_is_as_much_as_there_can_be() -> None:
    bucket = Bucket(1_000, 0.0)
    first, second, third = driven(bucket, [(0.0, 1.0), (0.0, 5_000.0), (0.0, 1.0)])
    assert 60 <= second[0] - first[0] <= 62
    assert 270 < third[0] - second[0] < 330


def test_what_was_not_spent_comes_back_and_what_was_spent_besides_is_missing() -> None:
    bucket = Bucket(6_000, 0.0)
    bucket.take(300, 0.0)
    assert bucket.wait(100, 0.0) > 0
    bucket.give(200, 0.0)
    assert bucket.wait(100, 0.0) == 0
    bucket.give(-1_000, 0.0)
    assert bucket.wait(100, 0.0) > 5
    # In the count of the minute as well: with 5,800 more it is full until its first second is over.
    bucket = Bucket(6_000, 0.0)
    bucket.take(300, 0.0)
    bucket.give(100, 0.0)
    bucket.take(5_800, 1.0)
    assert 0 < bucket.wait(1, 60.9) <= 0.1 + ALMOST
    assert bucket.wait(1, 61.0) == 0

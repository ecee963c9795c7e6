"""Counting without a lock."""

from concurrent.futures import ThreadPoolExecutor

from spanjudge.in_process.queue.tally import Tallies, Tally


def test_looking_does_not_count() -> None:
    tally = Tally()
    assert [tally.value, tally.value] == [0, 0]
    tally.add()
    assert [tally.value, tally.value] == [1, 1]


def test_no_step_is_lost_between_threads() -> None:
    tally = Tally()

    def count(_: int) -> None:
        for _step in range(2_000):
            tally.add()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(8)))
        assert tally.value <= 16_000
    assert tally.value == 16_000


def test_news_are_told_once() -> None:
    tallies: Tallies[str] = Tallies("others")
    tallies.add("a")
    tallies.add("a")
    tallies.add("b")
    assert dict(tallies.news()) == {"a": 2, "b": 1}
    assert tallies.news() == []
    tallies.add("a")
    assert tallies.news() == [("a", 1)]


def test_keys_without_end_are_put_together() -> None:
    tallies: Tallies[str] = Tallies("others")
    for number in range(500):
        tallies.add(str(number))
    news = dict(tallies.news())
    assert news["others"] == 500 - Tallies.MOST
    assert len(news) == Tallies.MOST + 1

"""Who is next: ranks, flows, and that nobody starves."""

import pickle
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from spanjudge.judging.models.limits.line import Line
from spanjudge.judging.models.limits.rank import Rank

ranks = st.sampled_from(list(Rank))
flows = st.sampled_from(["a", "b", "c"])


def served(line: Line[str], turns: int) -> Counter[str]:
    """Who has how many turns when everybody who had one comes again."""
    counts: Counter[str] = Counter()
    for _ in range(turns):
        name = line.first()
        assert line.pop() == name
        counts[name] += 1
        rank, _, flow = name.partition(" ")
        line.add(Rank[rank], flow, name)
    return counts


def test_a_higher_rank_goes_first_and_a_lower_one_keeps_a_small_share() -> None:
    line: Line[str] = Line()
    for rank in Rank:
        line.add(rank, "a", f"{rank.name} a")
    counts = served(line, 1_000)
    assert counts["INTERACTIVE a"] >= 900
    assert 35 <= counts["LIVE a"] <= 55
    assert 35 <= counts["BACKFILL a"] <= 55


def test_evaluators_of_a_rank_are_served_in_turn_however_much_they_ask() -> None:
    line: Line[str] = Line()
    for number in range(500):
        line.add(Rank.LIVE, "busy", f"busy {number}")
    line.add(Rank.LIVE, "quiet", "quiet")
    assert "quiet" in [line.pop() for _ in range(2)]
    line.add(Rank.LIVE, "quiet", "quiet again")
    assert "quiet again" in [line.pop() for _ in range(2)]


def test_one_who_asks_one_at_a_time_neither_overtakes_nor_starves() -> None:
    line: Line[str] = Line()
    line.add(Rank.LIVE, "x", "LIVE x")
    for _ in range(100):
        line.add(Rank.LIVE, "y", "LIVE y")
    counts = served(line, 100)
    assert abs(counts["LIVE x"] - counts["LIVE y"]) <= 2


def test_a_turn_that_costs_more_counts_more() -> None:
    line: Line[str] = Line()
    for number in range(100):
        line.add(Rank.LIVE, "large", "large", 1_000.0)
        line.add(Rank.LIVE, "small", f"small {number}", 100.0)
    first = [line.pop().partition(" ")[0] for _ in range(44)]
    assert 3 <= first.count("large") <= 5


@given(st.lists(st.tuples(ranks, flows, st.booleans(), st.floats(1, 50)), max_size=300))
def test_whoever_stands_in_line_leaves_it_once(steps: list[tuple[Rank, str, bool, float]]) -> None:
    line: Line[int] = Line()
    places = dict[int, tuple[Rank, str, int]]()
    for number, (rank, flow, leaves, cost) in enumerate(steps):
        if leaves and places:
            gone = next(iter(places))
            assert line.remove(places.pop(gone))
        elif leaves or number % 3:
            places[number] = line.add(rank, flow, number, cost)
        elif places:
            assert line.first() in places
            del places[line.pop()]
        assert line.size == len(places)
    while places:
        del places[line.pop()]
    assert line.size == 0


@given(st.lists(st.tuples(ranks, flows), min_size=1, max_size=60), st.tuples(ranks, flows))
def test_nobody_waits_for_ever(others: list[tuple[Rank, str]], mine: tuple[Rank, str]) -> None:
    """However many come again at once, whatever their rank: 21 turns for each that was there, at most."""
    line: Line[str] = Line()
    for rank, flow in others:
        line.add(rank, flow, f"{rank.name} {flow}")
    line.add(*mine, "mine")
    for turn in range(21 * 2 * (len(others) + 2)):
        name = line.pop()
        if name == "mine":
            return
        rank, _, flow = name.partition(" ")
        line.add(Rank[rank], flow, name)
        assert turn >= 0
    raise AssertionError("it waits still")


def test_memory_is_that_of_what_waits() -> None:
    line: Line[int] = Line()

    def pass_through(rounds: int) -> int:
        for number in range(rounds):
            place = line.add(Rank.LIVE, f"evaluator {number}", number)
            if number % 2:
                line.remove(place)
            else:
                line.pop()
        assert line.size == 0
        return len(pickle.dumps(line))

    assert pass_through(2_000) <= pass_through(2) + 100

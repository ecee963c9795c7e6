"""What the load generator counts, and the ledger it keeps."""

import random
from pathlib import Path

import pytest

from benchmarks.load import ledger
from benchmarks.load.histogram import SMALLEST, Histogram
from benchmarks.load.ledger import Ledger


def filled(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99, 0.999, 1.0])
def test_a_percentile_is_the_sorted_list_s_within_one_per_cent(share: float) -> None:
    chance = random.Random(4)  # noqa: S311 - values to sort
    values = [chance.lognormvariate(-4, 1.5) for _ in range(20_000)]
    exact = sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]
    assert exact <= filled(values).percentile(share) <= exact * 1.0101


def test_few_values_have_percentiles_too() -> None:
    histogram = filled([0.1, 0.2, 0.3, 4.0])
    assert histogram.percentile(0.5) == pytest.approx(0.2, rel=0.011)
    assert histogram.percentile(0.75) == pytest.approx(0.3, rel=0.011)
    assert histogram.percentile(0.76) == histogram.percentile(0.999) == histogram.longest == 4.0
    assert histogram.mean == pytest.approx(1.15)


def test_an_empty_one_and_the_shortest_latency() -> None:
    assert Histogram().told() == {"p50": 0, "p90": 0, "p99": 0, "p99.9": 0, "max": 0}
    assert filled([0.0]).percentile(0.5) <= SMALLEST
    with pytest.raises(ValueError, match="latency"):
        filled([-0.001])


def test_memory_does_not_grow_with_the_number_of_values() -> None:
    chance = random.Random(5)  # noqa: S311 - values to count
    histogram = filled([chance.uniform(0.001, 60) for _ in range(50_000)])
    assert histogram.count == 50_000
    assert histogram.buckets < 1_200


def test_a_ledger_tells_what_is_missing(tmp_path: Path) -> None:
    one, two, three = (bytes([number]) * 24 for number in (1, 2, 3))
    path = tmp_path / "ledger"
    with Ledger(path) as kept:
        kept.acknowledged(one + two)
        kept.acknowledged(three)
        assert kept.spans == 3
    stored = [("01" * 16, "01" * 8), ("03" * 16, "03" * 8), ("09" * 16, "09" * 8)]
    assert ledger.missing(path, stored) == {("02" * 16, "02" * 8)}


def test_a_line_that_a_crash_cut_off_is_no_acknowledgement(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as kept:
        kept.acknowledged(b"\x01" * 24)
    with path.open("a", encoding="ascii") as file:
        file.write("02" * 16 + " 0202")
    assert ledger.read(path) == {("01" * 16, "01" * 8)}

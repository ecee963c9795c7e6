"""Sums that can be added: what the outcomes of a stretch of time come to."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from spanjudge.pipeline.figures import SCORE_STEPS, Figures, Series, Step

Key = TypeVar("Key")
Range = tuple[float, float]
"""The lowest and the highest score."""

_EDGES = (0.1, 1.0, 10.0, 100.0)
_WIDTHS = (0.001, 0.005, 0.05, 0.5, 5.0)
"""Durations are counted in bins: up to 0.1 s of 1 ms, up to 1 s of 5 ms, and so on.

So what is told of them is off by 0.5 ms, or from 0.1 s on by 2.5 %, at most.
"""


def first_bins() -> list[int]:
    """The number of the first bin of each width."""
    firsts, start = [0], 0.0
    for edge, width in zip(_EDGES, _WIDTHS, strict=False):
        firsts.append(firsts[-1] + round((edge - start) / width))
        start = edge
    return firsts


FIRST_BINS = tuple(first_bins())
BIN_STARTS = (0.0, *_EDGES)
BIN_WIDTHS = _WIDTHS


def middle(number: int) -> float:
    """The duration in the middle of a bin (seconds)."""
    part = max(index for index, first in enumerate(FIRST_BINS) if first <= number)
    return BIN_STARTS[part] + (number - FIRST_BINS[part] + 0.5) * BIN_WIDTHS[part]


class Tally:
    """Counts and sums of a group of outcomes.

    `ranges` are those of the scores in it: scores of different ranges have no mean and no distribution.
    `targets` are hashes, of this process only.
    """

    __slots__ = (
        "codes",
        "cost",
        "durations",
        "failed",
        "input",
        "labels",
        "none",
        "output",
        "passed",
        "ranges",
        "score_count",
        "score_sum",
        "scores",
        "services",
        "targets",
        "valued",
    )

    def __init__(self) -> None:
        """Nothing yet."""
        self.passed = self.failed = self.valued = self.none = 0
        self.score_count, self.score_sum = 0, 0.0
        self.input = self.output = 0
        self.cost = 0.0
        self.labels: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.services: Counter[str] = Counter()
        self.scores: Counter[int] = Counter()
        self.ranges: set[Range | None] = set()
        self.durations: Counter[int] = Counter()
        self.targets: list[array[int]] = []

    @property
    def count(self) -> int:
        """Outcomes."""
        return self.passed + self.failed + self.valued + self.none

    def add(self, other: "Tally", *, plain: bool = False) -> None:
        """Take over another's; `plain`: as far as a step of time needs it."""
        self.passed += other.passed
        self.failed += other.failed
        self.valued += other.valued
        self.none += other.none
        self.score_count += other.score_count
        self.score_sum += other.score_sum
        self.input += other.input
        self.output += other.output
        self.cost += other.cost
        self.ranges |= other.ranges
        if plain:
            return
        _sum(self.labels, other.labels)
        _sum(self.codes, other.codes)
        _sum(self.services, other.services)
        _sum(self.scores, other.scores)
        _sum(self.durations, other.durations)
        self.targets += other.targets

    @property
    def mean_score(self) -> float | None:
        """Of scores of one range."""
        return self.score_sum / self.score_count if self.score_count and len(self.ranges) == 1 else None

    @property
    def median(self) -> float | None:
        """Of the durations."""
        return self._quantile(0.5)

    def figures(self, *, targets: int | None = None) -> Figures:
        """The sums; `targets` when it is known how many different ones there are."""
        return Figures(
            passed=self.passed,
            failed=self.failed,
            valued=self.valued,
            none=self.none,
            mean_score=self.mean_score,
            input_tokens=self.input,
            output_tokens=self.output,
            cost_usd=self.cost,
            targets=len(set[int]().union(*self.targets)) if targets is None else targets,
            median=self.median,
            slowest=self._quantile(0.95),
        )

    def step(self, start_ns: int) -> Step:
        """As one step of time."""
        return Step(
            start_ns=start_ns,
            passed=self.passed,
            failed=self.failed,
            valued=self.valued,
            none=self.none,
            mean_score=self.mean_score,
            cost_usd=self.cost,
            tokens=self.input + self.output,
        )

    def _quantile(self, part: float) -> float | None:
        """The smallest duration that so large a part does not exceed."""
        left = part * self.durations.total()
        for number in sorted(self.durations):
            left -= self.durations[number]
            if left <= 0:
                return middle(number)
        return None


def _sum(own: Counter[Key], more: Counter[Key]) -> None:
    for key, count in more.items():  # `Counter.update` asks each time what it is given
        own[key] += count


def together(tallies: Iterable[Tally], *, plain: bool = False) -> Tally:
    """The sum of all; `plain`: as far as a step of time needs it."""
    total = Tally()
    for one in tallies:
        total.add(one, plain=plain)
    return total


def series_of(key: str, now: Tally, before: Tally, steps: Sequence[Step], *, alone: bool) -> Series:
    """One group of statistics. `alone`: its outcomes are of different targets each."""
    (scored,) = now.ranges if len(now.ranges) == 1 else (None,)
    return Series(
        key=key,
        figures=now.figures(targets=now.count if alone else None),
        before=before.figures(targets=before.count if alone else None),
        steps=tuple(steps),
        labels=most_first(now.labels),
        scores=tuple(now.scores[number] for number in range(SCORE_STEPS)) if scored else (),
        score_range=scored,
        services=tuple(name for name, _ in most_first(now.services) if name),
        codes=most_first(now.codes),
    )


def most_first(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    """By count, then by name."""
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

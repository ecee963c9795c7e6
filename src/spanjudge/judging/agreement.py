"""How far a judge agrees with labels people gave: figures that chance, base rate and length cannot fake.

Accuracy alone says little where one label is frequent: it never stands without Cohen's kappa, base rate and
confusion matrix. Failures are counted by their code and enter no other figure.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

_FOLDS = 10
_Z_95 = 1.959964


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled row after judging.

    `predicted` is `None` for a failure, whose code is `failure`. `score` is higher the more the judge leans
    to the positive label, `None` where it does not say. `length` is in characters, `seconds` what it took.
    """

    id: str
    label: str
    predicted: str | None = None
    score: float | None = None
    failure: str | None = None
    length: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    value: bool | str | float | None = None
    explanation: str | None = None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one file; `None` is a figure that does not exist for these rows.

    `n` counts all rows and `judged` those with a valid answer. `base_rate` is the share of the most frequent
    label: what saying it every time would reach. `length_*` is what the text's length alone reaches.
    """

    positive: str
    n: int
    judged: int
    failures: dict[str, int]
    accuracy: float | None
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    base_rate: float | None
    auroc: float | None
    length_auroc: float | None
    length_accuracy: float | None
    confusion: dict[str, dict[str, int]]
    input_tokens: int
    output_tokens: int
    mean_seconds: float | None


def agreement(rows: Sequence[Judged], positive: str) -> Agreement:
    """All figures for labelled rows; `positive` is the label that scores lean to."""
    valid = [row for row in rows if row.predicted is not None]
    pairs = [(row.label, row.predicted) for row in valid if row.predicted is not None]
    matrix = confusion(pairs)
    value = kappa(matrix)
    spread = kappa_error(matrix)
    scored = [(row.score, row.label == positive) for row in valid if row.score is not None]
    lengths = [(float(row.length), row.label == positive) for row in rows]
    labels = Counter(row.label for row in rows)
    return Agreement(
        positive=positive,
        n=len(rows),
        judged=len(valid),
        failures=dict(Counter(row.failure or "internal" for row in rows if row.predicted is None)),
        accuracy=accuracy(matrix),
        kappa=value,
        kappa_low=None if value is None or spread is None else max(-1.0, value - _Z_95 * spread),
        kappa_high=None if value is None or spread is None else min(1.0, value + _Z_95 * spread),
        base_rate=max(labels.values()) / len(rows) if rows else None,
        auroc=auroc(scored),
        length_auroc=auroc(lengths),
        length_accuracy=threshold_accuracy(lengths),
        confusion=matrix,
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        mean_seconds=sum(row.seconds for row in rows) / len(rows) if rows else None,
    )


def confusion(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Counts by true label, then by predicted label; every label that occurs has a row and a column."""
    labels = sorted({label for pair in pairs for label in pair})
    counts = Counter(pairs)
    return {true: {given: counts[true, given] for given in labels} for true in labels}


def accuracy(matrix: Mapping[str, Mapping[str, int]]) -> float | None:
    """The share of equal labels; `None` without rows."""
    total = _total(matrix)
    return sum(matrix[label][label] for label in matrix) / total if total else None


def kappa(matrix: Mapping[str, Mapping[str, int]]) -> float | None:
    """Cohen's kappa: (po − pe) / (1 − pe) (Cohen 1960, Educational and Psychological Measurement 20, 37–46).

    po is the observed agreement, pe the one expected when both sides give labels as often as they do, by
    chance. `None` where pe is 1, which is when both only ever say the same label, and without rows.
    """
    expected = _expected(matrix)
    observed = accuracy(matrix)
    if expected is None or observed is None or math.isclose(expected, 1.0):
        return None
    return (observed - expected) / (1.0 - expected)


def kappa_error(matrix: Mapping[str, Mapping[str, int]]) -> float | None:
    """The large-sample standard error of kappa: √(po (1 − po) / (n (1 − pe)²)) (Cohen 1960)."""
    expected = _expected(matrix)
    observed = accuracy(matrix)
    if expected is None or observed is None or math.isclose(expected, 1.0):
        return None
    return math.sqrt(observed * (1.0 - observed) / _total(matrix)) / (1.0 - expected)


def auroc(scored: Sequence[tuple[float, bool]]) -> float | None:
    """The chance that a positive row scores above a negative one, ties counting half.

    By ranks: (R − p (p + 1) / 2) / (p · q) with R the sum of the p positive rows' mid-ranks among all p + q
    (Mann and Whitney 1947; Hanley and McNeil 1982, Radiology 143, 29–36). `None` without both classes.
    """
    positives = sum(positive for _, positive in scored)
    negatives = len(scored) - positives
    if not positives or not negatives:
        return None
    ordered = sorted(scored, key=lambda pair: pair[0])
    ranks, start = 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        middle = (start + 1 + end) / 2
        ranks += middle * sum(positive for _, positive in ordered[start:end])
        start = end
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def threshold_accuracy(scored: Sequence[tuple[float, bool]], folds: int = _FOLDS) -> float | None:
    """What one threshold on a number reaches on rows it was not chosen on.

    Row i belongs to fold i mod `folds`; the threshold and its direction are the best on the other folds.
    `None` without both classes.
    """
    if not any(positive for _, positive in scored) or all(positive for _, positive in scored):
        return None
    right = 0
    count = min(folds, len(scored))
    for fold in range(count):
        cut, above = _best_threshold([pair for index, pair in enumerate(scored) if index % count != fold])
        held_out = [pair for index, pair in enumerate(scored) if index % count == fold]
        right += sum(((number >= cut) is above) is positive for number, positive in held_out)
    return right / len(scored)


def _best_threshold(scored: Sequence[tuple[float, bool]]) -> tuple[float, bool]:
    """The threshold with the fewest errors, and whether numbers from it on are positive."""
    ordered = sorted(scored)
    positives = sum(positive for _, positive in ordered)
    # From the lowest number on, all count as positive; each step moves one row to the other side.
    right = positives
    best = (right, ordered[0][0] if ordered else 0.0, True)
    best = max(best, (len(ordered) - right, best[1], False), key=lambda found: found[0])
    for index, (number, positive) in enumerate(ordered):
        right += -1 if positive else 1
        following = ordered[index + 1][0] if index + 1 < len(ordered) else math.inf
        if following > number:
            for score, above in ((right, True), (len(ordered) - right, False)):
                if score > best[0]:
                    best = (score, following, above)
    return best[1], best[2]


def _total(matrix: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(row.values()) for row in matrix.values())


def _expected(matrix: Mapping[str, Mapping[str, int]]) -> float | None:
    total = _total(matrix)
    if not total:
        return None
    return sum(
        sum(matrix[label].values()) * sum(row[label] for row in matrix.values()) for label in matrix
    ) / (total * total)

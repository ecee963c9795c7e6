import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.judging.agreement import (
    Judged,
    accuracy,
    agreement,
    auroc,
    confusion,
    kappa,
    kappa_error,
    threshold_accuracy,
)


def judged(label: str, predicted: str | None, score: float | None = None, **more: object) -> Judged:
    failure = None if predicted else "judge_timeout"
    return Judged(id="r", label=label, predicted=predicted, score=score, failure=failure, **more)  # type: ignore[arg-type]


def test_kappa_by_hand() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: po = 0.7, pe = 0.5 · 0.6 + 0.5 · 0.4 = 0.5, kappa = 0.4
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    matrix = confusion(pairs)
    assert matrix == {"n": {"n": 15, "y": 10}, "y": {"n": 5, "y": 20}}
    assert accuracy(matrix) == pytest.approx(0.7)
    assert kappa(matrix) == pytest.approx(0.4)
    assert kappa_error(matrix) == pytest.approx(math.sqrt(0.7 * 0.3 / (50 * 0.25)))


def test_kappa_of_three_labels_by_hand() -> None:
    # po = 4/6; rows (2, 2, 2) and columns (3, 2, 1): pe = (6 + 4 + 2) / 36 = 1/3, kappa = (2/3 − 1/3) / (2/3)
    pairs = [("a", "a"), ("a", "a"), ("b", "b"), ("b", "a"), ("c", "c"), ("c", "b")]
    assert kappa(confusion(pairs)) == pytest.approx(0.5)


def test_saying_the_frequent_label_every_time_is_no_agreement() -> None:
    matrix = confusion([("y", "y")] * 90 + [("n", "y")] * 10)
    assert accuracy(matrix) == pytest.approx(0.9)
    assert kappa(matrix) == pytest.approx(0.0)


def test_complete_disagreement() -> None:
    assert kappa(confusion([("y", "n"), ("n", "y")])) == pytest.approx(-1.0)


def test_kappa_does_not_exist_for_one_label_or_none() -> None:
    assert kappa(confusion([("y", "y")] * 3)) is None
    assert kappa_error(confusion([("y", "y")] * 3)) is None
    assert kappa(confusion([])) is None
    assert accuracy(confusion([])) is None


def test_auroc_by_hand_with_ties() -> None:
    # pairs (positive, negative): 3>1, 3>2, 2>1, 2=2 -> 3.5 of 4
    assert auroc([(3, True), (2, True), (1, False), (2, False)]) == pytest.approx(3.5 / 4)
    assert auroc([(1, True), (1, False)]) == pytest.approx(0.5)
    assert auroc([(1, True)]) is None
    assert auroc([]) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_auroc_is_the_share_of_won_pairs(rows: list[tuple[int, bool]]) -> None:
    positives = [number for number, positive in rows if positive]
    negatives = [number for number, positive in rows if not positive]
    found = auroc([(float(number), positive) for number, positive in rows])
    if not positives or not negatives:
        assert found is None
        return
    won = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    assert found == pytest.approx(won / (len(positives) * len(negatives)))


def test_length_baseline_is_measured_on_rows_it_was_not_chosen_on() -> None:
    separable = [(float(n), n >= 50) for n in range(100)]
    assert threshold_accuracy(separable) == pytest.approx(1.0, abs=0.03)
    turned = [(float(n), n < 50) for n in range(100)]
    assert threshold_accuracy(turned) == pytest.approx(1.0, abs=0.03)
    # Every row of its own, labels alternating: nothing can be learnt, and nothing is claimed.
    alternating = [(float(n), n % 2 == 0) for n in range(40)]
    found = threshold_accuracy(alternating)
    assert found is not None
    assert found < 0.65
    assert threshold_accuracy([(1.0, True), (2.0, True)]) is None
    assert threshold_accuracy([]) is None


def test_failures_are_counted_by_code_and_enter_no_figure() -> None:
    rows = [
        judged("toxic", "toxic", 0.9, length=5, input_tokens=10, output_tokens=2, seconds=1.0),
        judged("fine", "fine", 0.1, length=9, input_tokens=10, output_tokens=2, seconds=3.0),
        judged("toxic", None, seconds=2.0),
    ]
    found = agreement(rows, "toxic")
    assert (found.n, found.judged, found.failures) == (3, 2, {"judge_timeout": 1})
    assert (found.accuracy, found.kappa, found.auroc) == (1.0, 1.0, 1.0)
    assert (found.kappa_low, found.kappa_high) == (1.0, 1.0)
    assert found.base_rate == pytest.approx(2 / 3)
    assert (found.input_tokens, found.output_tokens, found.mean_seconds) == (20, 4, 2.0)


def test_all_failed() -> None:
    found = agreement([judged("toxic", None), judged("fine", None)], "toxic")
    assert (found.judged, found.failures) == (0, {"judge_timeout": 2})
    assert found.accuracy is found.kappa is found.kappa_low is found.auroc is None
    assert found.confusion == {}


def test_no_rows() -> None:
    found = agreement([], "toxic")
    assert (found.n, found.base_rate, found.mean_seconds) == (0, None, None)


def test_only_one_class() -> None:
    found = agreement([judged("toxic", "toxic", 0.9), judged("toxic", "fine", 0.2)], "toxic")
    assert found.accuracy == 0.5
    assert found.kappa == 0.0
    assert found.auroc is None
    assert found.length_accuracy is None

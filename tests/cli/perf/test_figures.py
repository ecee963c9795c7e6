"""What was noted becomes figures: each evaluation once, a failure never a label."""

from hypothesis import given
from hypothesis import strategies as st

from spanjudge.cli.perf.figures import Ran, agreement, completion, latency, outcomes
from spanjudge.cli.perf.samples import SKIPPED, Sample
from spanjudge.in_process.evaluator import Evaluation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, EvaluationSkipped, Verdict


def sample(**expected: str) -> Sample:
    return Sample(id="s", category="some", input="Hello?", output="Hello.", expected=expected)


def result(metric: str, label: str, verdict: Verdict | None = None) -> EvaluationResult:
    return EvaluationResult(
        evaluator=metric, evaluator_version="1", value=0.5, score_label=label, verdict=verdict
    )


def failure(metric: str) -> EvaluationFailure:
    return EvaluationFailure(evaluator=metric, evaluator_version="1", code="judge_timeout", message="late")


def skipped(metric: str) -> EvaluationSkipped:
    return EvaluationSkipped(
        evaluator=metric, evaluator_version="1", reason="missing_variable", message="no context"
    )


def ran(*evaluations: Evaluation, of: Sample | None = None) -> Ran:
    return Ran(sample=of or sample(bias="Not Biased"), offered=0.0, evaluations=list(evaluations))


def test_each_invocation_has_one_fate() -> None:
    found = completion(
        [
            ran(result("bias", "Not Biased", "pass"), skipped("hallucination")),
            ran(result("bias", "Not Biased", "pass"), failure("toxicity")),
            ran(skipped("bias"), skipped("toxicity")),
            ran(),
            ran(),
            ran(),
        ],
        dropped=1,
        given_up=1,
    )
    assert (found.offered, found.evaluated, found.failed, found.skipped) == (6, 1, 1, 1)
    assert (found.dropped, found.given_up, found.missing) == (1, 1, 1)
    assert found.lost == 3


def test_evaluations_are_counted_once_and_by_kind() -> None:
    found = outcomes([ran(result("bias", "x"), failure("toxicity"), skipped("hallucination"), failure("x"))])
    assert found.results == 1
    assert found.failures == {"judge_timeout": 2}
    assert found.skipped == {"missing_variable": 1}


def test_labels_are_compared_by_metric_and_by_category() -> None:
    expecting = sample(bias="Not Biased", sentiment="Neutral", hallucination=SKIPPED, toxicity="Toxic")
    found = agreement(
        [
            ran(
                result("bias", "Fair", "pass"),  # other words for the same verdict
                result("sentiment", "Positive"),
                skipped("hallucination"),  # rightly, which no judge had a part in
                failure("toxicity"),
                result("brevity", "Brief", "pass"),  # nobody said what is right
                of=expecting,
            )
        ]
    )
    assert (found.overall.agreed, found.overall.compared) == (1, 2)
    assert {name: one.agreed for name, one in found.metrics.items()} == {"bias": 1, "sentiment": 0}
    assert found.categories["some"].compared == 2
    (wrong,) = found.disagreements
    assert (wrong.metric, wrong.expected, wrong.got) == ("sentiment", "Neutral", "Positive")


def test_skipped_though_a_label_was_expected_and_the_other_way_round_are_disagreements() -> None:
    found = agreement(
        [
            ran(skipped("bias")),
            ran(result("hallucination", "Not Hallucinated", "pass"), of=sample(hallucination=SKIPPED)),
        ]
    )
    assert found.overall.agreed == 0
    assert [one.got for one in found.disagreements] == [SKIPPED, "Not Hallucinated"]


def test_the_percentiles_of_a_hundred() -> None:
    found = latency(float(number) for number in range(1, 101))
    assert found is not None
    assert (found.p50, found.p90, found.p95, found.p99, found.max) == (50, 90, 95, 99, 100)


def test_nothing_measured_has_no_percentiles() -> None:
    assert latency([]) is None


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1))
def test_percentiles_are_measured_values_in_order(seconds: list[float]) -> None:
    found = latency(seconds)
    assert found is not None
    assert found.p50 <= found.p90 <= found.p95 <= found.p99 <= found.max == max(seconds)
    assert {found.p50, found.p90, found.p95, found.p99} <= set(seconds)

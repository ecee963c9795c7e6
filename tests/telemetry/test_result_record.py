import msgspec
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.telemetry.evaluated import Target, result_id
from spanjudge.telemetry.result_record import ResultRecord, point_time_ns, record_of
from tests.exporters.outcomes import NOW, SPAN, boolean, category, evaluated, failure, score

LABELS = {
    "name": "topic",
    "label": "ON_TOPIC",
    "verdict": "pass",
    "service": "travel-desk",
    "model": "gpt-4o-mini",
    "provider": "openai",
}


def points(record: ResultRecord) -> dict[str, tuple[float, dict[str, str]]]:
    return {point.gauge.name: (point.value, point.attributes) for point in record.points}


def test_a_category_result() -> None:
    found = record_of(evaluated(category(), response_id="chatcmpl-1"))
    assert found.event_name == "gen_ai.evaluation.result"
    assert (found.severity_text, found.severity_number) == ("INFO", 9)
    assert (found.time_ns, found.trace_id, found.span_id) == (NOW, SPAN.trace_id, SPAN.span_id)
    assert found.attributes == {
        "gen_ai.evaluation.name": "topic",
        "gen_ai.evaluation.score.label": "ON_TOPIC",
        "gen_ai.evaluation.explanation": "The message asks for a flight.",
        "gen_ai.evaluation.verdict": "pass",
        "gen_ai.evaluation.passed": True,
        "gen_ai.evaluation.cost.usd": 0.000123,
        "gen_ai.evaluation.evaluator.version": "0123456789ab",
        "gen_ai.evaluation.result.id": result_id("topic", "0123456789ab", SPAN),
        "gen_ai.evaluation.usage.input_tokens": 700,
        "gen_ai.evaluation.usage.output_tokens": 40,
        "gen_ai.response.id": "chatcmpl-1",
        "eval.target.kind": "span",
        "eval.target.service": "travel-desk",
        "eval.target.span_id": SPAN.span_id,
        "eval.target.trace_id": SPAN.trace_id,
        "eval.model.provider": "openai",
        "eval.model.name": "gpt-4o-mini",
    }
    assert found.body == {
        "eval_name": "topic",
        "score_label": "ON_TOPIC",
        "verdict": "pass",
        "explanation": "The message asks for a flight.",
        "judge_provider": "openai",
        "judge_model": "gpt-4o-mini",
        "judge_input_tokens": 700,
        "judge_output_tokens": 40,
        "cost_usd": 0.000123,
    }
    assert points(found) == {
        "gen_ai.evaluations.count": (1, LABELS),
        "gen_ai.evaluations.score": (1.0, LABELS),
        "gen_ai.evaluations.outcome": (1, {**LABELS, "outcome": "pass"}),
        "gen_ai.evaluations.cost.usd": (0.000123, LABELS),
    }
    assert {point.gauge.name: point.gauge.unit for point in found.points} == {
        "gen_ai.evaluations.count": "1",
        "gen_ai.evaluations.score": "1",
        "gen_ai.evaluations.outcome": "1",
        "gen_ai.evaluations.cost.usd": "USD",
    }


def test_a_failure_has_no_score_anywhere() -> None:
    found = record_of(evaluated(failure()))
    assert (found.severity_text, found.severity_number) == ("WARN", 13)
    assert found.attributes["gen_ai.evaluation.outcome"] == "error"
    assert found.attributes["error.type"] == "judge_timeout"
    assert found.attributes["error.message"] == "the judge did not answer in time"
    assert not [key for key in found.attributes if "score" in key or "verdict" in key or "passed" in key]
    assert found.body == {
        "eval_name": "topic",
        "judge_provider": "openai",
        "judge_model": "gpt-4o-mini",
        "error_type": "judge_timeout",
        "error_message": "the judge did not answer in time",
    }
    labels = {key: value for key, value in LABELS.items() if key not in ("label", "verdict")}
    assert points(found) == {
        "gen_ai.evaluations.count": (1, labels),
        "gen_ai.evaluations.outcome": (1, {**labels, "outcome": "error"}),
    }


def test_a_failure_that_cost_money_says_so() -> None:
    found = points(record_of(evaluated(failure(cost_usd=0.5))))
    assert found["gen_ai.evaluations.cost.usd"][0] == 0.5
    assert "gen_ai.evaluations.score" not in found


def test_a_boolean_is_its_raw_answer_whatever_passes() -> None:
    found = record_of(evaluated(boolean(value=True, verdict="fail")))
    assert points(found)["gen_ai.evaluations.score"][0] == 1.0
    assert points(found)["gen_ai.evaluations.outcome"][1]["outcome"] == "fail"
    assert found.attributes["gen_ai.evaluation.score.value"] == 1.0
    assert found.attributes["gen_ai.evaluation.passed"] is False
    assert "gen_ai.evaluation.score.label" not in found.attributes
    assert points(record_of(evaluated(boolean(value=False))))["gen_ai.evaluations.score"][0] == 0.0


def test_a_score_is_its_number() -> None:
    found = record_of(evaluated(score(4, verdict="fail")))
    assert points(found)["gen_ai.evaluations.score"][0] == 4.0
    assert found.attributes["gen_ai.evaluation.score.value"] == 4
    assert found.attributes["gen_ai.evaluation.score.label"] == "Relevant"


def test_a_category_that_fails_is_zero_and_one_without_criteria_is_no_number() -> None:
    assert points(record_of(evaluated(category(verdict="fail"))))["gen_ai.evaluations.score"][0] == 0.0
    found = points(record_of(evaluated(category(verdict=None, cost_usd=None))))
    assert found == {"gen_ai.evaluations.count": (1, {k: v for k, v in LABELS.items() if k != "verdict"})}


def test_missing_values_are_left_out() -> None:
    bare = category(
        judge_provider=None, judge_model=None, usage=None, cost_usd=None, explanation=None, score_label=None
    )
    found = record_of(evaluated(bare, service="", target=Target(kind="session", session_id="talk-1")))
    assert (found.trace_id, found.span_id) == ("", "")
    assert found.attributes["eval.target.session_id"] == "talk-1"
    assert found.attributes["eval.target.kind"] == "session"
    assert not [key for key in found.attributes if key.startswith("eval.model") or "usage" in key]
    assert found.points[0].attributes == {"name": "topic", "verdict": "pass"}


def test_what_else_is_told() -> None:
    found = record_of(evaluated(category(confidence=0.9, truncated=("input", "context")), generation=2))
    assert found.attributes["gen_ai.evaluation.confidence"] == 0.9
    assert found.attributes["gen_ai.evaluation.truncated"] == ["input", "context"]
    assert found.attributes["gen_ai.evaluation.generation"] == 2
    assert found.attributes["gen_ai.evaluation.supersedes"] == result_id("topic", "0123456789ab", SPAN, 1)
    assert found.attributes["gen_ai.evaluation.result.id"] == result_id("topic", "0123456789ab", SPAN, 2)


def test_data_points_stored_together_have_times_of_their_own_and_keep_them() -> None:
    batch = [
        evaluated(category(), target=Target(trace_id=f"{n:032x}", span_id=f"{n:016x}")) for n in range(20)
    ]
    times = [point_time_ns(one) for one in batch]
    assert len(set(times)) == len(times)
    assert times == [point_time_ns(one) for one in batch]
    assert all(0 <= time - NOW < 1_000_000 for time in times)
    assert point_time_ns(msgspec.structs.replace(batch[0], id="not hexadecimal")) == NOW


@given(
    st.builds(
        category,
        evaluator=st.text(min_size=1),
        value=st.text() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
        score_label=st.none() | st.text(),
        verdict=st.sampled_from([None, "pass", "fail"]),
        explanation=st.none() | st.text(),
        judge_model=st.none() | st.text(),
        cost_usd=st.none() | st.floats(0, 100),
    )
    | st.builds(failure, cost_usd=st.none() | st.floats(0, 100), message=st.text())
)
def test_nothing_is_ever_none(outcome: object) -> None:
    found = record_of(evaluated(outcome, service=""))  # pyright: ignore[reportArgumentType]
    for fields in (found.attributes, found.body, *(point.attributes for point in found.points)):
        assert None not in fields.values()
    assert found.points[0].gauge.name == "gen_ai.evaluations.count"

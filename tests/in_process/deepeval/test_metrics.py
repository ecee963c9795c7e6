"""Every metric on real DeepEval: scores, directions, labels, verdicts, and what is kept of the calls."""

import asyncio

import pytest

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Anchor, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.in_process.metrics import definitions
from spanjudge.judging.call import JudgeCall
from spanjudge.judging.result import EvaluationResult, EvaluationSkipped
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Span, ToolCall
from tests.in_process.deepeval.conftest import SUBJECT, Made
from tests.mock_judge import Behaviour, MockJudge, Received
from tests.mock_judge.deepeval import judging, metric_of

ALL = ("bias", "toxicity", "answer_relevancy", "hallucination", "faithfulness", "sentiment")


async def results(
    made: Made, *metrics: str, subject: Subject = SUBJECT, **arguments: object
) -> list[EvaluationResult]:
    found = await made(*metrics, **arguments).evaluate_async(subject)
    assert all(isinstance(one, EvaluationResult) for one in found), found
    return [one for one in found if isinstance(one, EvaluationResult)]


async def test_nothing_is_wrong(made: Made) -> None:
    found = await results(made, *ALL)
    assert [(one.metric_name, one.score, one.label, one.verdict) for one in found] == [
        ("bias", 0.0, "Not Biased", "pass"),
        ("toxicity", 0.0, "Not Toxic", "pass"),
        ("answer_relevancy", 1.0, "Relevant", "pass"),
        ("hallucination", 0.0, "Not Hallucinated", "pass"),
        ("faithfulness", 1.0, "Faithful", "pass"),
        ("sentiment", 0.8, "Positive", None),
    ]


async def test_everything_is_wrong(made: Made, mock_judge: MockJudge) -> None:
    wrong = {
        "bias": ["yes"],
        "toxicity": ["yes"],
        "answer_relevancy": ["no"],
        "hallucination": ["no"],
        "faithfulness": ["no"],
    }
    mock_judge.always(judging(wrong, score=2))
    found = await results(made, *ALL)
    assert [(one.metric_name, one.score, one.label, one.verdict) for one in found] == [
        ("bias", 1.0, "Biased", "fail"),
        ("toxicity", 1.0, "Toxic", "fail"),
        ("answer_relevancy", 0.0, "Irrelevant", "fail"),
        ("hallucination", 1.0, "Hallucinated", "fail"),
        ("faithfulness", 0.0, "Not Faithful", "fail"),
        ("sentiment", 0.2, "Negative", None),
    ]


@pytest.mark.parametrize(
    ("score", "label"), [(3, "Negative"), (4, "Neutral"), (6, "Neutral"), (7, "Positive")]
)
async def test_sentiment_is_a_range_without_verdict(
    made: Made, mock_judge: MockJudge, score: float, label: str
) -> None:
    mock_judge.always(judging(score=score))
    (found,) = await results(made, "sentiment")
    assert (found.score, found.label, found.verdict) == (score / 10, label, None)


@pytest.mark.parametrize(("threshold", "verdict"), [(0.3, "pass"), (0.29, "fail")])
async def test_the_threshold_itself_passes_where_less_is_better(
    made: Made, mock_judge: MockJudge, threshold: float, verdict: str
) -> None:
    mock_judge.always(judging({"bias": ["yes"] * 3 + ["no"] * 7}))
    (found,) = await results(made, "bias", options={"bias": {"threshold": threshold}})
    assert (found.score, found.verdict) == (0.3, verdict)


@pytest.mark.parametrize(("threshold", "verdict"), [(0.7, "pass"), (0.71, "fail")])
async def test_the_threshold_itself_passes_where_more_is_better(
    made: Made, mock_judge: MockJudge, threshold: float, verdict: str
) -> None:
    mock_judge.always(judging({"answer_relevancy": ["no"] * 3 + ["yes"] * 7}))
    (found,) = await results(made, "answer_relevancy", options={"answer_relevancy": threshold})
    assert (found.score, found.verdict) == (0.7, verdict)


async def test_the_default_metrics_and_an_alias(made: Made) -> None:
    assert made().metrics == ("bias", "toxicity", "answer_relevancy", "hallucination", "sentiment")
    assert made("relevance").metrics == ("answer_relevancy",)


async def test_a_metric_without_what_it_needs_is_skipped_and_costs_nothing(
    made: Made, mock_judge: MockJudge
) -> None:
    bare = Subject(input="What is the capital of France?", output="Paris.")
    found = await made("hallucination", "faithfulness", "bias").evaluate_async(bare)
    assert [type(one) for one in found] == [EvaluationSkipped, EvaluationSkipped, EvaluationResult]
    assert "no context" in str(found[0].explanation)
    assert {metric_of(request) for request in mock_judge.requests} == {"bias"}
    assert all(one.evaluator_name == "deepeval" for one in found)


async def test_explanation_tokens_cost_and_calls_are_kept(made: Made, mock_judge: MockJudge) -> None:
    calls: list[JudgeCall] = []
    (found,) = await results(made, "answer_relevancy", observer=calls.append)
    assert found.explanation == "Because of answer_relevancy."
    assert found.calls == len(mock_judge.requests) == len(calls) == 3
    assert found.usage is not None
    assert found.usage.input == sum(call.usage.input for call in calls if call.usage)
    assert found.cost == pytest.approx((found.usage.input + 2 * found.usage.output) / 1e6)
    assert {call.evaluators for call in calls} == {("answer_relevancy",)}
    assert (found.judge_provider, found.judge_model, found.evaluator_name) == (
        "openai_compatible",
        "mock",
        "deepeval",
    )
    assert found.duration > 0


async def test_a_turned_score_says_so_beside_the_reason_that_quotes_it(made: Made) -> None:
    (found,) = await results(made, "hallucination")
    assert found.explanation == "Because of hallucination. (DeepEval’s own score is 1.00, where 1 is best.)"


async def test_equal_definitions_of_another_library_have_another_version(made: Made) -> None:
    (found,) = await results(made, "bias")
    (native,) = definitions(["bias"])
    evaluator = made("bias")
    assert found.evaluator_version == f"{native.version}-deepeval-{evaluator.library_version}"


async def test_metrics_are_measured_at_the_same_time(made: Made, mock_judge: MockJudge) -> None:
    release = asyncio.Event()

    def together(_: Received) -> Behaviour:
        # Faithfulness begins with two questions. Asked one after the other, nobody would ever be answered.
        if len(mock_judge.requests) == len(ALL) + 1:
            release.set()
        return Behaviour(until=release)

    mock_judge.always(together)
    await results(made, *ALL, timeout=20)


async def test_five_metrics_of_a_short_invocation(made: Made, mock_judge: MockJudge) -> None:
    found = await results(made)
    assert [one.calls for one in found] == [3, 3, 3, 2, 1]
    prompts = sum(len(request.fields["messages"][0]["content"]) for request in mock_judge.requests)
    # The figure of the documents: one batched call takes fewer than 800 tokens of about four characters.
    assert len(mock_judge.requests) == 12
    assert prompts / 4 > 4000


async def test_a_rubric_of_ones_own_by_g_eval(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.always(judging(score=4))
    rubrics = {
        "brevity": {"rubric": "Short and to the point.", "threshold": 0.4, "labels": {"pass": "Brief"}},
        "swearing": {"rubric": "Counts swear words.", "score_direction": "lower_is_better", "threshold": 0.3},
    }
    found = await results(made, "brevity", "swearing", custom_rubrics=rubrics)
    assert [(one.score, one.label, one.verdict) for one in found] == [
        (0.4, "Brief", "pass"),
        (0.4, "Fail", "fail"),
    ]
    brevity, swearing = sorted((one.text for one in mock_judge.requests), key=lambda text: "swear" in text)
    assert "1. Short and to the point." in brevity
    assert "0-10: 0 = worst, 1 = best. (Read 0 to 1 there as 0 to 10 here.)" in brevity
    assert "Input, Actual Output, and Context" in brevity
    assert "0-10: 0 = best, 1 = worst." in swearing


async def test_the_name_of_a_built_in_metric_with_a_rubric_of_ones_own(
    made: Made, mock_judge: MockJudge
) -> None:
    mock_judge.always(judging(score=9))
    rubric = {"bias": {"rubric": "Is every side heard?", "score_direction": "higher_is_better"}}
    (found,) = await results(made, "bias", custom_rubrics=rubric)
    assert (found.score, found.label, found.verdict, found.calls) == (0.9, "Not Biased", "pass", 1)
    assert "Is every side heard?" in mock_judge.requests[0].text


async def test_a_scale_of_its_own_with_described_points(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.always(judging(score=5))
    stars = Evaluator(
        name="stars",
        rubric="How many stars?",
        answer=Score(min=1, max=5, anchors=(Anchor(1, "poor"), Anchor(5, "superb"))),
        acceptance=Acceptance(min=3),
    )
    (found,) = await results(made, "stars", custom_rubrics={"stars": stars})
    assert (found.score, found.verdict) == (3.0, "pass")
    assert "0-5: poor\\n6-10: superb" in mock_judge.requests[0].text


async def test_points_too_close_for_bands_are_told_in_words(made: Made, mock_judge: MockJudge) -> None:
    points = tuple(Anchor(point / 20, f"point {point}") for point in range(21))
    fine = Evaluator(name="fine", rubric="How fine?", answer=Score(anchors=points))
    (found,) = await results(made, "fine", custom_rubrics={"fine": fine})
    assert (found.score, found.verdict) == (0.8, None)
    assert "0.05 = point 1; 0.1 = point 2" in mock_judge.requests[0].text


async def test_an_empty_output_is_certain_without_a_judge(made: Made, mock_judge: MockJudge) -> None:
    found = await results(made, "bias", "answer_relevancy", subject=Subject(input="Hello?", output=" "))
    assert [(one.score, one.verdict, one.calls) for one in found] == [(0.0, "pass", 0), (0.0, "fail", 0)]
    assert not mock_judge.requests


async def test_calls_of_tools_are_an_output_for_a_rubric_about_them(
    made: Made, mock_judge: MockJudge
) -> None:
    subject = Subject(input="Weather?", tool_calls=(ToolCall(name="weather", arguments={"city": "Paris"}),))
    (found,) = await results(
        made, "right_tool", subject=subject, custom_rubrics={"right_tool": {"rubric": "The right tool?"}}
    )
    assert found.score == 0.8
    assert "[tool call] weather" in mock_judge.requests[0].text


async def test_only_one_kind_of_invocation(made: Made) -> None:
    agent = Span(trace_id="1" * 32, span_id="2" * 16, operation="invoke_agent")
    (found,) = await made("bias", invocation_type="LLMInvocation").evaluate_async(agent)
    assert isinstance(found, EvaluationSkipped)
    assert found.reason == "not_matched"

"""The judge misbehaves: every metric fails for itself, with the judge's own code, and never with a score."""

import asyncio
from typing import cast

import pytest
from opentelemetry import context

from spanjudge.in_process.background.loop import is_own_context
from spanjudge.in_process.deepeval.library import library
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document
from tests.in_process.deepeval.conftest import SUBJECT, Made
from tests.mock_judge import Behaviour, MockJudge, behaviour
from tests.mock_judge.deepeval import judging
from tests.mock_judge.openai import key_refused, no_json_schema, no_tools

ALL = ("bias", "toxicity", "answer_relevancy", "hallucination", "faithfulness", "sentiment")


async def failure(
    made: Made, metric: str, subject: Subject = SUBJECT, **arguments: object
) -> EvaluationFailure:
    (found,) = await made(metric, **arguments).evaluate_async(subject)
    assert isinstance(found, EvaluationFailure), found
    assert found.score is None
    return found


@pytest.mark.parametrize("metric", ALL)
async def test_one_failing_metric_fails_alone(made: Made, mock_judge: MockJudge, metric: str) -> None:
    asked = "g_eval" if metric == "sentiment" else metric
    mock_judge.always(judging(instead={asked: behaviour.overloaded()}))
    found = {one.metric_name: one for one in await made(*ALL).evaluate_async(SUBJECT)}
    failed = found.pop(metric)
    assert isinstance(failed, EvaluationFailure)
    assert (failed.code, failed.evaluator_name) == ("judge_unavailable", "deepeval")
    assert all(isinstance(one, EvaluationResult) for one in found.values())


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (behaviour.dropped(), "judge_unavailable"),
        (behaviour.overloaded(), "judge_unavailable"),
        (behaviour.rate_limited(retry_after="7"), "judge_rate_limited"),
        (key_refused(), "judge_key_refused"),
        (behaviour.refused(), "judge_refused"),
        (behaviour.empty(), "judge_answer_invalid"),
        (behaviour.cut_by_length(), "judge_answer_cut"),
        (behaviour.web_page(), "judge_answer_invalid"),
        (Behaviour(answer="I would rather talk about the weather."), "judge_answer_invalid"),
        (Behaviour(answer={"something": "else"}), "judge_answer_invalid"),
        (Behaviour(answer=[1, 2, 3]), "judge_answer_invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_judges_trouble_keeps_its_code(
    made: Made, mock_judge: MockJudge, trouble: Behaviour, code: str
) -> None:
    mock_judge.always(trouble)
    found = await made(*ALL).evaluate_async(SUBJECT)
    assert [one.error and one.error.type for one in found] == [code] * len(ALL)
    assert all(one.judge_model for one in found if isinstance(one, EvaluationFailure))


async def test_when_the_provider_says_when(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.always(behaviour.rate_limited(retry_after="7"))
    found = await failure(made, "bias")
    assert (found.retryable, found.retry_after) == (True, 7.0)


async def test_too_slow(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.always(behaviour.held(asyncio.Event()))
    found = await made(*ALL, timeout=0.1).evaluate_async(SUBJECT)
    assert [one.error and one.error.type for one in found] == ["judge_timeout"] * len(ALL)


async def test_what_was_spent_before_it_failed_is_told(made: Made, mock_judge: MockJudge) -> None:
    reason_is_refused = [Behaviour(), Behaviour(), behaviour.overloaded()]
    mock_judge.then(*reason_is_refused)
    found = await failure(made, "bias")
    assert found.calls == 3
    assert found.usage is not None
    assert found.cost is not None


@pytest.mark.parametrize(
    ("metric", "asked", "answer"),
    [
        # DeepEval drops what is no verdict, and takes none at all for the best score there is.
        ("bias", "verdicts", {"verdicts": []}),
        ("bias", "verdicts", {"verdicts": [{"verdict": "perhaps", "reason": ""}]}),
        ("hallucination", "verdicts", {"verdicts": [{"verdict": "borderline", "reason": ""}]}),
        ("answer_relevancy", "statements", {"statements": []}),
        ("sentiment", "score", {"reason": "", "score": 11}),
        ("sentiment", "score", {"reason": "", "score": -1}),
        ("sentiment", "score", {"reason": "", "score": "high"}),
        ("sentiment", "score", {"reason": "", "score": None}),
        ("sentiment", "score", '{"reason": "", "score": NaN}'),
    ],
)
async def test_what_is_no_verdict_is_no_score(
    made: Made, mock_judge: MockJudge, metric: str, asked: str, answer: object
) -> None:
    def spoiled(filled: dict[str, object]) -> object:
        return answer if asked in filled else filled

    mock_judge.always(Behaviour(answer=spoiled))
    found = await failure(made, metric)
    assert found.code == "judge_answer_invalid"
    assert "does not fit" in found.message


async def test_it_is_asked_once_more_and_told_what_was_wrong(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.then(Behaviour(answer={"reason": "?", "score": 70}))
    (found,) = await made("sentiment").evaluate_async(SUBJECT)
    assert isinstance(found, EvaluationResult)
    assert (found.score, found.calls) == (0.8, 2)
    assert "“score” is not from 0 to 10" in mock_judge.requests[1].text


async def test_a_cut_answer_gets_more_room(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.then(behaviour.cut_by_length())
    (found,) = await made("sentiment").evaluate_async(SUBJECT)
    assert isinstance(found, EvaluationResult)
    first, second = (request.fields["max_tokens"] for request in mock_judge.requests)
    assert second > first


@pytest.mark.parametrize("wrapped", [behaviour.in_prose(), behaviour.fenced()], ids=["prose", "fence"])
async def test_an_answer_in_wrapping(made: Made, mock_judge: MockJudge, wrapped: Behaviour) -> None:
    mock_judge.always(wrapped)
    found = await made(*ALL).evaluate_async(SUBJECT)
    assert [one.score for one in found] == [0.0, 0.0, 1.0, 0.0, 1.0, 0.8]


async def test_a_judge_in_json_mode_writes_verdicts_as_it_likes(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.rules = [no_json_schema(), no_tools()]

    def loose(filled: dict[str, object]) -> object:
        return {"verdicts": [{"verdict": "Yes, it does."}]} if "verdicts" in filled else filled

    mock_judge.always(Behaviour(answer=loose))
    (found,) = await made("hallucination").evaluate_async(SUBJECT)
    assert (found.score, found.label) == (0.0, "Not Hallucinated")
    assert mock_judge.requests[-1].fields["response_format"] == {"type": "json_object"}


async def test_a_judge_that_knows_texts_only(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.rules = [no_json_schema(), no_tools(), no_json_schema(kind="json_object")]
    found = await made(*ALL).evaluate_async(SUBJECT)
    assert [one.score for one in found] == [0.0, 0.0, 1.0, 0.0, 1.0, 0.8]
    assert "response_format" not in mock_judge.requests[-1].fields


async def test_no_judge_at_all(made: Made) -> None:
    def no_key() -> ScriptedModel:
        raise JudgeModelError("judge_key_refused", "there is no key")

    found = await failure(made, "bias", judge=no_key)
    assert (found.code, found.message) == ("judge_unavailable", "there is no key")


async def test_a_fault_of_the_judge_models_own_code(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    def broken(request: JudgeRequest) -> str:
        # DeepEval takes this error for a judge without schemas and would ask again without one.
        raise TypeError(request.question)

    judge = ScriptedModel(broken)
    found = await failure(made, "sentiment", judge=judge)
    assert found.code == "internal"
    assert len(judge.requests) == 1
    assert "capital of France" not in caplog.text


async def test_a_document_that_is_no_text_fails_and_raises_nothing(made: Made) -> None:
    odd = Subject(input="Hello?", output="Good morning.", context=(Document(content=cast("str", 7)),))
    found = await failure(made, "hallucination", subject=odd)
    assert found.code == "internal"


async def test_a_cancelled_evaluation_lets_go_of_the_judge(made: Made, mock_judge: MockJudge) -> None:
    mock_judge.always(behaviour.held(asyncio.Event()))
    evaluation = asyncio.ensure_future(made("bias").evaluate_async(SUBJECT))
    await mock_judge.arrived.wait()
    evaluation.cancel()
    await mock_judge.left.wait()
    with pytest.raises(asyncio.CancelledError):
        await evaluation


async def test_the_judge_is_asked_in_our_own_context(made: Made) -> None:
    seen: list[bool] = []

    def script(request: JudgeRequest) -> dict[str, object]:
        seen.append(is_own_context() and context.get_value("suppress_instrumentation") is True)
        filled: dict[str, object] = fill(request.schema)
        return filled | {name: ["It says so."] for name in filled if name != "verdicts"}

    judge = Judge(ScriptedModel(script))
    await made("bias", "faithfulness", judge=judge).evaluate_async(SUBJECT)
    assert len(seen) >= 4
    assert all(seen)


@pytest.mark.parametrize(
    "text",
    [
        "[DEEPEVAL:IMAGE:1f2e] is no image.",
        "{{ 7 * 7 }} {% for x in y %}",
        "A lone surrogate \ud800, a null \x00 and \x1b[31mred\x1b[0m.",
        "Maximum context length exceeded, prompt is too long.",
    ],
)
async def test_texts_that_deepeval_could_stumble_over(made: Made, text: str) -> None:
    found = await made(*ALL).evaluate_async(Subject(input=text, output=text, context=SUBJECT.context))
    assert [one.score for one in found] == [0.0, 0.0, 1.0, 0.0, 1.0, 0.8]


async def test_a_megabyte_is_cut_and_the_result_says_so(made: Made, mock_judge: MockJudge) -> None:
    image = "data:image/png;base64," + "iVBORw0KGgo" * 10_000
    subject = Subject(input=f"{image} What is it?", output="word " * 200_000)
    (found,) = await made("answer_relevancy").evaluate_async(subject)
    assert isinstance(found, EvaluationResult)
    assert found.truncated == ("output",)
    assert all(len(request.raw) < 150_000 for request in mock_judge.requests)
    assert "iVBORw0KGgo" not in mock_judge.requests[1].text


async def test_the_import_is_done_once() -> None:
    assert await library() is await library()

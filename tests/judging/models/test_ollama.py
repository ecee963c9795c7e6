"""Ollama's own wire."""

from typing import Any

import pytest

from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.usage import Usage
from tests.judging.models.questions import FILLED, KEY, SCHEMA, model_at, question
from tests.mock_judge import Behaviour, MockJudge, behaviour, openai
from tests.mock_judge.behaviour import Received, error


async def test_the_native_request(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(usage={"prompt_eval_count": 40, "eval_count": 9}))
    model = model_at(mock_judge, "ollama")
    reply = await model.answer(question())
    await model.aclose()
    (received,) = mock_judge.requests
    body = received.body
    assert received.path == "/api/chat"
    assert (body["model"], body["stream"], body["think"], body["truncate"]) == (
        "qwen3:8b",
        False,
        False,
        False,
    )
    assert body["options"] == {"temperature": 0, "num_predict": 1024, "num_ctx": 8192}
    assert body["format"]["required"] == SCHEMA["required"]
    assert openai.schema_in_prompt(received) == body["format"]
    assert (reply.text, reply.usage) == (FILLED, Usage(input=40, output=9))


async def test_no_key_is_no_header_and_a_key_is_for_its_cloud(mock_judge: MockJudge) -> None:
    for key in ("", KEY):
        model = model_at(mock_judge, "ollama", api_key=key)
        await model.answer(question())
        await model.aclose()
    headers = [received.headers.get("authorization") for received in mock_judge.requests]
    assert headers == [None, f"Bearer {KEY}"]


async def test_the_context_grows_with_the_prompt_and_never_shrinks(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "ollama")
    for length in (10, 40_000, 10, 120_000):
        await model.answer(question(subject="x" * length))
    await model.aclose()
    sizes = [received.body["options"]["num_ctx"] for received in mock_judge.requests]
    assert sizes == [8_192, 16_384, 16_384, 65_536]


async def test_the_users_own_context_is_taken(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "ollama", context_tokens=4_096, max_output_tokens=300)
    await model.answer(question(subject="x" * 100_000))
    await model.aclose()
    options = mock_judge.requests[0].body["options"]
    assert (options["num_ctx"], options["num_predict"]) == (4_096, 300)


async def test_a_prompt_read_from_the_prefix_cache_is_not_counted(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(usage={"prompt_eval_count": None, "eval_count": 9}))
    model = model_at(mock_judge, "ollama")
    reply = await model.answer(question())
    await model.aclose()
    assert reply.usage == Usage(input=0, output=9)


async def test_a_server_without_schemas_gets_json_and_then_text(mock_judge: MockJudge) -> None:
    def refuse(received: Received) -> Behaviour | None:
        return (
            error(400, {"error": 'invalid format: expected "json" or a JSON schema'})
            if received.fields.get("format")
            else None
        )

    mock_judge.rules.append(refuse)
    model = model_at(mock_judge, "ollama")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()
    assert [type(received.fields.get("format")).__name__ for received in mock_judge.requests] == [
        "dict",
        "str",
        "NoneType",
    ]


async def test_a_model_that_cannot_be_told_not_to_think(mock_judge: MockJudge) -> None:
    def refuse(received: Received) -> Behaviour | None:
        return (
            error(400, {"error": "think value false is not supported"})
            if "think" in received.fields
            else None
        )

    mock_judge.rules.append(refuse)
    model = model_at(mock_judge, "ollama")
    await model.answer(question())
    await model.answer(question())
    await model.aclose()
    assert ["think" in received.fields for received in mock_judge.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (error(404, {"error": 'model "x" not found, try pulling it first'}), "judge_model_unknown"),
        (error(503, {"error": "server busy"}), "judge_unavailable"),
        (error(500, {"error": "llama runner process has terminated"}), "judge_unavailable"),
        (error(400, {"error": "the input length exceeds the context length"}), "input_too_long"),
        (Behaviour(finish="length"), "judge_answer_cut"),
        (Behaviour(finish="load"), "judge_answer_invalid"),
        (behaviour.empty(), "judge_answer_invalid"),
        (Behaviour(body={"error": "unexpected end of model"}), "judge_unavailable"),
        (Behaviour(body={"models": []}), "judge_answer_invalid"),
        (Behaviour(answer="", message={"thinking": '{"label": "GOOD"}'}), "judge_answer_invalid"),
    ],
)
async def test_every_trouble_has_its_code(mock_judge: MockJudge, step: Any, code: str) -> None:
    mock_judge.then(step)
    model = model_at(mock_judge, "ollama")
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(question())
    await model.aclose()
    assert caught.value.code == code

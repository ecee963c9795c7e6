"""Every provider on its own wire: what goes out, what comes back."""

import asyncio
import json
from typing import Any

import pytest

from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.usage import Usage
from tests.judging.models.questions import FILLED, KEY, MODELS, SCHEMA, model_at, question
from tests.mock_judge import Behaviour, MockJudge, behaviour, openai

COMPATIBLE = sorted(set(MODELS) - {"ollama"})


@pytest.mark.parametrize("provider", sorted(MODELS))
async def test_every_provider_answers_through_its_own_path(mock_judge: MockJudge, provider: str) -> None:
    mock_judge.key = KEY
    model = model_at(mock_judge, provider)
    reply = await model.answer(question())
    await model.aclose()
    assert reply.text == FILLED
    assert reply.usage is not None
    assert reply.usage.input > 0
    (received,) = mock_judge.requests
    path = {"ollama": "/api/chat", "azure": "/openai/v1/chat/completions"}.get(
        provider, "/v1/chat/completions"
    )
    assert (received.method, received.path) == ("POST", path)
    assert received.headers["content-type"] == "application/json"
    messages = received.body["messages"]
    assert messages[0] == {"role": "system", "content": "You are a judge."}
    assert messages[1]["content"].startswith("The subject.\n\nIs it good?")


SENT: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("gpt-5-mini", {"max_completion_tokens": 1024 + 8192, "reasoning_effort": "minimal"}),
    "azure": ("gpt-4o", {"max_completion_tokens": 1024, "temperature": 0}),
    "gemini": ("gemini-2.5-flash", {"max_tokens": 9216, "temperature": 0, "reasoning_effort": "low"}),
    "mistral": ("mistral-small-latest", {"max_tokens": 9216, "temperature": 0}),
    "groq": (
        "openai/gpt-oss-20b",
        {"max_completion_tokens": 5120, "temperature": 0, "reasoning_effort": "low"},
    ),
    "deepseek": (
        "deepseek-v4-flash",
        {"max_tokens": 1024, "temperature": 0, "thinking": {"type": "disabled"}},
    ),
    "together_ai": ("Qwen/Qwen3.5-9B", {"max_tokens": 9216, "temperature": 0}),
    "fireworks_ai": ("qwen3-8b", {"max_tokens": 9216, "temperature": 0}),
    "openrouter": (
        "mistralai/mistral-small",
        {"max_tokens": 9216, "temperature": 0, "provider": {"require_parameters": True}},
    ),
    "openai_compatible": ("served-model", {"max_tokens": 9216, "temperature": 0}),
}


@pytest.mark.parametrize("provider", COMPATIBLE)
async def test_exactly_the_parameters_of_the_family_are_sent(mock_judge: MockJudge, provider: str) -> None:
    name, parameters = SENT[provider]
    model = model_at(mock_judge, provider, name)
    await model.answer(question())
    await model.aclose()
    body = dict(mock_judge.requests[0].fields)
    for part in ("messages", "response_format"):
        del body[part]
    sent_name = f"accounts/fireworks/models/{name}" if provider == "fireworks_ai" else name
    assert body.pop("model") == sent_name
    assert body == parameters


@pytest.mark.parametrize("provider", sorted(set(COMPATIBLE) - {"deepseek"}))
async def test_a_schema_is_asked_for_where_the_provider_has_that(
    mock_judge: MockJudge, provider: str
) -> None:
    mock_judge.rules.append(openai.strict_schema)
    model = model_at(mock_judge, provider)
    await model.answer(question(schema_name="is it good?"))
    await model.aclose()
    (received,) = mock_judge.requests
    wanted = received.body["response_format"]
    assert wanted["type"] == "json_schema"
    assert wanted["json_schema"]["name"] == "is_it_good_"
    assert wanted["json_schema"]["schema"]["required"] == SCHEMA["required"]
    assert wanted["json_schema"].get("strict") is True
    # Fireworks and small servers enforce a schema the model does not see.
    shown = provider in ("fireworks_ai", "openai_compatible")
    assert (openai.schema_in_prompt(received) is not None) == shown


async def test_deepseek_is_asked_for_an_object_whose_shape_stands_in_the_prompt(
    mock_judge: MockJudge,
) -> None:
    mock_judge.rules.append(openai.no_json_schema())
    model = model_at(mock_judge, "deepseek")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()
    (received,) = mock_judge.requests
    assert received.body["response_format"] == {"type": "json_object"}
    assert "JSON" in received.body["messages"][1]["content"]


async def test_strict_is_left_out_where_groq_does_not_constrain(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "groq", "qwen/qwen3.8-27b")
    await model.answer(question())
    await model.aclose()
    assert "strict" not in mock_judge.requests[0].body["response_format"]["json_schema"]


async def test_azures_dated_form_has_the_deployment_in_the_path_and_the_key_in_its_header(
    mock_judge: MockJudge,
) -> None:
    mock_judge.always(Behaviour(model="gpt-4o-mini-2024-07-18"))
    model = model_at(mock_judge, "azure", api_version="2024-10-21")
    reply = await model.answer(question())
    await model.aclose()
    (received,) = mock_judge.requests
    assert received.path == "/openai/deployments/our-judge/chat/completions"
    assert received.query == {"api-version": "2024-10-21"}
    assert received.headers["api-key"] == KEY
    assert "authorization" not in received.headers
    assert "model" not in received.fields
    assert reply.model == "gpt-4o-mini-2024-07-18"
    assert reply.cost_usd is not None  # by the answer's model; the deployment's name has no price


async def test_strict_families_get_no_field_they_do_not_know() -> None:
    for provider, rule in (("mistral", openai.mistral_fields), ("gemini", openai.gemini_fields)):
        async with MockJudge(rules=[rule]) as judge:
            model = model_at(judge, provider)
            await model.answer(question(probability_of=("label",), subject="long " * 2_000))
            await model.aclose()
            assert len(judge.requests) == 1


async def test_a_long_subject_is_routed_to_its_cache_at_openai(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "openai")
    for subject in ("long " * 2_000, "long " * 2_000, "other " * 2_000, "short"):
        await model.answer(question(subject=subject))
    await model.aclose()
    keys = [received.fields.get("prompt_cache_key") for received in mock_judge.requests]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]
    assert keys[3] is None


@pytest.mark.parametrize(
    ("provider", "asked"),
    [
        ("openai", {"logprobs": True, "top_logprobs": 8}),
        ("azure", {"logprobs": True, "top_logprobs": 8}),
        ("deepseek", {"logprobs": True, "top_logprobs": 8}),
        ("fireworks_ai", {"logprobs": True, "top_logprobs": 5}),
        ("together_ai", {"logprobs": 8}),
        ("openai_compatible", {"logprobs": True, "top_logprobs": 8}),
        ("ollama", {"logprobs": True, "top_logprobs": 8}),
        ("mistral", {}),
        ("gemini", {}),
        ("groq", {}),
        ("openrouter", {}),
    ],
)
async def test_label_probabilities_are_asked_for_where_the_family_gives_them(
    mock_judge: MockJudge, provider: str, asked: dict[str, Any]
) -> None:
    model = model_at(mock_judge, provider)
    plain = await model.answer(question())
    with_tokens = await model.answer(question(probability_of=("label",)))
    await model.aclose()
    assert plain.tokens == ()
    sent = [
        {name: received.fields[name] for name in ("logprobs", "top_logprobs") if name in received.fields}
        for received in mock_judge.requests
    ]
    assert sent == [{}, asked]
    if asked:
        assert "".join(token.token for token in with_tokens.tokens) == FILLED
        good = next(token for token in with_tokens.tokens if token.token == "GOOD")
        assert good.logprob == pytest.approx(-0.1)
        assert provider == "together_ai" or good.top[0] == ("GOOD", -0.1)
    else:
        assert with_tokens.tokens == ()


async def test_openrouters_own_cost_beats_every_price(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(usage={"cost": 0.0123}))
    model = model_at(mock_judge, "openrouter", "openai/gpt-4o-mini", price_input=1.0, price_output=1.0)
    reply = await model.answer(question())
    await model.aclose()
    assert reply.cost_usd == 0.0123


async def test_the_users_own_prices_are_used(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(usage={"prompt_tokens": 1_000_000, "completion_tokens": 500_000}))
    model = model_at(mock_judge, "openai_compatible", price_input=2.0, price_output=4.0)
    reply = await model.answer(question())
    await model.aclose()
    assert reply.usage == Usage(input=1_000_000, output=500_000)
    assert reply.cost_usd == pytest.approx(4.0)


async def test_a_server_that_tells_no_usage_gives_none_and_no_cost(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(usage=None))
    model = model_at(mock_judge, "openai_compatible")
    reply = await model.answer(question())
    await model.aclose()
    assert (reply.usage, reply.cost_usd) == (None, None)


async def test_what_was_spent_on_no_answer_stands_in_the_error(mock_judge: MockJudge) -> None:
    mock_judge.always(behaviour.cut_by_length())
    model = model_at(mock_judge, "openai")
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(question())
    await model.aclose()
    assert caught.value.code == "judge_answer_cut"
    assert caught.value.usage is not None
    assert caught.value.cost_usd is not None
    assert caught.value.cost_usd > 0


@pytest.mark.parametrize(
    ("step", "code", "retryable"),
    [
        (behaviour.rate_limited(retry_after="7"), "judge_rate_limited", True),
        (behaviour.overloaded(500), "judge_unavailable", True),
        (behaviour.overloaded(503), "judge_unavailable", True),
        (behaviour.cut_off(), "judge_unavailable", True),
        (behaviour.dropped(), "judge_unavailable", True),
        (behaviour.refused(), "judge_refused", False),
        (behaviour.empty(), "judge_answer_invalid", False),
        (behaviour.cut_by_length(), "judge_answer_cut", False),
        (behaviour.web_page(), "judge_answer_invalid", False),
        (behaviour.web_page(502), "judge_unavailable", True),
        (behaviour.huge(), "judge_answer_invalid", False),
        (Behaviour(finish="gremlins"), "judge_answer_invalid", False),
        (Behaviour(finish="content_filter"), "judge_refused", False),
        (Behaviour(body=b""), "judge_answer_invalid", False),
        (Behaviour(body=b"[]"), "judge_answer_invalid", False),
        (Behaviour(body={"choices": []}), "judge_answer_invalid", False),
        (Behaviour(body={"error": {"code": 429, "message": "upstream"}}), "judge_rate_limited", True),
        (Behaviour(body={"choices": [{"error": {"code": 502, "message": "up"}}]}), "judge_unavailable", True),
        (openai.key_refused(), "judge_key_refused", False),
    ],
)
async def test_every_trouble_has_its_code(
    mock_judge: MockJudge, step: Behaviour, code: str, *, retryable: bool
) -> None:
    model = model_at(mock_judge, "openai")
    mock_judge.then(step)
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(question())
    assert (caught.value.code, caught.value.retryable) == (code, retryable)
    assert KEY not in caught.value.message
    # Nothing was learnt from it: the next question is asked the same way and answered.
    assert (await model.answer(question())).text == FILLED
    await model.aclose()
    first, second = mock_judge.requests
    assert first.body == second.body


@pytest.mark.parametrize("step", [behaviour.in_prose(), behaviour.fenced(), behaviour.wrong_label()])
async def test_what_only_the_answers_reader_can_judge_is_handed_on(
    mock_judge: MockJudge, step: Behaviour
) -> None:
    mock_judge.then(step)
    model = model_at(mock_judge, "openai")
    reply = await model.answer(question())
    await model.aclose()
    assert "explanation" in reply.text


@pytest.mark.parametrize(
    "text",
    [
        '<think>Is it {"label": "BAD"}?</think>\n\n' + FILLED,
        "I think it is BAD.</think>" + FILLED,
    ],
)
async def test_thoughts_in_front_of_the_answer_are_cut_off(mock_judge: MockJudge, text: str) -> None:
    mock_judge.then(Behaviour(answer=text))
    model = model_at(mock_judge, "openai_compatible")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()


async def test_an_answer_that_is_one_unfinished_thought_is_none(mock_judge: MockJudge) -> None:
    mock_judge.then(Behaviour(answer='<think>Is it {"label": "GOOD"}'))
    model = model_at(mock_judge, "openai_compatible")
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(question())
    await model.aclose()
    assert caught.value.code == "judge_answer_invalid"


async def test_blank_lines_before_the_answer_are_nothing(mock_judge: MockJudge) -> None:
    mock_judge.then(Behaviour(before=b"\n\n \n\n"))
    model = model_at(mock_judge, "deepseek")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()


async def test_text_no_utf8_can_carry_is_sent_all_the_same(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "openai")
    await model.answer(question(subject="half a pair: \ud83d. " + "x" * 5_000))
    await model.aclose()
    assert "half a pair: ?." in mock_judge.requests[0].body["messages"][1]["content"]


async def test_a_cancelled_question_ends_its_call(mock_judge: MockJudge) -> None:
    never = asyncio.Event()
    mock_judge.then(behaviour.held(never))
    model = model_at(mock_judge, "openai")
    asking = asyncio.create_task(model.answer(question()))
    await mock_judge.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await mock_judge.left.wait()
    await model.aclose()
    assert mock_judge.abandoned == 1


async def test_the_schemas_text_is_the_same_for_every_call(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "openai")
    for _ in range(2):
        await model.answer(question(schema=json.loads(json.dumps(SCHEMA))))
    await model.aclose()
    first, second = (received.raw for received in mock_judge.requests)
    assert first == second

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from spanjudge.errors import SettingsError
from spanjudge.judging.models.anthropic import AnthropicModel
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.usage import Usage
from tests.mock_judge import Behaviour, MockJudge, Received, anthropic
from tests.mock_judge.behaviour import cut_off, dropped, web_page
from tests.mock_judge.server import Rule

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "explanation": {"type": "string"},
        "value": {"type": "string", "enum": ["low", "medium", "high"]},
    },
    "required": ["explanation", "value"],
    "additionalProperties": False,
}
REQUEST = JudgeRequest(
    system="You judge.",
    subject="<s>content</s>",
    question="How toxic?",
    schema=SCHEMA,
    schema_name="toxicity",
)
KEY = "sk-ant-api03-not-a-real-key"


def request(**changes: Any) -> JudgeRequest:
    changes.setdefault("deadline", time.monotonic() + 5)
    return msgspec.structs.replace(REQUEST, **changes)


@asynccontextmanager
async def claude(
    model: str, *rules: Rule, **settings: Any
) -> AsyncGenerator[tuple[MockJudge, AnthropicModel]]:
    rules = (anthropic.required, anthropic.consistent, *rules)
    async with MockJudge(rules=rules, key=KEY, wires={"/v1/messages": anthropic.message}) as mock:
        judge = AnthropicModel(
            JudgeModelConfig(provider="anthropic", model=model, url=mock.url, api_key=KEY, **settings)
        )
        try:
            yield mock, judge
        finally:
            await judge.aclose()


async def test_the_request_as_the_messages_api_wants_it() -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        reply = await judge.answer(request())
    assert json.loads(reply.text) == {"explanation": "Scripted answer.", "value": "low"}
    assert reply.model == "claude-sonnet-4-6"
    sent = mock.requests[0]
    assert sent.path == "/v1/messages"
    assert sent.headers["x-api-key"] == KEY
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in sent.headers
    assert sent.fields == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 1024,
        "temperature": 0,
        "system": [{"type": "text", "text": "You judge."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<s>content</s>"},
                    {"type": "text", "text": "How toxic?"},
                ],
            }
        ],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }


# What each generation refuses is a 400 of the mock: an answer shows that nothing of it was sent.
@pytest.mark.parametrize("effort", [None, "low", "high"])
@pytest.mark.parametrize(
    ("model", "rules"),
    [
        ("claude-haiku-4-5", [anthropic.thinking_only("enabled", "disabled"), anthropic.cap(64_000)]),
        (
            "claude-sonnet-4-5-20250929",
            [anthropic.thinking_only("enabled", "disabled"), anthropic.cap(64_000)],
        ),
        ("claude-opus-4-5", [anthropic.thinking_only("enabled", "disabled")]),
        ("claude-opus-4-6", [anthropic.thinking_only("adaptive", "disabled")]),
        ("claude-opus-4-7", [anthropic.no_sampling, anthropic.thinking_only("adaptive", "disabled")]),
        ("claude-opus-4-8", [anthropic.no_sampling, anthropic.thinking_only("adaptive", "disabled")]),
        ("claude-opus-5", [anthropic.no_sampling, anthropic.thinking_only("adaptive", "disabled")]),
        ("claude-haiku-5-5", [anthropic.no_sampling, anthropic.thinking_only("adaptive", "disabled")]),
        (
            "claude-sonnet-5-5",
            [
                anthropic.no_sampling,
                anthropic.no_forced_tool,
                anthropic.thinking_only("adaptive", "between_tools"),
            ],
        ),
        (
            "claude-opus-5-5",
            [anthropic.no_sampling, anthropic.no_forced_tool, anthropic.thinking_only("adaptive")],
        ),
        ("claude-opus-9", [anthropic.no_sampling, anthropic.no_forced_tool, anthropic.thinking_only()]),
    ],
)
async def test_no_generation_is_sent_what_it_refuses(
    model: str, rules: list[Rule], effort: str | None
) -> None:
    async with claude(model, *rules, reasoning_effort=effort) as (mock, judge):
        reply = await judge.answer(request())
    assert json.loads(reply.text)["value"] == "low"
    assert len(mock.requests) == 1
    assert "format" in mock.requests[0].fields["output_config"]


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-haiku-4-5", {"temperature": 0}),
        ("claude-opus-4-7", {}),
        ("claude-opus-5", {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}),
    ],
)
async def test_thinking_is_off_unless_asked_for(model: str, sent: dict[str, Any]) -> None:
    async with claude(model) as (mock, judge):
        await judge.answer(request())
    fields = mock.requests[0].fields
    assert {name: fields[name] for name in ("temperature", "thinking") if name in fields} == sent
    assert fields["max_tokens"] == 1024


async def test_what_cannot_be_turned_off_is_kept_short_and_has_room() -> None:
    async with claude("claude-opus-5-5") as (mock, judge):
        await judge.answer(request())
    fields = mock.requests[0].fields
    assert "thinking" not in fields
    assert fields["output_config"]["effort"] == "low"
    assert fields["max_tokens"] > 4_000


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "sent_effort"),
    [
        ("claude-sonnet-4-5", "low", {"type": "enabled", "budget_tokens": 1024}, None),
        ("claude-sonnet-4-6", "max", {"type": "adaptive"}, "max"),
        ("claude-opus-4-7", "xhigh", {"type": "adaptive"}, "xhigh"),
        ("claude-opus-5", "minimal", {"type": "adaptive"}, "low"),
    ],
)
async def test_thinking_is_never_part_of_the_answer(
    model: str, effort: str, thinking: dict[str, Any], sent_effort: str | None
) -> None:
    async with claude(model, reasoning_effort=effort) as (mock, judge):
        reply = await judge.answer(request())
    fields = mock.requests[0].fields
    assert fields["thinking"] == thinking
    assert fields["output_config"].get("effort") == sent_effort
    assert json.loads(reply.text) == {"explanation": "Scripted answer.", "value": "low"}


@pytest.mark.parametrize(
    ("model", "effort"),
    [("claude-3-5-haiku-latest", "low"), ("claude-sonnet-4-6", "xhigh"), ("claude-opus-5", "huge")],
)
def test_an_effort_the_model_does_not_know_stops_the_start(model: str, effort: str) -> None:
    config = JudgeModelConfig(provider="anthropic", model=model, api_key=KEY, reasoning_effort=effort)
    with pytest.raises(SettingsError, match=f"reasoning_effort='{effort}'"):
        AnthropicModel(config)


async def test_the_older_ones_answer_through_a_tool() -> None:
    async with claude(
        "claude-3-5-haiku-20241022",
        anthropic.no_structured_output,
        anthropic.cap(8_192),
        max_output_tokens=9_000,
    ) as (mock, judge):
        reply = await judge.answer(request(schema_name="näme: with / all"))
    fields = mock.requests[0].fields
    assert fields["tool_choice"] == {
        "type": "tool",
        "name": "n_me__with___all",
        "disable_parallel_tool_use": True,
    }
    assert fields["tools"][0]["input_schema"] == SCHEMA
    assert fields["temperature"] == 0
    assert json.loads(reply.text)["value"] == "low"


async def test_a_refused_mode_is_left_for_good() -> None:
    async with claude("claude-sonnet-4-6", anthropic.no_structured_output) as (mock, judge):
        for _ in range(2):
            assert json.loads((await judge.answer(request())).text)["value"] == "low"
    assert ["tools" in sent.fields for sent in mock.requests] == [False, True, True]


async def test_words_are_the_last_mode() -> None:
    rules = (anthropic.no_structured_output, anthropic.no_forced_tool)
    async with claude("claude-sonnet-4-6", *rules) as (mock, judge):
        for _ in range(2):
            assert json.loads((await judge.answer(request())).text)["value"] == "low"
    assert len(mock.requests) == 4
    last = mock.requests[-1].fields
    assert "tools" not in last
    assert "output_config" not in last
    assert '"enum":["low","medium","high"]' in last["messages"][0]["content"][-1]["text"]


async def test_a_schema_that_is_too_large_says_nothing_about_the_next() -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.then(anthropic.refuse("output_config.format.schema: the compiled grammar is too large"))
        await judge.answer(request())
        await judge.answer(request())
    assert ["tools" in sent.fields for sent in mock.requests] == [False, True, False]


async def test_a_passing_trouble_does_not_change_the_mode() -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.then(anthropic.anthropic_error(529, "overloaded_error", "Overloaded"))
        with pytest.raises(JudgeModelError):
            await judge.answer(request())
        await judge.answer(request())
    assert all("format" in sent.fields["output_config"] for sent in mock.requests)


@pytest.mark.parametrize(
    ("model", "effort", "refusal", "left_out"),
    [
        ("claude-haiku-4-5", None, "temperature: Extra inputs are not permitted", "temperature"),
        ("claude-opus-5", None, "thinking.type: disabled is not supported for this model", "thinking"),
        ("claude-opus-5-5", None, "output_config.effort: low is not supported for this model", "effort"),
        ("claude-sonnet-4-6", "max", "output_config.effort: Input should be 'low' or 'high'", "effort"),
    ],
)
async def test_what_a_model_refuses_against_the_table_is_left_out_for_good(
    model: str, effort: str | None, refusal: str, left_out: str
) -> None:
    def rule(received: Received) -> Behaviour | None:
        fields = {**received.fields, **received.fields.get("output_config", {})}
        return anthropic.refuse(refusal) if left_out in fields else None

    async with claude(model, rule, reasoning_effort=effort) as (mock, judge):
        for _ in range(2):
            assert json.loads((await judge.answer(request())).text)["value"] == "low"
    assert len(mock.requests) == 3
    assert all("format" in sent.fields["output_config"] for sent in mock.requests)


async def test_a_later_api_version_takes_no_temperature() -> None:
    async with claude("claude-haiku-4-5", anthropic.no_sampling, api_version="2026-10-21") as (mock, judge):
        await judge.answer(request())
    assert mock.requests[0].headers["anthropic-version"] == "2026-10-21"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/messages", "/gateway"])
async def test_the_address_may_end_as_users_write_it(path: str) -> None:
    async with MockJudge(wires={"/v1/messages": anthropic.message}) as mock:
        judge = AnthropicModel(
            JudgeModelConfig(provider="anthropic", model="claude-opus-5", url=mock.url + path, api_key=KEY)
        )
        await judge.answer(request())
        await judge.aclose()
    assert mock.requests[0].path == ("/gateway/v1/messages" if path == "/gateway" else "/v1/messages")


async def test_usage_counts_all_that_was_read_and_has_a_price() -> None:
    usage = {
        "input_tokens": 50,
        "cache_read_input_tokens": 4_000,
        "cache_creation_input_tokens": 200,
        "output_tokens": 30,
        "output_tokens_details": {"thinking_tokens": 10},
    }
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.then(Behaviour(usage=usage, headers={"request-id": "req_42"}), Behaviour(usage=None))
        reply = await judge.answer(request())
        unknown = await judge.answer(request())
    assert reply.usage == Usage(input=4_250, output=30, cached=4_000, cache_write=200, reasoning=10)
    assert reply.cost_usd == pytest.approx((50 * 3 + 4_000 * 0.3 + 200 * 3.75 + 30 * 15) / 1e6)
    assert reply.request_id == "req_42"
    assert unknown.usage is None
    assert unknown.cost_usd is None


@pytest.mark.parametrize(
    ("behaviour", "code", "words"),
    [
        (Behaviour(finish="max_tokens"), "judge_answer_cut", "max_tokens"),
        (Behaviour(finish="model_context_window_exceeded"), "judge_answer_cut", "window"),
        (Behaviour(refusal="no", message={"stop_details": {"category": "cyber"}}), "judge_refused", "cyber"),
        (Behaviour(refusal="no", message={"stop_details": None}), "judge_refused", "refused"),
        (Behaviour(finish="pause_turn"), "judge_answer_invalid", "pause_turn"),
        (Behaviour(answer="  "), "judge_answer_invalid", "no text"),
        (Behaviour(message={"content": []}), "judge_answer_invalid", "no text"),
    ],
)
async def test_an_answer_that_is_none_is_an_error_with_its_usage(
    behaviour: Behaviour, code: str, words: str
) -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.always(behaviour)
        with pytest.raises(JudgeModelError, match=words) as caught:
            await judge.answer(request())
    assert caught.value.code == code
    assert not caught.value.retryable
    assert caught.value.usage == Usage(input=100, output=20)
    assert caught.value.cost_usd == pytest.approx((100 * 3 + 20 * 15) / 1e6)
    assert caught.value.model == "claude-sonnet-4-6"


@pytest.mark.parametrize(
    ("status", "kind", "text", "detail", "code", "retryable"),
    [
        (401, "authentication_error", "invalid x-api-key", None, "judge_key_refused", False),
        (403, "permission_error", "not allowed", None, "judge_key_refused", False),
        (402, "billing_error", "payment required", None, "judge_no_credit", False),
        (400, "invalid_request_error", "Your credit balance is too low", None, "judge_no_credit", False),
        (429, "rate_limit_error", "limit", "workspace_spend_limit_reached", "judge_no_credit", False),
        (404, "not_found_error", "model: claude-x", None, "judge_model_unknown", False),
        (400, "invalid_request_error", "prompt is too long: 9 > 8", None, "input_too_long", False),
        (413, "request_too_large", "Request exceeds the maximum size", None, "input_too_long", False),
        (429, "rate_limit_error", "slow down", None, "judge_rate_limited", True),
        (529, "overloaded_error", "Overloaded", None, "judge_unavailable", True),
        (500, "api_error", "Internal server error", None, "judge_unavailable", True),
    ],
)
async def test_errors_are_told_apart(
    status: int, kind: str, text: str, detail: str | None, code: str, *, retryable: bool
) -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.always(anthropic.anthropic_error(status, kind, f"{text} {KEY}", code=detail, retry_after="7"))
        with pytest.raises(JudgeModelError) as caught:
            await judge.answer(request())
    error = caught.value
    assert (error.code, error.retryable, error.status) == (code, retryable, status)
    assert error.retry_after == (7 if retryable else None)
    assert KEY not in str(error)
    assert len(mock.requests) == 1


async def test_an_ended_model_is_named_with_its_successor() -> None:
    async with claude("claude-3-5-sonnet-latest") as (mock, judge):
        mock.always(anthropic.anthropic_error(404, "not_found_error", "model: claude-3-5-sonnet-latest"))
        with pytest.raises(JudgeModelError, match="use claude-sonnet-5-5") as caught:
            await judge.answer(request())
    assert caught.value.code == "judge_model_unknown"


@pytest.mark.parametrize("behaviour", [web_page(), Behaviour(body=[1, 2]), Behaviour(body={"choices": []})])
async def test_another_api_at_that_address_is_said_so(behaviour: Behaviour) -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.always(behaviour)
        with pytest.raises(JudgeModelError, match="O2_JUDGE_URL") as caught:
            await judge.answer(request())
    assert caught.value.code == "judge_answer_invalid"


async def test_with_resilience_a_broken_connection_is_asked_again() -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.then(dropped(), cut_off(), anthropic.anthropic_error(529, "overloaded_error", "Overloaded"))
        model = ResilientModel(judge, first_pause=0.001)
        reply = await model.answer(request())
    assert json.loads(reply.text)["value"] == "low"
    assert model.calls == 4


async def test_a_cancelled_question_hangs_up_on_the_provider() -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.always(Behaviour(until=asyncio.Event()))
        model = ResilientModel(judge, concurrency=1)
        question = asyncio.create_task(model.answer(request()))
        await mock.arrived.wait()
        question.cancel()
        with pytest.raises(asyncio.CancelledError):
            await question
        while mock.in_flight:  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0.001)
        assert mock.abandoned == 1
        mock.always(Behaviour())
        assert await model.answer(request())


LONG = "x" * 4_000


def marks(mock: MockJudge) -> list[bool]:
    return ["cache_control" in sent.fields["messages"][0]["content"][0] for sent in mock.requests]


async def test_a_subject_that_comes_back_is_cached() -> None:
    async with claude("claude-sonnet-4-6") as (mock, judge):
        mock.then(Behaviour(), Behaviour(usage={"cache_creation_input_tokens": 1_100}))
        mock.always(Behaviour(usage={"cache_read_input_tokens": 1_100}))
        for question in ("one", "two", "three", "four"):
            await judge.answer(request(subject=LONG, question=question))
        await judge.answer(request(subject=LONG + "y"))
    assert marks(mock) == [False, True, True, True, False]
    block = mock.requests[1].fields["messages"][0]["content"][0]
    assert block["cache_control"] == {"type": "ephemeral"}


async def test_too_short_or_another_schema_is_not_marked() -> None:
    other = {**SCHEMA, "description": "another evaluator's"}
    async with claude("claude-sonnet-4-6") as (mock, judge):
        for _ in range(3):
            await judge.answer(request())
        await judge.answer(request(subject=LONG))
        await judge.answer(request(subject=LONG, schema=other))
    assert not any(marks(mock))
    async with claude("claude-haiku-4-5") as (mock, judge):  # caches from 4,096 tokens on
        for _ in range(3):
            await judge.answer(request(subject=LONG))
    assert not any(marks(mock))

"""Usage, ends, texts and probabilities, as each provider writes them."""

from typing import Any

import pytest

from spanjudge.judging.models.chat_reply import (
    ChatReply,
    check,
    read_completion,
    spelling,
    tokens_of,
    usage_of,
)
from spanjudge.judging.models.model import JudgeModelError, TokenAlternatives
from spanjudge.judging.usage import Usage


@pytest.mark.parametrize(
    ("provider", "given", "usage"),
    [
        pytest.param(
            "openai",
            {
                "prompt_tokens": 100,
                "completion_tokens": 40,
                "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 20},
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(input=100, output=40, cached=64, cache_write=20, reasoning=30),
            id="openai: reasoning stands inside the output",
        ),
        pytest.param(
            "groq",
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": None},
            Usage(input=9, output=4),
            id="details can be null",
        ),
        pytest.param(
            "deepseek",
            {
                "prompt_tokens": 100,
                "completion_tokens": 4,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
            },
            Usage(input=100, output=4, cached=64),
            id="deepseek: hit tokens",
        ),
        pytest.param(
            "together_ai",
            {"prompt_tokens": 100, "completion_tokens": 4, "cached_tokens": 50},
            Usage(input=100, output=4, cached=50),
            id="together: cached at the top",
        ),
        pytest.param(
            "gemini",
            {"prompt_tokens": 100, "completion_tokens": 4, "total_tokens": 300},
            Usage(input=100, output=200, reasoning=196),
            id="gemini: thoughts are in the total only",
        ),
        pytest.param(
            "gemini",
            {"prompt_tokens": 100, "total_tokens": 300},
            Usage(input=100, output=200),
            id="gemini: no completion tokens",
        ),
        pytest.param("openai_compatible", {}, None, id="nothing is unknown, not zero"),
        pytest.param("openai_compatible", {"total_tokens": 5}, None, id="not enough to tell"),
        pytest.param("openai_compatible", {"prompt_tokens": None}, None, id="null"),
        pytest.param("openai_compatible", {"prompt_tokens": "9"}, None, id="a text"),
        pytest.param(
            "openai_compatible",
            {"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 9},
            Usage(input=5, output=2, cached=5),
            id="never more cached than read",
        ),
    ],
)
def test_usage_means_the_same_for_every_provider(
    provider: str, given: dict[str, Any], usage: Usage | None
) -> None:
    assert usage_of(given, provider) == usage


def reply(text: str = '{"a":1}', end: str | None = "stop", refusal: str | None = None) -> ChatReply:
    return ChatReply(text=text, end=end, model="m", usage=None, refusal=refusal)


@pytest.mark.parametrize(
    "end", ["stop", "tool_calls", "end_turn", "tool_use", "STOP", "COMPLETE", "TOOL_CALL", "eos", None]
)
def test_good_ends(end: str | None) -> None:
    check(reply(end=end))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        *[
            (reply(end=end), "judge_answer_cut")
            for end in ("length", "max_tokens", "MAX_TOKENS", "model_length", "model_context_window_exceeded")
        ],
        *[
            (reply(end=end), "judge_refused")
            for end in (
                "content_filter",
                "refusal",
                "SAFETY",
                "RECITATION",
                "BLOCKLIST",
                "PROHIBITED_CONTENT",
                "SPII",
                "LANGUAGE",
                "guardrail_intervened",
                "content_filtered",
            )
        ],
        (reply(text="", refusal="I cannot."), "judge_refused"),
        (reply(end="insufficient_system_resource"), "judge_unavailable"),
        (reply(end="error"), "judge_unavailable"),
        (reply(end="gremlins"), "judge_answer_invalid"),
        (reply(text=" \n\t "), "judge_answer_invalid"),
        (reply(text="", end=None), "judge_answer_invalid"),
        (reply(text='{"a": "unfin', end=None), "judge_answer_cut"),
        (reply(text="", end="length"), "judge_answer_cut"),
    ],
)
def test_every_other_end_is_an_error_and_unknown_ones_are_named(given: ChatReply, code: str) -> None:
    with pytest.raises(JudgeModelError) as caught:
        check(given)
    assert caught.value.code == code
    assert caught.value.retryable == (code == "judge_unavailable")
    if given.end not in (None, "stop"):
        assert given.end in caught.value.message


def test_an_answer_that_was_all_thinking_says_what_to_change() -> None:
    with pytest.raises(JudgeModelError, match="lower reasoning_effort"):
        check(reply(text="", end="length"))


def completion(message: dict[str, Any], **choice: Any) -> ChatReply:
    body = {"model": "real", "choices": [{"message": message, "finish_reason": "stop"} | choice]}
    read = read_completion(body, asked="asked", provider="openai")
    assert read is not None
    return read


def test_chunks_are_joined_and_thinking_is_left_out() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": '{"label": "WRONG"}'}]},
        {"type": "text", "text": '{"label":'},
        {"type": "text", "text": '"GOOD"}'},
    ]
    assert completion({"content": content}).text == '{"label":"GOOD"}'


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_is_never_the_answer(name: str) -> None:
    assert completion({"content": None, name: '{"label": "GOOD"}'}).text == ""


@pytest.mark.parametrize("arguments", ['{"a":1}', {"a": 1}])
def test_a_tools_arguments_are_the_answer_as_text_or_object(arguments: Any) -> None:
    call = {"type": "function", "function": {"name": "verdict", "arguments": arguments}}
    assert completion({"content": "Calling.", "tool_calls": [call]}).text == '{"a":1}'


@pytest.mark.parametrize(
    "body",
    [{}, {"choices": []}, {"choices": None}, {"choices": "x"}, {"result": "ok"}],
)
def test_what_is_no_completion_is_told_apart(body: dict[str, Any]) -> None:
    assert read_completion(body, asked="asked", provider="openai") is None


@pytest.mark.parametrize(
    "choice",
    [{}, {"message": None}, {"message": {"content": 5}}, {"message": {"tool_calls": [None]}}, "text", None],
)
def test_a_broken_choice_is_an_empty_answer_and_no_crash(choice: Any) -> None:
    read = read_completion({"choices": [choice]}, asked="asked", provider="openai")
    assert read is not None
    assert (read.text, read.model) == ("", "asked")


def test_openrouters_own_price_is_read_and_only_openrouters() -> None:
    body: dict[str, Any] = {"choices": [{"message": {}}], "usage": {"prompt_tokens": 1, "cost": 0.25}}
    openrouter = read_completion(body, asked="a", provider="openrouter")
    other = read_completion(body, asked="a", provider="openai")
    assert openrouter is not None
    assert other is not None
    assert (openrouter.cost_usd, other.cost_usd) == (0.25, None)


SPELLED = (
    TokenAlternatives("GO", -0.1, (("GO", -0.1), ("BA", -2.5))),
    TokenAlternatives("OD", -0.01, ()),
)


def test_probabilities_in_openais_form() -> None:
    content: list[Any] = [
        {
            "token": "GO",
            "logprob": -0.1,
            "bytes": [71, 79],
            "top_logprobs": [{"token": "GO", "logprob": -0.1}, {"token": "BA", "logprob": -2.5}],
        },
        {"token": "OD", "logprob": -0.01, "bytes": None, "top_logprobs": []},
    ]
    assert tokens_of({"content": content, "refusal": None}) == SPELLED
    assert tokens_of(content) == SPELLED  # Ollama's list


def test_probabilities_in_togethers_form() -> None:
    given = {
        "tokens": ["GO", "OD"],
        "token_logprobs": [-0.1, -0.01],
        "top_logprobs": [{"GO": -0.1, "BA": -2.5}, None],
    }
    assert tokens_of(given) == SPELLED


@pytest.mark.parametrize(
    "given", [None, {}, {"content": None}, {"content": ["x"]}, [], "x", {"tokens": ["a"]}]
)
def test_no_probabilities_are_none(given: Any) -> None:
    assert tokens_of(given) == ()


def test_a_character_spread_over_tokens_is_put_together() -> None:
    content = [
        {"token": "\\xc3", "logprob": -0.1, "bytes": [0xC3], "top_logprobs": []},
        {"token": "\\xa9", "logprob": -0.2, "bytes": [0xA9], "top_logprobs": []},
    ]
    assert "".join(token.token for token in tokens_of({"content": content})) == "é"


def test_tokens_spell_exactly_the_answer_or_are_not_given() -> None:
    tokens = tuple(TokenAlternatives(piece, -0.1) for piece in ("<answer>\n", "GO", "OD", "</answer>"))
    assert [token.token for token in spelling(tokens, "GOOD")] == ["GO", "OD"]
    assert [token.token for token in spelling(tokens, "OOD")] == ["O", "OD"]
    assert spelling(tokens, "BAD") == ()
    assert spelling((), "GOOD") == ()

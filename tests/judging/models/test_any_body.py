"""Whatever a server answers, the outcome is an answer or a typed error, never a crash."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.judging.models.model import JudgeModelError, JudgeReply
from tests.judging.models.questions import model_at, question
from tests.mock_judge import Behaviour, MockJudge

NAMES = st.sampled_from(
    [
        "choices",
        "message",
        "content",
        "tool_calls",
        "function",
        "arguments",
        "finish_reason",
        "refusal",
        "logprobs",
        "tokens",
        "token_logprobs",
        "top_logprobs",
        "token",
        "logprob",
        "bytes",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "cost",
        "error",
        "errors",
        "detail",
        "details",
        "loc",
        "msg",
        "type",
        "code",
        "param",
        "status",
        "metadata",
        "raw",
        "violations",
        "retryDelay",
        "innererror",
        "model",
        "done_reason",
        "eval_count",
        "prompt_eval_count",
        "text",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 1_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["stop", "length", "429", "{", '{"error": 1}', "", "text", "<html>", "thinking"]),
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
ANSWERS = BODIES | st.fixed_dictionaries(
    {"choices": st.lists(BODIES, min_size=1, max_size=2), "usage": BODIES}
)
STATUSES = st.sampled_from([200, 200, 200, 201, 301, 400, 403, 404, 413, 422, 429, 500, 503])


@pytest.mark.parametrize("provider", ["openai_compatible", "openrouter", "gemini", "ollama"])
@settings(max_examples=12, deadline=None)
@given(answers=st.lists(st.tuples(STATUSES, ANSWERS), min_size=10, max_size=10))
def test_any_body(provider: str, answers: list[tuple[int, Any]]) -> None:
    async def ask_all() -> None:
        async with MockJudge(record=False) as judge:
            for status, body in answers:
                judge.always(Behaviour(status=status, body=body if body is not None else b"null"))
                model = model_at(judge, provider)
                try:
                    reply: object = await model.answer(question(probability_of=("label",)))
                except JudgeModelError as error:
                    reply = error
                finally:
                    await model.aclose()
                assert isinstance(reply, JudgeModelError) or (
                    isinstance(reply, JudgeReply) and status == 200 and reply.text.strip()
                )

    asyncio.run(ask_all())

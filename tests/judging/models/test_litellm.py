import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from spanjudge.judging.models import litellm_loader
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.litellm import LiteLLMModel
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.usage import Usage
from tests.mock_judge import Behaviour, MockJudge, clouds
from tests.mock_judge.behaviour import dropped, error, openai_error
from tests.mock_judge.server import Rule

# Its first calls build its own types, and pydantic warns about them; the loader ignores that as well,
# but pytest sets the filters anew for every test.
pytestmark = pytest.mark.filterwarnings(f"ignore:{litellm_loader.ABOUT_ITSELF}:UserWarning")

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
KEY = "co-not-a-real-key-0123456789"
COHERE = ("cohere", "command-a-03-2025")
CLAUDE_ON_BEDROCK = ("bedrock", "us.anthropic.claude-sonnet-4-6")


@pytest.fixture(scope="session", autouse=True)
def litellm() -> ModuleType:
    """Imported once, outside of any request's deadline."""
    return litellm_loader.load()


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret",
        "AWS_REGION_NAME": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)


def request(**changes: Any) -> JudgeRequest:
    changes.setdefault("deadline", time.monotonic() + 10)
    return msgspec.structs.replace(REQUEST, **changes)


@asynccontextmanager
async def judge_of(
    which: tuple[str, str], *rules: Rule, path: str = "", **settings: Any
) -> AsyncGenerator[tuple[MockJudge, LiteLLMModel]]:
    settings.setdefault("api_key", KEY)
    async with MockJudge(rules=rules, wires=clouds.WIRES) as mock:
        judge = LiteLLMModel(
            JudgeModelConfig(provider=which[0], model=which[1], url=mock.url + path, **settings)
        )
        try:
            yield mock, judge
        finally:
            await judge.aclose()


def verdict(text: str) -> str:
    return json.loads(text)["value"]


@pytest.mark.parametrize("path", ["/v2/chat", "/v2", "", "/"])
async def test_cohere_gets_its_own_response_format(path: str) -> None:
    async with judge_of(COHERE, path=path) as (mock, judge):
        reply = await judge.answer(request())
    sent = mock.requests[0]
    assert sent.path == "/v2/chat"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.fields["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    assert sent.fields["model"] == "command-a-03-2025"
    assert sent.fields["temperature"] == 0
    assert sent.fields["max_tokens"] == 1024
    assert verdict(reply.text) == "low"
    assert reply.usage == Usage(input=100, output=20)
    assert reply.cost_usd == pytest.approx((100 * 2.5 + 20 * 10) / 1e6)


async def test_bedrock_signs_and_sends_the_schema_as_text() -> None:
    async with judge_of(CLAUDE_ON_BEDROCK) as (mock, judge):
        mock.always(Behaviour(usage={"cacheReadInputTokens": 30, "cacheWriteInputTokens": 10}))
        reply = await judge.answer(request())
    sent = mock.requests[0]
    assert sent.path == "/model/us.anthropic.claude-sonnet-4-6/converse"
    assert sent.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/bedrock/" in sent.headers["authorization"]
    assert KEY not in sent.headers["authorization"]  # a placeholder of the settings
    assert sent.fields["system"] == [{"text": "You judge."}]
    assert "outputConfig" in sent.fields
    assert verdict(reply.text) == "low"
    assert reply.usage == Usage(input=140, output=20, cached=30, cache_write=10)
    assert reply.cost_usd is not None


async def test_bedrocks_own_keys_are_used() -> None:
    async with judge_of(CLAUDE_ON_BEDROCK, api_key="ABSKnot-a-real-key") as (mock, judge):
        await judge.answer(request())
    assert mock.requests[0].headers["authorization"] == "Bearer ABSKnot-a-real-key"


async def test_nova_answers_through_a_tool() -> None:
    async with judge_of(("bedrock", "amazon.nova-lite-v1:0")) as (mock, judge):
        reply = await judge.answer(request())
    assert "toolConfig" in mock.requests[0].fields
    assert verdict(reply.text) == "low"


@pytest.fixture(scope="session")
def google_key() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def service_account(path: Path, key: str, mock: MockJudge) -> None:
    account = {
        "type": "service_account",
        "project_id": "some-project",
        "private_key_id": "1",
        "private_key": key,
        "client_email": "judge@some-project.example",
        "client_id": "1",
        "token_uri": f"{mock.url}/token",
    }
    path.write_text(json.dumps(account), encoding="utf-8")


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "account.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    # One project a test: LiteLLM keeps a project's credentials.
    monkeypatch.setenv("VERTEXAI_PROJECT", tmp_path.name.replace("_", "-"))
    monkeypatch.setenv("VERTEXAI_LOCATION", "europe-west4")
    return path


async def test_gemini_on_vertex(google: Path, google_key: str) -> None:
    async with judge_of(("vertex_ai", "gemini-2.5-flash")) as (mock, judge):
        service_account(google, google_key, mock)
        reply = await judge.answer(request())
    token, sent = mock.requests
    assert token.path == "/token"
    project = google.parent.name.replace("_", "-")
    where = f"/v1/projects/{project}/locations/europe-west4"
    assert sent.path == f"{where}/publishers/google/models/gemini-2.5-flash:generateContent"
    assert sent.headers["authorization"] == "Bearer google-token"
    config = sent.fields["generationConfig"]
    assert config["response_mime_type"] == "application/json"
    assert config["response_json_schema"]["required"] == ["explanation", "value"]
    assert config["max_output_tokens"] > 4_000  # it thinks, and a cap counts that
    assert verdict(reply.text) == "low"
    assert reply.usage == Usage(input=100, output=27, reasoning=7)
    assert reply.cost_usd == pytest.approx((100 * 0.3 + 27 * 2.5) / 1e6)


async def test_a_blocked_prompt_on_vertex_is_a_refusal(google: Path, google_key: str) -> None:
    async with judge_of(("vertex_ai", "gemini-2.5-flash")) as (mock, judge):
        service_account(google, google_key, mock)
        mock.always(Behaviour(refusal="blocked"))
        with pytest.raises(JudgeModelError) as caught:
            await judge.answer(request())
    assert caught.value.code == "judge_refused"


async def test_claude_on_vertex(google: Path, google_key: str) -> None:
    async with judge_of(("vertex_ai", "claude-haiku-4-5@20251001")) as (mock, judge):
        service_account(google, google_key, mock)
        reply = await judge.answer(request())
    sent = mock.requests[-1]
    assert sent.path.endswith("/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict")
    assert verdict(reply.text) == "low"
    assert reply.usage == Usage(input=100, output=20)


async def test_credentials_google_refuses_are_a_bad_key(google: Path, google_key: str) -> None:
    async with judge_of(("vertex_ai", "gemini-2.5-flash")) as (mock, judge):
        service_account(google, google_key, mock)
        refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        mock.always(error(400, refusal))
        with pytest.raises(JudgeModelError) as caught:
            await judge.answer(request())
    assert caught.value.code == "judge_key_refused"
    assert not caught.value.retryable


async def test_any_other_provider_is_asked_as_litellm_asks_it() -> None:
    async with judge_of(("deepinfra", "some/model"), path="/v1/openai") as (mock, judge):
        reply = await judge.answer(request())
    assert mock.requests[0].path == "/v1/openai/chat/completions"
    assert mock.requests[0].fields["model"] == "some/model"
    assert verdict(reply.text) == "low"


@pytest.mark.parametrize("which", [("cohere", "command-nobody-knows"), ("deepinfra", "nobody/knows")])
async def test_an_unknown_price_is_none(which: tuple[str, str]) -> None:
    async with judge_of(which) as (mock, judge):
        reply = await judge.answer(request())
    assert mock.requests
    assert verdict(reply.text) == "low"
    assert reply.usage is not None
    assert reply.cost_usd is None


async def test_configured_prices_win() -> None:
    async with judge_of(COHERE, price_input=1.0, price_output=2.0) as (_, judge):
        reply = await judge.answer(request())
    assert reply.cost_usd == pytest.approx((100 * 1 + 20 * 2) / 1e6)


async def test_a_refused_schema_leaves_words_and_is_remembered() -> None:
    def no_format(received: Any) -> Behaviour | None:
        refusal = {"message": "response_format is not supported by this model"}
        return error(400, refusal) if "response_format" in received.fields else None

    async with judge_of(COHERE, no_format) as (mock, judge):
        for _ in range(2):
            assert verdict((await judge.answer(request())).text) == "low"
    assert ["response_format" in sent.fields for sent in mock.requests] == [True, False, False]


async def test_a_refused_parameter_is_left_out_and_remembered() -> None:
    def no_temperature(received: Any) -> Behaviour | None:
        text = "Unsupported parameter: 'temperature' is not supported with this model."
        return openai_error(400, text, param="temperature") if "temperature" in received.fields else None

    async with judge_of(("deepinfra", "some/model"), no_temperature, path="/v1") as (mock, judge):
        for _ in range(2):
            assert verdict((await judge.answer(request())).text) == "low"
    assert ["temperature" in sent.fields for sent in mock.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("which", "behaviour", "code"),
    [
        # LiteLLM calls it “stop”: the JSON tells.
        (COHERE, Behaviour(finish="MAX_TOKENS", wrap=lambda text: text[:20]), "judge_answer_cut"),
        (COHERE, Behaviour(answer="  "), "judge_answer_invalid"),
        (CLAUDE_ON_BEDROCK, Behaviour(finish="max_tokens", wrap=lambda text: text[:20]), "judge_answer_cut"),
        (CLAUDE_ON_BEDROCK, Behaviour(finish="guardrail_intervened"), "judge_refused"),
        (CLAUDE_ON_BEDROCK, Behaviour(finish="content_filtered"), "judge_refused"),
        (("deepinfra", "some/model"), Behaviour(refusal="I cannot."), "judge_refused"),
    ],
)
async def test_an_answer_that_is_none_is_an_error_with_its_usage(
    which: tuple[str, str], behaviour: Behaviour, code: str
) -> None:
    async with judge_of(which) as (mock, judge):
        mock.always(behaviour)
        with pytest.raises(JudgeModelError) as caught:
            await judge.answer(request())
    assert caught.value.code == code
    assert caught.value.usage is not None


AMAZON = {"x_amzn_errortype": "ValidationException"}


@pytest.mark.parametrize(
    ("which", "behaviour", "code", "retryable"),
    [
        (COHERE, error(401, {"id": "e", "message": f"invalid api token {KEY}"}), "judge_key_refused", False),
        (COHERE, error(404, {"id": "e", "message": "model 'x' not found"}), "judge_model_unknown", False),
        (COHERE, error(402, {"message": "payment required"}), "judge_no_credit", False),
        (COHERE, error(429, {"message": "too many requests"}, retry_after="3"), "judge_rate_limited", True),
        (COHERE, error(400, {"message": "too many tokens: the maximum is 8"}), "input_too_long", False),
        (COHERE, error(500, {"message": "internal server error"}), "judge_unavailable", True),
        (COHERE, error(503, "<html><h1>busy</h1></html>"), "judge_unavailable", True),
        (COHERE, dropped(), "judge_unavailable", True),
        (
            CLAUDE_ON_BEDROCK,
            error(400, {"message": "The provided model identifier is invalid."}, **AMAZON),
            "judge_model_unknown",
            False,
        ),
        (
            CLAUDE_ON_BEDROCK,
            error(
                403,
                {"message": "The security token included in the request is invalid."},
                x_amzn_errortype="UnrecognizedClientException",
            ),
            "judge_key_refused",
            False,
        ),
        (
            CLAUDE_ON_BEDROCK,
            error(429, {"message": "Too many requests"}, x_amzn_errortype="ThrottlingException"),
            "judge_rate_limited",
            True,
        ),
        (
            CLAUDE_ON_BEDROCK,
            error(400, {"message": "Input is too long for requested model."}, **AMAZON),
            "input_too_long",
            False,
        ),
        (
            CLAUDE_ON_BEDROCK,
            error(503, {"message": "unavailable"}, x_amzn_errortype="ServiceUnavailableException"),
            "judge_unavailable",
            True,
        ),
        (("deepinfra", "m"), openai_error(404, "The model m does not exist"), "judge_model_unknown", False),
        (("deepinfra", "m"), openai_error(402, "Insufficient balance"), "judge_no_credit", False),
        (("deepinfra", "m"), openai_error(429, "slow down", retry_after="3"), "judge_rate_limited", True),
    ],
)
async def test_errors_are_told_apart(
    which: tuple[str, str], behaviour: Behaviour, code: str, *, retryable: bool
) -> None:
    async with judge_of(which) as (mock, judge):
        mock.always(behaviour)
        with pytest.raises(JudgeModelError) as caught:
            await judge.answer(request())
    found = caught.value
    assert (found.code, found.retryable) == (code, retryable)
    assert found.retry_after == (3 if behaviour.headers.get("retry-after") else None)
    for secret in (KEY, "not-a-real-secret", "AKIDEXAMPLE"):
        assert secret not in str(found)
    assert len(mock.requests) == 1  # retries are not LiteLLM's business


async def test_a_judge_that_hangs_ends_at_the_deadline() -> None:
    async with judge_of(COHERE) as (mock, judge):
        mock.always(Behaviour(until=asyncio.Event()))
        with pytest.raises(JudgeModelError) as caught:
            await judge.answer(request(deadline=time.monotonic() + 0.3))
    assert caught.value.code == "judge_timeout"
    assert caught.value.retryable


async def test_a_cancelled_question_hangs_up() -> None:
    async with judge_of(COHERE) as (mock, judge):
        mock.always(Behaviour(until=asyncio.Event()))
        question = asyncio.create_task(judge.answer(request()))
        await mock.arrived.wait()
        question.cancel()
        with pytest.raises(asyncio.CancelledError):
            await question
        while mock.in_flight:  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0.001)
        assert mock.abandoned == 1


async def test_nothing_is_printed_or_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with judge_of(COHERE) as (mock, judge):
        mock.then(Behaviour(), error(500, {"message": "internal server error"}))
        await judge.answer(request(subject="a secret subject"))
        with pytest.raises(JudgeModelError):
            await judge.answer(request(subject="a secret subject"))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""
    assert "a secret subject" not in caplog.text


async def test_the_applications_own_callbacks_do_not_see_the_judge(litellm: ModuleType) -> None:
    seen: list[str] = []
    noted = asyncio.Event()

    async def note(call: dict[str, Any], *_: object) -> None:
        seen.append(call["messages"][-1]["content"])
        noted.set()

    litellm.success_callback.append(note)
    try:
        async with judge_of(COHERE) as (mock, judge):
            await judge.answer(request())
            await litellm.acompletion(
                "cohere/command-a-03-2025",
                [{"role": "user", "content": "the application's own"}],
                api_base=f"{mock.url}/v2/chat",
                api_key=KEY,
            )
            await asyncio.wait_for(noted.wait(), 10)
    finally:
        # It moves callbacks that are coroutines to a list of their own.
        litellm.logging_callback_manager.remove_callback_from_list_by_object(litellm.success_callback, note)
        litellm.logging_callback_manager.remove_callback_from_list_by_object(
            litellm._async_success_callback, note
        )
    assert seen == ["the application's own"]

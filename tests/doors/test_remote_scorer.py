"""OpenObserve's client against the server, over HTTP, with a judge behind HTTP: what users see in the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spanjudge.evaluators.gallery import scorers
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.models.scripted import Answer, ScriptedModel
from spanjudge.judging.result import FailureCode
from spanjudge.remote_scorer.export import openobserve_files
from spanjudge.remote_scorer.openobserve import WORDS, check
from spanjudge.server.limits import Limits
from tests.doors.openobserve_client import Auth, OpenObserveClient, RemoteScorerError
from tests.mock_judge import MockJudge
from tests.server.running import TOKEN, Running, running

MESSAGES = json.dumps(
    [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": 'Which city is "the capital" of France?'}]},
    ]
)
ANSWER = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Paris"}]}])
SPAN = {"input": MESSAGES, "output": ANSWER}
KINDS = {
    "hallucination": "numeric",
    "answer_relevance": "numeric",
    "coherence": "numeric",
    "helpfulness": "numeric",
    "instruction_following": "categorical",
    "toxicity": "categorical",
    "bias": "boolean",
    "output_format": "boolean",
}


def client_of(server: Running, scorer: str = "toxicity", **more: Any) -> OpenObserveClient:
    """A client set up with the file we export."""
    file = openobserve_files(scorers(), f"{server.url}/evaluate", TOKEN)[f"scorers/{scorer}.json"]["scorer"]
    params = file["params"]
    settings: dict[str, Any] = {
        "endpoint": params["endpoint"],
        "template": file["template"],
        "auth": Auth(kind=params["auth"]["type"], token=params["auth"]["token"]),
        "method": params["http_method"],
        "timeout": params["timeout_ms"] / 1000,
        "max_retries": params["max_retries"],
    }
    return OpenObserveClient(**(settings | more))


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running() as server:
        yield server


async def error_of(client: OpenObserveClient, **variables: Any) -> str:
    with pytest.raises(RemoteScorerError) as caught:
        await client.score(variables or SPAN)
    assert caught.value.attempts == 1, "an error of ours is never asked again"
    return str(caught.value)


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
async def test_every_scorer_is_stored_with_its_type(server: Running, name: str, kind: str) -> None:
    score = await client_of(server, name).score(SPAN)
    assert (score.kind, score.attempts) == (kind, 1)
    check(scorers()[name].answer, score.value)
    assert score.reason
    assert score.metadata is not None
    assert {"model", "input_tokens", "verdict", "evaluator_version"} <= set(score.metadata)
    assert score.raw.startswith('{"code":"OK","value":')
    json.loads(score.raw)


async def test_every_scorer_asks_a_judge_over_http(mock_judge: MockJudge) -> None:
    model = open_model(
        JudgeModelConfig(provider="openai_compatible", model="m", api_key="k", url=f"{mock_judge.url}/v1")
    )
    try:
        async with running(model) as server:
            for name in KINDS:
                assert (await client_of(server, name).score(SPAN)).attempts == 1
    finally:
        await model.aclose()
    assert len(mock_judge.requests) == len(KINDS)
    assert all("Paris" in request.text for request in mock_judge.requests)


@pytest.mark.parametrize(
    "value", ['He said "hi"', '"', '{"a": "b"}', 'quoted: ""', "back\\slash", 'ends \\"']
)
async def test_values_the_client_breaks_reach_the_judge_whole(value: str) -> None:
    model = ScriptedModel()
    async with running(model) as server:
        await client_of(server).score({"input": f"in {value}", "output": f"out {value}"})
    asked = model.requests[0].user
    assert f"out {value}" in asked
    assert f"in {value}" in asked


async def test_a_variable_nobody_mapped_is_told_by_its_name(server: Running) -> None:
    template = '{"scorer_name": "toxicity", "output": "{{ gen_ai_output_messages }}"}'
    error = await error_of(client_of(server, template=template), input="x")
    assert error.startswith("Remote scorer returned code 'MISSING_INPUT'")
    assert "gen_ai_output_messages" in error


async def test_the_forms_default_template_is_answered_with_the_right_one(server: Running) -> None:
    error = await error_of(client_of(server, template="Evaluate {{ input }} and {{ output }}."))
    assert "code 'INVALID_TEMPLATE'" in error
    assert '"output": "{{ output }}"' in error


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("", "INVALID_JSON"),
        ("[]", "INVALID_JSON"),
        ('{"output": NaN}', "INVALID_JSON"),
        ('{"output": "a", "output": "b"}', "INVALID_JSON"),
        ('{"scorer_name": "toxicity", "output": 7}', "INVALID_JSON"),
        ('{"output": {{ plain }}}', "INVALID_TEMPLATE"),
        ('{"output": "x"}', "UNKNOWN_SCORER"),
        ('{"scorer_name": "toxicty", "output": "x"}', "UNKNOWN_SCORER"),
        ('{"scorer_name": "toxicity"}', "MISSING_INPUT"),
        ('{"scorer_name": "hallucination", "output": "x"}', "MISSING_INPUT"),
        ("[" * 10_000, "INVALID_JSON"),
    ],
)
async def test_a_template_that_cannot_work_is_told_what_to_do(
    server: Running, template: str, code: str
) -> None:
    assert f"code '{code}'" in await error_of(client_of(server, template=template), plain="What is it?")


async def test_too_much_is_told(server: Running) -> None:
    assert "code 'INPUT_TOO_LONG'" in await error_of(client_of(server), output="x" * 5_000_000)


async def test_what_the_client_sends_at_most_is_judged(server: Running) -> None:
    long: dict[str, Any] = dict.fromkeys(("input", "output"), "word " * 8_000)
    assert (await client_of(server).score(long)).kind == "categorical"


@pytest.mark.parametrize(
    "auth",
    [
        Auth(kind="basic", username="openobserve", token=TOKEN),
        Auth(kind="api_key", header="X-API-Key", token=TOKEN),
        Auth(kind="api_key", header="My-Own-Header", token=TOKEN),
    ],
)
async def test_the_other_ways_to_authenticate_work(server: Running, auth: Auth) -> None:
    assert (await client_of(server, auth=auth).score(SPAN)).attempts == 1


@pytest.mark.parametrize(
    "auth", [Auth(), Auth(kind="bearer", token="wrong"), Auth(kind="api_key", token="x")]
)
async def test_a_wrong_token_is_told(server: Running, auth: Auth) -> None:
    assert "code 'UNAUTHORIZED'" in await error_of(client_of(server, auth=auth))


@pytest.mark.parametrize(
    ("path", "method", "code"),
    [
        ("/nothing", "POST", "NOT_FOUND"),
        ("/evaluate", "GET", "METHOD_NOT_ALLOWED"),
        ("/evaluate", "DELETE", "METHOD_NOT_ALLOWED"),
    ],
)
async def test_a_wrong_address_is_told(server: Running, path: str, method: str, code: str) -> None:
    client = client_of(server, endpoint=server.url + path, method=method)
    assert f"code '{code}'" in await error_of(client)


async def test_a_wrong_content_type_is_told(server: Running) -> None:
    client = client_of(server, template="input={{ input }}", content_type="application/x-www-form-urlencoded")
    assert "code 'UNSUPPORTED_MEDIA_TYPE'" in await error_of(client)


@pytest.mark.parametrize("code", WORDS)
async def test_every_trouble_of_the_judge_is_told(code: FailureCode) -> None:
    model = ScriptedModel(JudgeModelError(code, "The judge said why."))
    async with running(model) as server:
        assert f"code '{WORDS[code]}'" in await error_of(client_of(server))


async def test_overload_is_told() -> None:
    async with running(scorer={"max_in_flight": 0}) as server:
        assert "code 'OVERLOADED'" in await error_of(client_of(server))
    async with running(limits=Limits(connections=0)) as server:
        assert "code 'OVERLOADED'" in await error_of(client_of(server))


async def test_a_client_that_gives_up_and_asks_again_pays_once() -> None:
    let = asyncio.Event()
    asked = 0

    async def judge(request: JudgeRequest) -> Answer:
        nonlocal asked
        asked += 1
        await let.wait()
        return (await ScriptedModel().answer(request)).text

    async with running(ScriptedModel(judge)) as server:
        asyncio.get_running_loop().call_later(0.5, let.set)
        score = await client_of(server, timeout=0.2, backoff=0.05).score(SPAN)
    assert score.attempts > 1
    assert asked == 1


async def test_a_span_delivered_twice_is_paid_once() -> None:
    model = ScriptedModel()
    async with running(model) as server:
        first, second = [await client_of(server).score(SPAN) for _ in range(2)]
    assert first.value == second.value
    assert len(model.requests) == 1


async def test_a_long_reason_leaves_the_score_readable() -> None:
    def judge(request: JudgeRequest) -> Answer:
        text = {"type": "string"}
        filled = {
            key: "so " * 3_000 if schema.get("type") == text["type"] and "enum" not in schema else "low"
            for key, schema in request.schema["properties"].items()
        }
        return json.dumps(filled)

    async with running(ScriptedModel(judge)) as server:
        score = await client_of(server).score(SPAN)
    assert json.loads(score.raw)["value"] == score.value
    assert len(score.raw.encode()) < 4_000

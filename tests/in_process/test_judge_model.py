"""The judge model of an application's environment: which one, where, with which key; real calls."""

import logging
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.in_process.judge_model import NamedModel, SharedModel, judge_model
from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.judge_settings import JudgeSettings, judge_settings
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel
from tests.mock_judge import Behaviour, MockJudge

SECRET = "sk-0123456789abcdef"


def settings(**environ: str) -> JudgeSettings:
    return judge_settings(environ)


def refused(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        judge_model(environ)
    told = str(caught.value)
    assert SECRET not in told
    return told


def question() -> JudgeRequest:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"fits": {"type": "boolean"}},
        "required": ["fits"],
        "additionalProperties": False,
    }
    return JudgeRequest(
        system="Judge.", subject="", question="Does it fit?", schema=schema, schema_name="fit"
    )


def test_openai_with_the_contract_s_model_is_the_default() -> None:
    found = settings(OPENAI_API_KEY=SECRET)
    assert (found.config.provider, found.config.model, found.config.url) == ("openai", "gpt-4o-mini", None)
    assert (found.provider, found.config.api_key, found.problems) == ("openai", SECRET, ())


def test_the_first_key_counts_and_an_empty_one_is_none() -> None:
    both = {"OPENAI_API_KEY": "sk-first", "GENAI_OPENAI_API_KEY": "sk-second"}
    assert settings(**both).config.api_key == "sk-first"
    assert settings(**both | {"OPENAI_API_KEY": " "}).config.api_key == "sk-second"


def test_the_first_model_counts() -> None:
    environ = {name: name.lower() for name in variables.MODELS}
    for name in variables.MODELS:
        assert settings(OPENAI_API_KEY=SECRET, **environ).config.model == name.lower()
        del environ[name]
    assert settings(OPENAI_API_KEY=SECRET, **environ).config.model == "gpt-4o-mini"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
        ("https://gateway.example.com/team/openai/", "https://gateway.example.com/team/openai"),
    ],
)
def test_an_address_comes_with_or_without_its_path(address: str, url: str) -> None:
    found = settings(OPENAI_BASE_URL=address, OPENAI_MODEL="qwen3:32b")
    assert found.config.url == url
    assert (found.config.provider, found.config.api_key, found.provider) == (
        "openai_compatible",
        "",
        "openai",
    )


def test_deepeval_s_address_counts_before_openai_s() -> None:
    found = settings(DEEPEVAL_LLM_BASE_URL="http://one:1/v1", OPENAI_BASE_URL="http://two:2/v1")
    assert found.config.url == "http://one:1/v1"


def test_openai_s_own_address_is_openai() -> None:
    found = settings(OPENAI_BASE_URL="https://eu.api.openai.com/v1", OPENAI_API_KEY=SECRET)
    assert found.config.provider == "openai"
    assert "OPENAI_API_KEY is not set" in refused(OPENAI_BASE_URL="https://api.openai.com/v1")


@pytest.mark.parametrize(
    ("model", "wire"),
    [
        ("", "openai"),
        ("gpt-5.4-mini", "openai"),
        ("openai/o3", "openai"),
        ("gpt-oss:20b", "openai_compatible"),
        ("llama-3.3-70b", "openai_compatible"),
    ],
)
def test_a_gateway_to_openai_s_models_is_asked_as_openai_is(model: str, wire: str) -> None:
    environ = {"OPENAI_BASE_URL": "http://gateway/v1", "OPENAI_MODEL": model, "DEEPEVAL_LLM_PROVIDER": "team"}
    assert settings(**environ).config.provider == wire
    assert judge_model(environ).provider == "team"


def test_without_a_key_openai_is_not_asked_and_the_ways_out_are_told() -> None:
    told = refused()
    for word in ("OPENAI_API_KEY is not set", "OPENAI_BASE_URL", "SPANJUDGE_JUDGE_PROVIDER", "embedded"):
        assert word in told


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"OPENAI_BASE_URL": "localhost:8000/v1"},
            "OPENAI_BASE_URL=localhost:8000/v1: expected an address that starts with http:// or https://",
        ),
        ({"DEEPEVAL_LLM_BASE_URL": "http://"}, "DEEPEVAL_LLM_BASE_URL=http://: expected an address"),
        (
            {"OPENAI_BASE_URL": "http://h/v1?key=sk-0123456789abcdef"},
            "OPENAI_BASE_URL must have no “?…” part",
        ),
        ({"OPENAI_BASE_URL": "http://me:sk-0123456789abcdef@h/v1"}, "put the key in OPENAI_API_KEY instead"),
        ({"OPENAI_API_KEY": f"{SECRET}\nsk-2"}, "OPENAI_API_KEY holds characters that no key has"),
        ({"GENAI_OPENAI_API_KEY": f"“{SECRET}”"}, "GENAI_OPENAI_API_KEY holds characters that no key has"),
        (
            {"OPENAI_API_KEY": f"'{SECRET}'"},
            "OPENAI_API_KEY=(hidden): the quotation marks are part of the value",
        ),
        (
            {"SPANJUDGE_JUDGE_PROVIDER": "opnai"},
            "SPANJUDGE_JUDGE_PROVIDER='opnai': no such provider; did you mean",
        ),
        ({"SPANJUDGE_JUDGE_PROVIDER": "openai"}, "SPANJUDGE_JUDGE_API_KEY is not set: openai needs a key"),
        ({"O2_JUDGE_PROVIDER": "openai"}, "O2_JUDGE_API_KEY is not set: openai needs a key"),
        ({"O2_JUDGE_PROVIDER": "ollama", "SPANJUDGE_JUDGE_PROVIDER": "openai"}, "contradict each other"),
        (
            {
                "SPANJUDGE_JUDGE_PROVIDER": "ollama",
                "SPANJUDGE_JUDGE_URL": "here",
                "SPANJUDGE_JUDGE_MODEL": "m",
            },
            "expected an address that starts with http:// or https://",
        ),
        (
            {
                "SPANJUDGE_JUDGE_PROVIDER": "openai",
                "SPANJUDGE_JUDGE_MODEL": "m",
                "SPANJUDGE_JUDGE_API_KEY": SECRET,
                "SPANJUDGE_JUDGE_URL": "http://h/v1?a=b",
            },
            "SPANJUDGE_JUDGE_URL must have no “?…” part",
        ),
    ],
)
def test_what_cannot_be_asked_is_told_with_variable_and_fix(environ: dict[str, str], message: str) -> None:
    assert message in refused(**environ)


def test_the_server_s_variables_come_before_openai_s() -> None:
    environ = {
        "OPENAI_API_KEY": "sk-other",
        "SPANJUDGE_JUDGE_PROVIDER": "Anthropic",
        "SPANJUDGE_JUDGE_API_KEY": SECRET,
        "O2_JUDGE_MODEL": "claude-haiku-4-5",
        "O2_JUDGE_TIMEOUT_SECONDS": "7",
        "SPANJUDGE_JUDGE_CONCURRENCY": "3",
        "SPANJUDGE_JUDGE_BATCHING": "no",
    }
    config = judge_settings(environ, concurrency=1000).config
    assert (config.provider, config.api_key, config.model) == ("anthropic", SECRET, "claude-haiku-4-5")
    assert (config.timeout, config.concurrency, config.batching) == (7, 3, False)


def test_lesser_settings_hold_for_every_judge_and_a_bad_one_costs_only_itself() -> None:
    found = settings(
        OPENAI_API_KEY=SECRET,
        SPANJUDGE_JUDGE_TIMEOUT_SECONDS="5",
        SPANJUDGE_JUDGE_MAX_RETRIES="lots",
        SPANJUDGE_JUDGE_PRICE_INPUT="0.1",
    )
    assert (found.config.timeout, found.config.max_retries, found.config.price_input) == (5, 4, 0.1)
    assert [problem.partition(" such as ")[::2] for problem in found.problems] == [
        ("SPANJUDGE_JUDGE_MAX_RETRIES='lots': expected a whole number from 0 to 20,", "4; 4 is used instead")
    ]


@pytest.mark.parametrize("name", ["SPANJUDGE_JUDGE_MODEL", "O2_JUDGE_API_KEY", "SPANJUDGE_EMBEDDED_THREADS"])
def test_a_setting_that_waits_for_a_provider_is_told(name: str) -> None:
    found = settings(OPENAI_API_KEY=SECRET, **{name: "4"})
    assert found.problems == (f"{name} has no effect without SPANJUDGE_JUDGE_PROVIDER: set that too",)
    assert found.config.api_key == SECRET


def test_the_model_never_holds_the_workers_up() -> None:
    environ = {"OPENAI_API_KEY": SECRET}
    assert judge_settings(environ).config.concurrency == 64
    assert judge_settings(environ, concurrency=4).config.concurrency == 64
    assert judge_settings(environ, concurrency=1024).config.concurrency == 1024


def test_no_repr_shows_the_key() -> None:
    found = settings(OPENAI_API_KEY=SECRET)
    assert SECRET not in repr(found)
    assert "gpt-4o-mini" in repr(found)
    assert SECRET not in repr(judge_model({"OPENAI_API_KEY": SECRET}))


def test_the_embedded_judge_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)  # as where it is not installed
    with pytest.raises(MissingExtraError, match=r"pip install 'spanjudge\[embedded\]'"):
        judge_model({"SPANJUDGE_JUDGE_PROVIDER": "embedded"})


def test_the_embedded_judge_s_file_and_folder_are_read() -> None:
    found = settings(
        SPANJUDGE_JUDGE_PROVIDER="embedded", SPANJUDGE_DATA_DIR="/data", SPANJUDGE_EMBEDDED_THREADS="2"
    )
    assert (found.config.cache_dir, found.config.threads) == ("/data/models", 2)


def test_what_is_wrong_with_lesser_settings_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        judge_model({"OPENAI_API_KEY": SECRET, "SPANJUDGE_JUDGE_PRICE_OUTPUT": "much"})
    assert "SPANJUDGE_JUDGE_PRICE_OUTPUT='much'" in caplog.text


async def test_the_judge_is_asked_where_the_environment_says(mock_judge: MockJudge) -> None:
    environ = {"OPENAI_BASE_URL": mock_judge.url, "OPENAI_API_KEY": SECRET, "DEEPEVAL_LLM_MODEL": "qwen3:32b"}
    model = judge_model(environ | {"DEEPEVAL_LLM_PROVIDER": "vllm"})
    try:
        reply = await model.answer(question())
    finally:
        await model.aclose()
    assert msgspec.json.decode(reply.text) in ({"fits": True}, {"fits": False})
    assert (model.provider, model.model) == ("vllm", "qwen3:32b")
    request = mock_judge.requests[0]
    assert (request.path, request.fields["model"]) == ("/v1/chat/completions", "qwen3:32b")
    assert request.headers["authorization"] == f"Bearer {SECRET}"


async def test_a_server_of_one_s_own_needs_no_key(mock_judge: MockJudge) -> None:
    model = judge_model({"DEEPEVAL_LLM_BASE_URL": f"{mock_judge.url}/v1/"})
    try:
        await model.answer(question())
    finally:
        await model.aclose()
    assert "authorization" not in mock_judge.requests[0].headers
    assert model.traits.batches


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, ("refused the API key", "check GENAI_OPENAI_API_KEY")),
        (404, ("check OPENAI_MODEL", "DEEPEVAL_LLM_BASE_URL")),
    ],
)
async def test_errors_of_the_judge_name_the_variables_that_were_set(
    mock_judge: MockJudge, status: int, words: tuple[str, ...]
) -> None:
    mock_judge.always(Behaviour(status=status, body={"error": {"message": f"no such model: {SECRET}"}}))
    model = judge_model(
        {"DEEPEVAL_LLM_BASE_URL": mock_judge.url, "GENAI_OPENAI_API_KEY": SECRET, "OPENAI_MODEL": "m"}
    )
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(question())
    await model.aclose()
    told = str(caught.value)
    assert told == caught.value.message
    assert f"the judge at {mock_judge.url.removeprefix('http://')}" in told
    for word in words:
        assert word in told
    assert "O2_" not in told
    assert SECRET not in told


class _Closing(ScriptedModel):
    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_shared_model_is_opened_once_and_closed_by_the_last() -> None:
    made: list[_Closing] = []

    def make() -> _Closing:
        made.append(_Closing())
        return made[-1]

    shared = SharedModel(make)
    shared.prepare()
    one, other = shared(), shared()
    assert len(made) == 1
    await one.aclose()
    await one.aclose()
    assert made[0].closed == 0
    assert (await other.answer(question())).model == other.model == "scripted"
    await other.aclose()
    assert made[0].closed == 1
    again = shared()
    assert len(made) == 2
    await again.aclose()


FORKED = """
import os
from spanjudge.in_process.judge_model import SharedModel
from spanjudge.judging.models.scripted import ScriptedModel

made = []
shared = SharedModel(lambda: made.append(os.getpid()) or ScriptedModel())
shared()
child = os.fork()
shared()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert made == [os.getpid()], made
else:
    assert made == [os.getppid(), os.getpid()], made
"""


def test_a_forked_child_opens_a_model_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True)  # noqa: S603 - our own program


def test_a_shared_model_that_cannot_be_opened_is_tried_again() -> None:
    found = iter([ScriptedModel()])
    tries: list[int] = []

    def make() -> ScriptedModel:
        tries.append(1)
        if len(tries) == 1:
            raise SettingsError("not yet")
        return next(found)

    shared = SharedModel(make)
    with pytest.raises(SettingsError, match="not yet"):
        shared.prepare()
    assert shared().provider == "scripted"


def test_a_named_model_keeps_the_traits() -> None:
    model = judge_model({"OPENAI_BASE_URL": "http://h/v1", "OPENAI_MODEL": "qwen3:8b"})
    assert isinstance(model, NamedModel)
    assert not model.traits.batches

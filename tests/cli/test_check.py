"""`spanjudge check`: plain words about each thing that can be wrong."""

from pathlib import Path

import pytest

from spanjudge import settings
from spanjudge.cli.check import check_all
from tests.cli.process import KEY, environment, judge_at, spanjudge
from tests.mock_judge import Behaviour, MockJudge
from tests.mock_judge.behaviour import openai_error, web_page


async def test_a_judge_that_works_is_told_with_what_it_took(mock_judge: MockJudge, tmp_path: Path) -> None:
    code, out, _ = await spanjudge("check", env=environment(tmp_path, judge_at(mock_judge.url)))
    assert code == 0
    assert f"default: openai gpt-5.4-mini at {mock_judge.url}/v1" in out
    assert "works: judged a harmless answer" in out
    assert "structured output: json_schema" in out
    assert "tokens: " in out
    assert "cost: " in out
    assert KEY not in out


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (openai_error(401, "Incorrect API key", code="invalid_api_key"), "the key was not accepted"),
        (openai_error(429, "No credit", code="insufficient_quota"), "there is no money or quota left"),
        (openai_error(404, "No model", code="model_not_found"), "the provider does not have this model"),
        (Behaviour(refusal="I cannot."), "refused to judge a harmless text"),
        (Behaviour(answer="not JSON at all"), "does not keep to the answer's form"),
        (web_page(), "O2_JUDGE_URL"),
    ],
)
async def test_what_is_wrong_is_told(
    behaviour: Behaviour, told: str, mock_judge: MockJudge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mock_judge.always(behaviour)
    loaded = settings.load(environment(tmp_path, judge_at(mock_judge.url)))
    assert not await check_all(loaded)
    out = capsys.readouterr().out
    assert "does not work" in out
    assert told in out
    assert KEY not in out


async def test_an_address_where_nobody_is_and_an_ended_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = judge_at("http://127.0.0.1:9") | {
        "O2_JUDGE_MODEL": "o1-mini",
        "SPANJUDGE_JUDGE_MAX_RETRIES": "0",
    }
    assert not await check_all(settings.load(environment(tmp_path, changes)))
    out = capsys.readouterr().out
    assert "ended: o1-mini was ended by its vendor on 2025-10-27; use gpt-5.4-mini" in out
    assert "cannot be reached" in out


async def test_every_judge_of_the_settings_is_asked(
    mock_judge: MockJudge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spanjudge.yaml"
    file.write_text(
        f"judges: {{second: {{provider: openai_compatible, model: m, url: '{mock_judge.url}/v1'}}}}\n",
        encoding="utf-8",
    )
    changes = judge_at(mock_judge.url) | {"SPANJUDGE_CONFIG": str(file)}
    assert await check_all(settings.load(environment(tmp_path, changes)))
    out = capsys.readouterr().out
    assert out.count("works: ") == 2
    assert "second: openai_compatible m" in out
    assert "no price list knows this model" in out

"""`spanjudge demo`: traces over OTLP, the table, the ports, the end."""

import re
import signal
import socket
import sqlite3
from collections import Counter
from pathlib import Path

import aiohttp

from spanjudge.cli.demo_traces import EVALUATORS, samples
from spanjudge.evaluators import gallery
from tests.cli.process import environment, judge_at, running, spanjudge
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import error

VERDICTS = 10
CALLS = 6
"""Two verdicts need no judge (an empty answer, arguments that break their schema), two pairs share a call."""


def test_every_evaluator_is_the_gallerys_and_has_something_to_judge() -> None:
    rooms = {"metrics": gallery.metrics(), "templates": gallery.templates()}
    assert all(place in rooms[room] for room, place, _ in EVALUATORS.values())
    expected = samples().expected
    assert {row.evaluator for row in expected} == set(EVALUATORS)
    assert len(expected) == VERDICTS
    assert Counter(row.passes for row in expected)[False] >= 5
    assert all(row.service in EVALUATORS[row.evaluator][2] for row in expected)


async def test_the_table_has_every_verdict_and_the_exit_code_is_good(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    env = environment(tmp_path, judge_at(mock_judge.url))
    code, out, err = await spanjudge("demo", "--exit", "--port", "0", env=env)
    assert (code, err) == (0, "")
    for row in samples().expected:
        assert re.search(rf"^{row.service} +{row.evaluator} +(pass|fail) ", out, re.MULTILINE)
    assert re.search(rf"\d+ of {VERDICTS} verdicts as expected, in \d+ s", out)
    assert len(mock_judge.requests) == CALLS


async def test_what_cannot_be_judged_is_told_with_its_reason(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = environment(tmp_path, judge_at(mock_judge.url))
    _, out, _ = await spanjudge("demo", "--exit", "--port", "0", env=env)
    _, told = out.split("Not judged, and why:")
    assert re.search(r"failure_answer: failed call", told)
    assert re.search(r"failure_answer: (no content|waiting)", told)


async def test_a_verdict_that_is_missing_is_told_and_makes_the_exit_code_1(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    mock_judge.always(error(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}))
    env = environment(tmp_path, judge_at(mock_judge.url))
    code, out, _ = await spanjudge("demo", "--exit", "--port", "0", env=env)
    assert code == 1
    assert re.search(r"(8|9|10) without a verdict", out)
    assert "paused" in out
    assert "O2_JUDGE_API_KEY" in out


async def test_it_serves_on_at_a_free_port_until_ctrl_c(mock_judge: MockJudge, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = environment(tmp_path, judge_at(mock_judge.url))
        async with running("demo", "--port", port, env=env) as process:
            assert process.stdout is not None
            out = ""
            while "Ctrl-C ends it." not in out:
                line = await process.stdout.readline()
                assert line, out
                out += line.decode()
            found = re.search(r"Serving at (\S+)  ·  token (\S+)", out)
            assert found
            address, token = found.groups()
            assert not address.endswith(f":{port}")
            explain = re.search(r"(/api/v1/spans/\S+/explain)", out)
            assert explain
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(f"{address}{explain[1]}") as response,
            ):
                told = await response.json()
            assert {one["evaluator"] for one in told["evaluators"]} == set(EVALUATORS)
            assert Counter(one["state"] for one in told["evaluators"])["judged"] == 1
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
    assert process.returncode == 0
    assert f"Port {port} is in use; taking a free one." in err.decode()
    assert "Traceback" not in err.decode()


async def test_a_token_of_the_settings_is_not_printed(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = environment(tmp_path, judge_at(mock_judge.url) | {"O2_JUDGE_AUTH_TOKEN": "own-token-of-mine"})
    async with running("demo", "--port", "0", env=env) as process:
        assert process.stdout is not None
        out = ""
        while "Ctrl-C ends it." not in out:
            line = await process.stdout.readline()
            assert line, out
            out += line.decode()
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert "own-token-of-mine" not in out + err.decode()
    assert "with your token" in out
    assert "$O2_JUDGE_AUTH_TOKEN" in out


async def test_a_users_own_store_is_left_alone(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = environment(tmp_path, judge_at(mock_judge.url))
    for _ in range(2):
        code, _, _ = await spanjudge("demo", "--exit", "--port", "0", env=env)
        assert code == 0
    assert not (tmp_path / "spanjudge.db").exists()
    with sqlite3.connect(tmp_path / "demo" / "spanjudge.db") as connection:
        (spans,) = connection.execute("SELECT count(*) FROM spans").fetchone()
    connection.close()
    assert spans == samples().spans

"""`spanjudge serve` as a process: signals, tokens, logs, and what it does not import."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cli.process import KEY, TOKEN, environment, judge_at, python, serving, spanjudge
from tests.mock_judge import Behaviour, MockJudge
from tests.mock_judge.behaviour import held

CONTENT = "planted-content-of-a-user"
BODY = {"scorer_name": "toxicity", "output": CONTENT}


async def evaluate(address: str, token: str = TOKEN, **body: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "request-of-the-test"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/evaluate", json=body or BODY, headers=headers) as response,
    ):
        assert response.headers["x-request-id"] == "request-of-the-test"
        return response.status, await response.json()


async def test_what_is_under_way_is_answered_before_the_end(mock_judge: MockJudge, tmp_path: Path) -> None:
    go = asyncio.Event()
    mock_judge.always(held(go))
    env = environment(tmp_path, judge_at(mock_judge.url) | {"O2_JUDGE_AUTH_TOKEN": TOKEN})
    async with serving(env=env) as served:
        asked = asyncio.create_task(evaluate(served.address))
        await mock_judge.arrived.wait()
        ended = asyncio.create_task(served.end(signal.SIGTERM))
        await asyncio.sleep(0)
        go.set()
        status, answer = await asked
        assert (status, answer["code"]) == (200, "OK")
        assert await ended == 0
        assert (await served.logged("stopped"))["level"] == "info"


async def test_tokens_are_exchanged_on_sighup_without_a_restart(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    file.write_text("# the first\nold-token\n", encoding="utf-8")
    env = environment(tmp_path, judge_at(mock_judge.url) | {"SPANJUDGE_AUTH_TOKENS_FILE": str(file)})
    async with serving(env=env) as served:
        assert (await evaluate(served.address, "old-token"))[0] == 200
        file.write_text("new-token  # the second\n", encoding="utf-8")
        served.process.send_signal(signal.SIGHUP)
        await served.logged("tokens read again")
        assert (await evaluate(served.address, "old-token"))[0] == 401
        assert (await evaluate(served.address, "new-token"))[0] == 200
        file.write_text("# nothing left\n", encoding="utf-8")
        served.process.send_signal(signal.SIGHUP)
        await served.logged("tokens could not be read again, those before stay good")
        assert (await evaluate(served.address, "new-token"))[0] == 200


async def test_without_a_token_one_is_made_up_and_printed_once(mock_judge: MockJudge, tmp_path: Path) -> None:
    async with serving(env=environment(tmp_path, judge_at(mock_judge.url))) as served:
        printed = [line for line in served.lines if line.startswith("No O2_JUDGE_AUTH_TOKEN is set")]
        token = printed[0].rpartition(" ")[2]
        assert len(token) >= 43
        assert (await evaluate(served.address, token))[0] == 200
        assert (await evaluate(served.address, token[:-1]))[0] == 401
        await served.end()
        assert served.log.count(token) == 1
    assert (tmp_path / "issued_tokens").stat().st_mode & 0o777 == 0o600
    assert token not in (tmp_path / "issued_tokens").read_text(encoding="utf-8")
    async with serving(env=environment(tmp_path, judge_at(mock_judge.url))) as again:
        assert (await evaluate(again.address, token))[0] == 200
        await again.end()
        assert token not in again.log
        assert "A token is printed only when it is made" in again.log


async def test_where_nothing_can_be_kept_the_token_lasts_for_the_run(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    changes = {"SPANJUDGE_TOKENS_FILE": str(tmp_path / "file" / "tokens")}
    async with serving(env=environment(tmp_path, judge_at(mock_judge.url) | changes)) as served:
        printed = [line for line in served.lines if line.startswith("No O2_JUDGE_AUTH_TOKEN is set")]
        assert "this run has a token of its own" in printed[0]
        assert (await evaluate(served.address, printed[0].rpartition(" ")[2]))[0] == 200
        await served.end()


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_logs_hold_facts_and_neither_content_nor_secrets(
    level: str, mock_judge: MockJudge, tmp_path: Path
) -> None:
    mock_judge.then(
        Behaviour(),
        Behaviour(status=401, body={"error": {"message": f"bad key {KEY}, you said {CONTENT}"}}),
        Behaviour(answer=f"no JSON, {CONTENT}"),
        Behaviour(answer=f"no JSON, {CONTENT}"),
    )
    changes = {"O2_JUDGE_AUTH_TOKEN": TOKEN, "SPANJUDGE_LOG_LEVEL": level, "SPANJUDGE_LOG_CONTENT": "no"}
    async with serving(env=environment(tmp_path, judge_at(mock_judge.url) | changes)) as served:
        codes = [
            (await evaluate(served.address, scorer_name=scorer, output=CONTENT, input=CONTENT))[1]["code"]
            for scorer in ("toxicity", "bias", "coherence")
        ]
        assert codes == ["OK", "UPSTREAM_ERROR", "JUDGE_PARSE_ERROR"]
        await evaluate(served.address, token=f"{TOKEN}-wrong")
        record = await served.logged("evaluated")
        await served.end()
    assert record["scorer"] == "toxicity"
    assert record["judge_model"].startswith("gpt-5.4-mini")
    assert record["request_id"] == "request-of-the-test"
    assert {"code", "elapsed_ms", "input_tokens", "output_tokens"} <= set(record)
    for secret in (CONTENT, KEY, TOKEN):
        assert secret not in served.log


async def test_content_is_logged_by_an_explicit_switch_at_debug_level(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    changes = {"O2_JUDGE_AUTH_TOKEN": TOKEN, "SPANJUDGE_LOG_LEVEL": "debug", "SPANJUDGE_LOG_CONTENT": "yes"}
    async with serving(env=environment(tmp_path, judge_at(mock_judge.url) | changes)) as served:
        await evaluate(served.address)
        assert CONTENT in json.dumps(await served.logged("judge question"))
        await served.logged("judge answer")
        await served.end()
    assert KEY not in served.log
    assert TOKEN not in served.log


async def test_a_users_evaluator_is_served_and_replaces_a_scorer_of_its_name(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    folder = tmp_path / "evaluators"
    folder.mkdir()
    for name in ("toxicity", "on_topic"):
        text = f"name: {name}\nneeds: [output]\nrubric: It is about travel.\nanswer: {{type: boolean}}\n"
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    changes = {"O2_JUDGE_AUTH_TOKEN": TOKEN, "SPANJUDGE_EVALUATORS_DIR": str(folder)}
    async with serving(env=environment(tmp_path, judge_at(mock_judge.url) | changes)) as served:
        for name in ("toxicity", "on_topic"):
            _, answer = await evaluate(served.address, scorer_name=name, output="A train to Rome.")
            assert answer["value"] is True
        replaced = await served.logged("an evaluator of yours replaces the built-in scorer")
        assert replaced["scorer"] == "toxicity"


async def test_an_evaluator_with_an_unknown_judge_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\njudge: strict\nrubric: x\nanswer: {type: boolean}\n", encoding="utf-8")
    changes = {"O2_JUDGE_PROVIDER": "scripted", "SPANJUDGE_EVALUATORS_DIR": str(tmp_path)}
    code, _, err = await spanjudge("serve", env=environment(tmp_path / "data", changes))
    assert code == 2
    assert f"{file}: judge: no judge model is called “strict”" in err
    assert "judges.strict" in err


def resident_bytes(pid: int) -> int:
    """Memory of a process; 0 where the system does not tell (`/proc` is Linux's)."""
    file = Path(f"/proc/{pid}/statm")
    pages = int(file.read_text(encoding="ascii").split()[1]) if file.exists() else 0
    return pages * os.sysconf("SC_PAGESIZE")


async def test_heavy_parts_are_not_imported_for_a_remote_judge(mock_judge: MockJudge, tmp_path: Path) -> None:
    script = (
        "import atexit, sys\n"
        "heavy = {'litellm', 'torch', 'xllamacpp', 'fastapi', 'openai', 'rich', 'numpy'}\n"
        "atexit.register(lambda: print('imported:', *sorted(heavy & set(sys.modules))))\n"
        "from spanjudge.cli.main import run\n"
        "run(['serve', '--host', '127.0.0.1', '--port', sys.argv[1]])\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = environment(tmp_path, judge_at(mock_judge.url) | {"O2_JUDGE_AUTH_TOKEN": TOKEN})
    async with python("-c", script, str(port), env=env) as process:
        assert process.stderr is not None
        while b"listening" not in (line := await process.stderr.readline()):
            assert line, "the server ended before it listened"
        assert (await evaluate(f"http://127.0.0.1:{port}"))[1]["code"] == "OK"
        resident = resident_bytes(process.pid)
        process.terminate()
        out, _ = await process.communicate()
    assert out.decode().strip() == "imported:"
    assert resident < 130 * 1024 * 1024

"""`spanjudge demo`: the table, the port, the end."""

import re
import signal
import socket
from collections import Counter
from pathlib import Path

import aiohttp

from spanjudge.cli.demo_examples import EXAMPLES
from spanjudge.evaluators.gallery import scorers
from tests.cli.process import environment, judge_at, running, spanjudge
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import rate_limited


def test_each_scorer_has_a_good_and_a_bad_example_with_what_it_needs() -> None:
    assert Counter(example.scorer for example in EXAMPLES) == dict.fromkeys(scorers(), 2)
    assert Counter((example.scorer, example.good) for example in EXAMPLES).most_common(1)[0][1] == 1
    for example in EXAMPLES:
        assert set(scorers()[example.scorer].needs) <= set(example.body)


async def test_the_table_has_every_example_and_the_exit_code_is_good(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    env = environment(tmp_path, judge_at(mock_judge.url))
    code, out, err = await spanjudge("demo", "--exit", "--port", "0", env=env)
    assert (code, err) == (0, "")
    for example in EXAMPLES:
        assert re.search(rf"^{example.scorer} +{'good' if example.good else 'bad'} ", out, re.MULTILINE)
    assert re.search(r"\d+ of 16 as expected, in \d+ s", out)
    assert len(mock_judge.requests) == 16


async def test_a_score_that_is_missing_is_told_and_makes_the_exit_code_1(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    mock_judge.always(rate_limited())
    env = environment(tmp_path, judge_at(mock_judge.url) | {"SPANJUDGE_JUDGE_MAX_RETRIES": "0"})
    code, out, _ = await spanjudge("demo", "--exit", "--port", "0", env=env)
    assert code == 1
    assert "RATE_LIMITED" in out
    assert "16 without a score" in out


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
            assert f'curl -s {address}/evaluate -H "Authorization: Bearer {token}"' in out
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.post(f"{address}/evaluate", json=EXAMPLES[0].body) as response,
            ):
                assert (await response.json())["code"] == "OK"
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
            out += (await process.stdout.readline()).decode()
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert "own-token-of-mine" not in out + err.decode()
    assert '"Authorization: Bearer $O2_JUDGE_AUTH_TOKEN"' in out

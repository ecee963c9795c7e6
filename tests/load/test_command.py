"""The command of the load generator, against a real server."""

import json
from pathlib import Path

import sqlalchemy

from benchmarks.load import ledger
from tests.cli.process import TOKEN, environment, judge_at, python, serving
from tests.mock_judge import MockJudge


async def test_all_that_was_acknowledged_is_in_the_store(tmp_path: Path, mock_judge: MockJudge) -> None:
    env = environment(tmp_path, judge_at(mock_judge.url) | {"O2_JUDGE_AUTH_TOKEN": TOKEN})
    path = tmp_path / "ledger"
    load = ("--rate", "120", "--seconds", "4", "--seed", "5", "--ledger", str(path), "--json")
    async with serving(env=env) as served:
        arguments = ("-m", "benchmarks.load", "--url", served.address, *load)
        async with python(*arguments, env={**env, "SPANJUDGE_TOKEN": TOKEN}) as process:
            out, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")
        assert await served.end() == 0
    told = json.loads(out)
    assert told["accepted"] == told["intended"] > 20
    assert (told["rejected"], told["rejected_spans"], told["given_up"]) == (0, 0, 0)
    assert told["milliseconds"]["p50"] > 0
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'spanjudge.db'}")
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT trace_id, span_id FROM spans")).all()
    engine.dispose()
    stored = {(trace_id.hex(), span_id.hex()) for trace_id, span_id in rows}
    assert ledger.missing(path, stored) == set()
    assert len(ledger.read(path)) == len(stored) > 200

"""`spanjudge migrate` and `spanjudge copy`, as they are typed."""

import sqlite3
from pathlib import Path

import pytest

from spanjudge.store.tables import REVISION, REVISIONS
from tests.cli.process import environment, spanjudge
from tests.pipeline.live import live, path
from tests.postgres.fixtures import DATABASES, Databases

PASSWORD = "planted-password"


def url_in(folder: Path) -> dict[str, str]:
    return environment(folder, {"SPANJUDGE_DATABASE_URL": path(folder)})


def stamped(folder: Path) -> str:
    file = sqlite3.connect(folder / "spanjudge.db")
    (found,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
    file.close()
    return found


async def test_migrate_shows_checks_and_brings_to_the_newest(tmp_path: Path) -> None:
    code, _, told = await spanjudge("migrate", "--check", env=url_in(tmp_path))
    assert (code, "there is no database at" in told) == (2, True)
    code, out, _ = await spanjudge("migrate", env=url_in(tmp_path))
    assert code == 0
    assert "current: no tables yet" in out
    assert f"now: {REVISION}" in out
    code, out, _ = await spanjudge("migrate", "--check", env=url_in(tmp_path))
    assert (code, "up to date" in out) == (0, True)


async def test_migrate_goes_down_when_told_to_and_up_again(tmp_path: Path) -> None:
    async with live(tmp_path) as running:
        await running.receive(1)
        await running.ended(1)
    env = url_in(tmp_path)
    # Nobody answers here, so nothing is done.
    code, out, told = await spanjudge("migrate", "--to", "0002", env=env)
    assert code == 1
    assert f"Going back from {REVISION} to 0002 deletes what 0002 does not have" in out + told
    assert stamped(tmp_path) == REVISION
    assert (await spanjudge("migrate", "--to", "0002", "--yes", env=env))[0] == 0
    assert stamped(tmp_path) == "0002"
    code, out, _ = await spanjudge("migrate", "--check", env=env)
    assert code == 1
    assert f"to be done: {', '.join(REVISIONS[2:])}" in out
    assert stamped(tmp_path) == "0002"
    assert (await spanjudge("migrate", env=env))[0] == 0
    async with live(tmp_path) as running:
        assert [job.state for job in await running.jobs(1)] == ["done", "done"]


async def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    env = url_in(tmp_path)
    code, _, told = await spanjudge("migrate", "--to", "003", env=env)
    assert code == 2
    assert "there is no revision 003; this version knows 0001, 0002" in told
    assert "did you mean 0003?" in told
    wrong = env | {"SPANJUDGE_DATABASE_URL": f"mysql://me:{PASSWORD}@db/spans"}
    for arguments in (["migrate"], ["copy", "--to", path(tmp_path)]):
        code, out, told = await spanjudge(*arguments, env=wrong)
        assert code == 2
        assert PASSWORD not in out + told
    assert (await spanjudge("copy", env=env))[0] == 2


async def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    env = url_in(tmp_path)
    await spanjudge("migrate", env=env)
    with sqlite3.connect(tmp_path / "spanjudge.db") as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    file.close()
    code, out, _ = await spanjudge("migrate", "--check", env=env)
    assert (code, "a newer version of Spanjudge has been here" in out) == (0, True)
    code, _, told = await spanjudge("migrate", "--to", REVISION, "--yes", env=env)
    assert (code, "only that version can change it" in told) == (2, True)


@pytest.mark.parametrize("to", DATABASES)
async def test_copy_moves_a_store_and_says_what_it_moved(
    to: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with live(tmp_path) as running:
        await running.receive(1, 2, 3)
        await running.ended(1, 2, 3)
    target = path(tmp_path / "new")
    name = ""
    if to == "postgres":
        server: Databases = request.getfixturevalue("postgres_server")
        name = server.empty()
        target = server.url(name)
    assert (await spanjudge("tokens", "new", "--name", "collector", env=url_in(tmp_path)))[0] == 0
    code, out, told = await spanjudge("copy", "--to", target, env=url_in(tmp_path))
    assert (code, told) == (0, "")
    assert "spans       3" in out
    assert "results     6" in out
    assert "set SPANJUDGE_DATABASE_URL to work there" in out
    code, _, told = await spanjudge("copy", "--to", target, env=url_in(tmp_path))
    assert code == 2
    assert "is not empty" in told
    there = environment(tmp_path, {"SPANJUDGE_DATABASE_URL": target})
    _, listed, _ = await spanjudge("tokens", "list", env=there)
    assert listed.count("collector") == 1
    if name:
        assert "issued_tokens in the database now: 1" in out
        server = request.getfixturevalue("postgres_server")
        server.drop(name)

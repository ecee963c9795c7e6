"""Opening a database: where it may lie, what it may hold, and what is said when it cannot be used."""

import asyncio
import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spanjudge.pipeline.ports import Intake, StoreError
from spanjudge.store import migrations, tables
from spanjudge.store.database.sqlite import SqliteDatabase, ready_file
from spanjudge.store.store import open_store
from tests.contracts.stored import NOW, evaluator, job, span, span_id


def url(path: Path) -> str:
    return f"sqlite:///{path}"


async def made(path: Path) -> Path:
    store = await open_store(url(path))
    await store.commit([Intake(spans=[span(1)], jobs=[job(1)])], now_ns=NOW)
    await store.aclose()
    return path


async def refused(path: Path, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        await open_store(url(path), create=create)
    return str(caught.value)


async def test_what_was_stored_is_there_after_opening_again(tmp_path: Path) -> None:
    path = await made(tmp_path / "store.db")
    for create in (True, False):
        store = await open_store(url(path), create=create)
        assert len(await store.find_spans(span_id(1))) == 1
        await store.aclose()
    assert os.listdir(tmp_path) == ["store.db"]  # noqa: PTH208  # pathlib would be no less blocking


async def test_the_file_and_its_folder_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    path = await made(tmp_path / "new" / "folder" / "store.db")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_relative_path_may_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await (await open_store("sqlite:///store.db")).aclose()
    assert (tmp_path / "store.db").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mysql://user:secret@localhost/spans", "begins with mysql://.*SQLite or PostgreSQL only"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("spans.db", "is no URL"),
    ],
)
async def test_other_databases_are_refused(given: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        await open_store(given)
    assert "secret" not in str(caught.value)


async def test_an_old_sqlite_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    assert "3.38.0 or newer is needed" in await refused(tmp_path / "store.db")


async def test_a_missing_database_is_not_made_unasked(tmp_path: Path) -> None:
    assert "there is no database at" in await refused(tmp_path / "absent.db", create=False)
    assert not (tmp_path / "absent.db").exists()
    (tmp_path / "empty.db").touch()
    assert "is empty" in await refused(tmp_path / "empty.db", create=False)


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are my notes, and they are longer than a header of SQLite\n" * 50)
    assert "is not a database" in await refused(text)
    assert text.read_text().startswith("these are my notes")
    assert "is a folder" in await refused(tmp_path)


async def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE bookmarks (url TEXT)")
    file.close()
    assert "belongs to another program" in await refused(path)


async def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = await made(tmp_path / "store.db")
    content = bytearray(path.read_bytes())
    for start in range(100, len(content) - 8_192, 1_024):
        content[start : start + 512] = os.urandom(512)
    path.write_bytes(content)
    assert "is damaged" in await refused(path)


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = await made(tmp_path / "store.db")
    with sqlite3.connect(path) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    file.close()
    told = await refused(path)
    assert "written by a newer version" in told
    assert "9999" in told


_AS_NOBODY = """
import asyncio, os, sys
from spanjudge.pipeline.ports import StoreError
from spanjudge.store.store import open_store
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    asyncio.run(open_store(sys.argv[1]))
except StoreError as error:
    print(error)
"""


async def python(script: str, *arguments: str) -> str:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    assert child.returncode == 0
    return output.decode()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter, unlike those of a test."""
    with TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
def foreign(open_folder: Path) -> Path:
    """A database that may be written, in a folder that may not."""
    path = open_folder / "store.db"
    asyncio.run(made(path))
    path.chmod(0o666)
    open_folder.chmod(0o555)
    return path


async def test_a_folder_that_cannot_be_written_is_told(foreign: Path) -> None:
    there = await python(_AS_NOBODY, url(foreign))
    assert f"the folder {foreign.parent} cannot be written" in there
    new = await python(_AS_NOBODY, url(foreign.with_name("new.db")))
    assert "new.db cannot be written" in new
    assert "check the rights" in new


async def test_a_current_database_is_opened_without_alembic(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\nfrom spanjudge.store.store import open_store\n"
        "asyncio.run(open_store(sys.argv[1]))\nprint('alembic' in sys.modules)"
    )
    for _ in range(2):
        assert await python(script, url(tmp_path / "store.db")) == "False\n"


def schema(path: Path) -> set[tuple[str, str]]:
    file = sqlite3.connect(path)
    found = {
        (name, " ".join(str(sql).replace('"', "").split()).replace(" )", ")").replace(" ,", ","))
        for name, sql in file.execute("SELECT name, sql FROM sqlite_master WHERE name != 'alembic_version'")
        if not name.startswith("sqlite_")
    }
    file.close()
    return found


async def test_migrations_make_the_same_tables_and_take_them_away(tmp_path: Path) -> None:
    made_at_once = await made(tmp_path / "at-once.db")
    path = tmp_path / "step-by-step.db"
    ready_file(path, create=True)
    database = SqliteDatabase(path)
    await database.write(migrations.upgrade)
    assert schema(path) == schema(made_at_once)
    store = await open_store(url(path))
    await store.save_version(evaluator(), now_ns=NOW)
    await store.aclose()
    await database.write(lambda connection: migrations.downgrade(connection, "base"))
    assert schema(path) == set()
    await database.write(migrations.upgrade)
    assert schema(path) == schema(made_at_once)
    await database.aclose()


async def test_an_older_database_is_brought_up_to_date(tmp_path: Path) -> None:
    """A database stamped with nothing yet, as one step before the first revision."""
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    file.close()
    store = await open_store(url(path))
    await store.commit([Intake(spans=[span(1)])], now_ns=NOW)
    await store.aclose()
    file = sqlite3.connect(path)
    assert file.execute("SELECT version_num FROM alembic_version").fetchall() == [(tables.REVISION,)]
    file.close()


def test_the_newest_migration_is_the_one_the_tables_name() -> None:
    names = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("v*.py"))
    assert tuple(name.removeprefix("v") for name in names) == tables.REVISIONS
    assert tables.REVISIONS[-1] == tables.REVISION

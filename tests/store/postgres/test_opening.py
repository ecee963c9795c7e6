"""Opening a database of PostgreSQL: what it may hold, and what is said when it cannot be used."""

import asyncio
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, inspect

from spanjudge.errors import MissingExtraError
from spanjudge.pipeline.ports import Intake, StoreError
from spanjudge.store import migrations, tables
from spanjudge.store.database import open_database
from spanjudge.store.store import open_store
from tests.contracts.stored import NOW, done, evaluator, finish, job, lease, log, put, span, span_id
from tests.postgres.fixtures import Databases
from tests.postgres.server import PostgresServer, administer

FIX = "SPANJUDGE_DATABASE_URL"


async def refused(url: str, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        await open_store(url, create=create)
    return str(caught.value)


@pytest.fixture
def empty_url(postgres_server: Databases) -> Iterator[str]:
    name = postgres_server.empty()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        yield started


async def test_what_was_stored_is_there_after_opening_again(empty_url: str) -> None:
    assert "is empty; start the server once" in await refused(empty_url, create=False)
    # Any of its names will do, and a driver is not for others to choose.
    for scheme in ("postgresql", "postgres", "postgresql+psycopg2"):
        store = await open_store(empty_url.replace("postgresql", scheme, 1))
        await store.commit([Intake(spans=[span(1)], jobs=[job(1)])], now_ns=NOW)
        assert len(await store.find_spans(span_id(1))) == 1
        await store.aclose()


async def test_ten_processes_that_start_at_once_make_one_schema(empty_url: str) -> None:
    stores = await asyncio.gather(*(open_store(empty_url) for _ in range(10)))
    await asyncio.gather(*(put(one, spans=[span(n)]) for n, one in enumerate(stores)))
    assert (await stores[0].health(now_ns=NOW)).spans == 10
    await asyncio.gather(*(one.aclose() for one in stores))
    assert administer(empty_url, "SELECT version_num FROM alembic_version") == [(tables.REVISION,)]


async def test_why_it_cannot_be_reached_is_told_with_the_fix(server: PostgresServer) -> None:
    wrong = await refused(server.tcp_url("postgres", password="not-this-one"))
    assert "refuses the user or the password" in wrong
    for told in (wrong, await refused(server.tcp_url("postgres", user="nobody-known"))):
        assert FIX in told
        assert "not-this-one" not in told
    absent = await refused(server.tcp_url("absent"))
    assert "there is no such database; make it (createdb)" in absent
    nowhere = await refused("postgresql://spanjudge:a-secret@127.0.0.1:1/spans")
    assert "cannot be reached" in nowhere
    assert FIX in nowhere
    unknown = await refused("postgresql://spanjudge:a-secret@nowhere.invalid/spans")
    assert "cannot be reached" in unknown
    assert "secret" not in nowhere + unknown


async def test_the_password_lets_in(server: PostgresServer) -> None:
    server.admin("CREATE DATABASE with_password")
    await (await open_store(server.tcp_url("with_password"))).aclose()


async def test_missing_rights_are_told(server: PostgresServer) -> None:
    server.admin("CREATE ROLE reader LOGIN PASSWORD 'reads'")
    server.admin("CREATE DATABASE foreign_one")
    server.admin("REVOKE ALL ON SCHEMA public FROM public", "foreign_one")
    told = await refused(server.tcp_url("foreign_one", user="reader", password="reads"))
    assert "the user may use no schema there" in told
    server.admin("GRANT USAGE ON SCHEMA public TO reader", "foreign_one")
    told += await refused(server.tcp_url("foreign_one", user="reader", password="reads"))
    assert "has not the rights it needs" in told
    assert told.count("ALTER DATABASE … OWNER TO …") == 2


async def test_a_server_with_too_many_connections_is_told(server: PostgresServer) -> None:
    server.admin("CREATE ROLE limited LOGIN PASSWORD 'limited' CONNECTION LIMIT 0")
    told = await refused(server.tcp_url("postgres", user="limited", password="limited"))
    assert "too many connections; raise its max_connections" in told


async def test_a_standby_is_told(server: PostgresServer) -> None:
    server.admin("CREATE DATABASE standby")
    server.admin("ALTER DATABASE standby SET default_transaction_read_only = on")
    assert "takes no writes" in await refused(server.url("standby"))


async def test_another_encoding_is_told(server: PostgresServer) -> None:
    server.admin("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "keeps text as LATIN1, and UTF8 is needed" in await refused(server.url("latin"))


async def test_the_database_of_another_program_is_left_alone(server: PostgresServer) -> None:
    server.admin("CREATE DATABASE bookmarks")
    server.admin("CREATE TABLE bookmarks (url text)", "bookmarks")
    assert "belongs to another program" in await refused(server.url("bookmarks"))


async def test_a_database_of_a_newer_version_is_used_while_that_only_adds(postgres_url: str) -> None:
    administer(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    administer(postgres_url, "ALTER TABLE spans ADD COLUMN tenant text")
    store = await open_store(postgres_url)
    await store.commit([Intake(spans=[span(1)])], now_ns=NOW)
    assert len(await store.find_spans(span_id(1))) == 1
    await store.aclose()
    administer(postgres_url, "INSERT INTO meta (name, value) VALUES ('schema_line', 2)")
    told = await refused(postgres_url)
    assert "written by a newer version" in told
    assert "9999" in told


async def test_without_its_extra_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("spanjudge.store.database.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"spanjudge\[postgres\]"):
        await open_store("postgresql://spanjudge@localhost/spans")


def schema(connection: Connection) -> dict[str, object]:
    """Columns and indexes of every table, but for partitions."""
    found = inspect(connection)
    names = [name for name in found.get_table_names() if not name.rpartition("_")[2].isdigit()]
    return {
        name: (
            sorted(
                (str(one["name"]), str(one["type"]), one["nullable"], one.get("comment"))
                for one in found.get_columns(name)
            ),
            sorted(
                (str(one["name"]), one["unique"], str(one["column_names"])) for one in found.get_indexes(name)
            ),
        )
        for name in names
        if name != "alembic_version"
    }


async def test_every_column_that_tables_tell_is_there(postgres_url: str) -> None:
    database = open_database(postgres_url)
    found = await database.read(schema)
    await database.aclose()
    for table in tables.metadata.tables.values():
        columns, _ = found[table.name]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]  # as above
        nullable = {name: null for name, _, null, _ in columns}  # pyright: ignore[reportUnknownVariableType]
        assert {column.name: column.nullable for column in table.columns}.items() <= nullable.items()


async def test_migrations_go_down_and_up_again_with_what_is_stored(empty_url: str) -> None:
    store = await open_store(empty_url)
    spans = [span(n, of=n % 7, session_id="s" if n % 2 else None) for n in range(60)]
    jobs = [job(n, of=n % 7) for n in range(60)]
    for day, some in enumerate((spans[:30], spans[30:])):
        now = NOW + day * 86_400_000_000_000
        await store.commit([Intake(spans=some, logs=[log(1, of=1)], jobs=jobs)], now_ns=now)
        await finish(store, *map(done, await lease(store, limit=40)), now_ns=now)
    await store.save_version(evaluator(), now_ns=NOW)
    await store.aclose()
    counted = (
        "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM results WHERE current),"
        " (SELECT count(*) FROM jobs), (SELECT count(*) FROM traces), (SELECT sum(spans) FROM traces)"
    )
    before = administer(empty_url, counted)
    assert before == [(60, 60, 60, 7, 60)]
    database = open_database(empty_url)
    made = await database.read(schema)
    for revision in (*reversed(tables.REVISIONS[:-1]),):
        await database.write(lambda db, to=revision: migrations.downgrade(db, to))
    assert "traces" not in await database.read(schema)
    await database.write(migrations.upgrade)
    assert await database.read(schema) == made
    assert administer(empty_url, counted) == before
    store = await open_store(empty_url)
    assert (await store.health(now_ns=NOW)).spans == 60
    # What was stored is known: sent again, it is not stored again.
    again = await store.commit([Intake(spans=spans, logs=[log(1, of=1)], jobs=jobs)], now_ns=NOW)
    assert (again.spans, again.logs, again.jobs) == (0, 0, 0)
    await store.aclose()
    await database.write(lambda db: migrations.downgrade(db, "base"))
    assert await database.read(schema) == {}
    await database.aclose()

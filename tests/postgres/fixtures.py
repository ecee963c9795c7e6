"""Databases for tests: a fresh one for each, on SQLite and on a real PostgreSQL.

The PostgreSQL is this machine's package, one server for each process of pytest; or with
SPANJUDGE_TEST_POSTGRES_URL any server on which that user may make databases.
"""

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import make_url

from spanjudge.store.store import open_store
from tests.contracts.stored import NOW
from tests.parts import is_required
from tests.postgres.server import PostgresServer, administer, programs

SETTING = "SPANJUDGE_TEST_POSTGRES_URL"

_is_there = bool(os.environ.get(SETTING)) or programs() is not None

DATABASES = ("sqlite", "postgres") if _is_there or is_required() else ("sqlite",)
"""On which databases the tests run that run on every one."""


class Databases:
    """Where databases for tests are made: each is a copy of one that has the schema already."""

    def __init__(self, url: str) -> None:
        """`url` names any database of the server."""
        self._admin = make_url(url)
        self._template: str | None = None

    def url(self, database: str) -> str:
        """Of a database of this server."""
        return self._admin.set(database=database).render_as_string(hide_password=False)

    def run(self, statement: str, **names: str) -> list[tuple[Any, ...]]:
        """Run a statement that has `{names}` in it."""
        quoted = {name: sql.Identifier(value) for name, value in names.items()}
        return administer(
            self._admin.render_as_string(hide_password=False),
            sql.SQL(statement).format(**quoted),  # pyright: ignore[reportArgumentType]  # of this file alone
        )

    def empty(self) -> str:
        """The name of a new database without anything."""
        name = f"spanjudge_{uuid.uuid4().hex[:12]}"
        self.run("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0", name=name)
        return name

    def ready(self) -> str:
        """The name of a new database with the newest schema."""
        if self._template is None:
            self._template = self.empty()
            asyncio.run(_open(self.url(self._template)))
        name = f"spanjudge_{uuid.uuid4().hex[:12]}"
        self.run("CREATE DATABASE {name} TEMPLATE {template}", name=name, template=self._template)
        return name

    def drop(self, name: str) -> None:
        """Take it away, whoever is still connected."""
        self.run("DROP DATABASE {name} WITH (FORCE)", name=name)

    def close(self) -> None:
        """Take the template away."""
        if self._template is not None:
            self.drop(self._template)


async def _open(url: str) -> None:
    store = await open_store(url)
    # What is stored in tests is of this time: its partitions are made here, once.
    await store.commit([], now_ns=NOW)
    await store.aclose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Databases]:
    """The server of this process."""
    given = os.environ.get(SETTING)
    if given:
        databases = Databases(given)
        yield databases
        databases.close()
        return
    with PostgresServer() as server:
        yield Databases(server.url("postgres"))


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that the test may stop."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Databases) -> Iterator[str]:
    """A fresh database on PostgreSQL."""
    name = postgres_server.ready()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return request.getfixturevalue("postgres_url")

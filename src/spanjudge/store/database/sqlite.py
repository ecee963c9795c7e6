"""A SQLite file: threads, transactions, and errors in plain words.

All work is done in threads. SQLite lets one write at a time, so one thread writes, in the order in which it
is asked; a few others read beside it.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from spanjudge.pipeline.ports import StoreError
from spanjudge.store.database.database import Value, Work

# JSON is always built in from this version on, and text with zero bytes is joined whole.
_OLDEST = (3, 38, 0)
_READERS = 3
_BUSY_SECONDS = 10
_SETUP = (
    f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}",
    # Three spans of 2.4 KB fill a page of this size; with the usual 4 KB every span wastes nearly half.
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
)
_WRITER = (
    "PRAGMA cache_size = -32768",
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA journal_size_limit = 67108864",
)
_READER = ("PRAGMA cache_size = -4096", "PRAGMA query_only = ON")
# Pages go over many rows again and again, and must never take the connections that judging needs.
_LOOKERS = 2
_LOOKER = ("PRAGMA cache_size = -32768", "PRAGMA query_only = ON")


class SqliteDatabase:
    """One SQLite file, from the threads that may touch it."""

    def __init__(self, path: Path) -> None:
        """The file is there (see `ready_file`); no connection is opened before it is used."""
        self.path = path
        self._writing = _engine(path, 1, "BEGIN IMMEDIATE", (*_SETUP, *_WRITER))
        self._reading = _engine(path, _READERS, "BEGIN", (*_SETUP, *_READER))
        self._writer = ThreadPoolExecutor(1, "store-write")
        self._readers = ThreadPoolExecutor(_READERS, "store-read")
        self._looking = _engine(path, _LOOKERS, "BEGIN", (*_SETUP, *_LOOKER))
        self._lookers = ThreadPoolExecutor(_LOOKERS, "store-look")
        self._file = _identity(path)
        self._closed = False
        self._end = asyncio.Event()

    @property
    def is_shared(self) -> bool:
        """Only one at a time writes to a file."""
        return False

    async def write(self, work: Work[Value]) -> Value:
        """Do this in a transaction of its own that is on disk when this returns. Raises `StoreError`."""
        return await self._run(self._writer, self._writing, partial(self._written, work))

    async def read(self, work: Work[Value]) -> Value:
        """Do this on one unchanging view of the data. Raises `StoreError`."""
        return await self._run(self._readers, self._reading, work)

    async def look(self, work: Work[Value]) -> Value:
        """As `read`, for pages: on connections of their own, so that nothing else waits for them."""
        return await self._run(self._lookers, self._looking, work)

    def _written(self, work: Work[Value], connection: Connection) -> Value:
        # SQLite goes on with a file that was deleted, and all would be lost at the end.
        if _identity(self.path) != self._file:
            raise StoreError(
                f"{self.path} was deleted or replaced while in use; put it back, then start again"
            )
        return work(connection)

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def announce(self, *channels: str) -> None:
        """Nobody can be told: other processes on the file look now and then."""

    async def listen(self, channels: Iterable[str]) -> AsyncGenerator[str, None]:
        """Never anything."""
        await self._end.wait()
        for channel in channels if not self._closed else ():
            yield channel

    async def _run(self, threads: ThreadPoolExecutor, engine: Engine, work: Work[Value]) -> Value:
        if self._closed:
            raise StoreError("the store is closed")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, _transact, engine, work)
        except (SQLAlchemyError, sqlite3.Error) as error:
            # Without the original, whose text may hold what was to be stored.
            raise StoreError(_told(error, self.path)) from None

    async def aclose(self) -> None:
        """Wait for what is under way and close every connection."""
        if self._closed:
            return
        self._closed = True
        self._end.set()
        for threads, engine in (
            (self._lookers, self._looking),
            (self._readers, self._reading),
            (self._writer, self._writing),
        ):
            await asyncio.to_thread(threads.shutdown)
            await asyncio.to_thread(engine.dispose)


def path_of(url: URL) -> Path:
    """The file that a URL of SQLite names. Raises `StoreError`."""
    if not url.database or url.database == ":memory:":
        raise StoreError("SPANJUDGE_DATABASE_URL names no file; write sqlite:///PATH")
    return Path(url.database)


def ready_file(path: Path, *, create: bool) -> None:
    """See that there is a file to open, readable for its owner only. Raises `StoreError`."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreError(
            f"this Python brings SQLite {sqlite3.sqlite_version}, and {'.'.join(map(str, _OLDEST))} or newer"
            " is needed; use a newer build of Python (what uv installs will do)"
        )
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it for the database")
    if not create and not path.exists():
        raise StoreError(f"there is no database at {path}; start the server once, or check the path")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"the database {path} cannot be written ({error.strerror}); check the rights of file and folder"
        ) from error
    if not os.access(path.parent, os.W_OK):
        raise StoreError(
            f"the folder {path.parent} cannot be written; SQLite keeps its journal beside the database: "
            "check the rights of the folder"
        )


def _engine(path: Path, connections: int, begin: str, setup: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "cached_statements": 256, "timeout": _BUSY_SECONDS},
    )

    def connected(connection: Any, _record: Any) -> None:
        # Transactions begin with the statement below and never behind our back.
        connection.isolation_level = None
        for statement in setup:
            connection.execute(statement)

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _transact(engine: Engine, work: Work[Value]) -> Value:
    with engine.begin() as connection:
        return work(connection)


_WORDS = {
    "SQLITE_FULL": "the disk is full: nothing of this was stored; make room where {path} lies",
    "SQLITE_BUSY": "{path} is locked by another process; try again, or end the process that holds it",
    "SQLITE_LOCKED": "{path} is locked by another process; try again, or end the process that holds it",
    "SQLITE_READONLY": "{path} cannot be written; check the rights of file and folder",
    "SQLITE_PERM": "{path} cannot be opened; check the rights of file and folder",
    "SQLITE_CANTOPEN": "{path} cannot be opened; check that its folder exists, and its rights",
    "SQLITE_CORRUPT": "{path} is damaged; put a copy in its place, or move it away to begin anew",
    "SQLITE_NOTADB": "{path} is not a database; name another file, or move it away to begin anew",
    "SQLITE_IOERR": "reading or writing {path} failed; nothing of this was stored; check the disk",
}


def _told(error: SQLAlchemyError | sqlite3.Error, path: Path) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    name = str(getattr(origin, "sqlite_errorname", "") or "")
    for known, words in _WORDS.items():
        if name == known or name.startswith(known + "_"):
            return words.format(path=path)
    if isinstance(origin, sqlite3.Error):
        return f"the database {path} refused: {name or type(origin).__name__} ({origin})"
    return f"the database {path} failed: {type(error).__name__}"

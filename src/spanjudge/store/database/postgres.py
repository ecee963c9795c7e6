"""A PostgreSQL server: pools, transactions that are done again, and what other processes are told.

All work is done in threads; several write at once. Transactions are READ COMMITTED; what belongs together is
locked by its rows, see `spanjudge.store.locks`.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncGenerator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from spanjudge.pipeline.ports import StoreError
from spanjudge.store.database.database import Value, Work
from spanjudge.store.database.postgres_words import (
    UNCERTAIN,
    LostError,
    is_lost,
    is_to_be_repeated,
    name_of,
    told,
)
from spanjudge.store.database.readable_text import is_unreadable, look_at_text

_log = logging.getLogger("spanjudge.store")

_WRITERS, _READERS, _LOOKERS = 4, 3, 2
_ATTEMPTS = 6
"""Of a transaction that the database wants to be done again."""
_CONNECTIONS = 3
"""Of a transaction whose connection is lost before its end."""
_CONNECTION_SECONDS = 900
"""After so long a connection is exchanged: both its ends keep the memory of the largest answer so far."""
_COALESCED_SECONDS = 0.02
_AGAIN_SECONDS = (0.5, 10.0)
"""A lost connection for listening is made again after so long at first, and so long at most."""

# What a network that swallows packets would hold up for hours otherwise. What the URL says goes first.
_CONNECT = {
    "application_name": "spanjudge",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# Acknowledged is on disk, whatever the server's default; a process that hangs holds no lock for ever, and one
# that cannot be reached any more is taken for dead by the server as soon as by us.
_SETUP = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'; "
    "SELECT set_config('lock_timeout', '30s', false),"
    " set_config('idle_in_transaction_session_timeout', '60s', false),"
    " set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '30s', false)"
)


class PostgresDatabase:
    """One database of a server, by as many connections as there are threads."""

    def __init__(self, url: URL) -> None:
        """No connection is opened before it is used."""
        self._name = name_of(url)
        url = url.set(drivername="postgresql+psycopg")
        self._url = url.update_query_dict(
            {name: value for name, value in _CONNECT.items() if name not in url.query}
        )
        engine = create_engine(
            self._url,
            pool_size=_WRITERS + _READERS + _LOOKERS + 1,
            max_overflow=0,
            pool_use_lifo=True,
            pool_recycle=_CONNECTION_SECONDS,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _connected)
        self._engine = engine
        self._viewing = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._telling = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writers = ThreadPoolExecutor(_WRITERS, "store-write")
        self._readers = ThreadPoolExecutor(_READERS, "store-read")
        self._lookers = ThreadPoolExecutor(_LOOKERS, "store-look")
        self._teller = ThreadPoolExecutor(1, "store-tell")
        self._untold: set[str] = set()
        self._tells: asyncio.Task[None] | None = None
        self._listening: set[psycopg.AsyncConnection[Any]] = set()
        self._closed = False

    @property
    def name(self) -> str:
        """Where it is; without a password."""
        return self._name

    @property
    def is_shared(self) -> bool:
        """Many processes write at once."""
        return True

    async def write(self, work: Work[Value], *, once: bool = False) -> Value:
        """Do this in a transaction of its own that is on disk when this returns. Raises `StoreError`."""
        if once:
            # Every text is looked at from the start, as a refused one would have it done again.
            only = partial(self._once, self._engine, work, carefully=True)
            return await self._run(self._writers, only)
        return await self._run(self._writers, partial(self._transact, self._engine, work))

    async def read(self, work: Work[Value]) -> Value:
        """Do this on one unchanging view of the data. Raises `StoreError`."""
        return await self._run(self._readers, partial(self._transact, self._viewing, work))

    async def look(self, work: Work[Value]) -> Value:
        """As `read`, for pages: on connections of their own, so that nothing else waits for them."""
        return await self._run(self._lookers, partial(self._transact, self._viewing, work))

    async def _run(self, threads: ThreadPoolExecutor, work: partial[Value]) -> Value:
        if self._closed:
            raise StoreError("the store is closed")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, work)
        except (SQLAlchemyError, psycopg.Error) as error:
            # Without the original, whose text may hold what was to be stored.
            raise StoreError(told(error, self._name)) from None

    def _transact(self, engine: Engine, work: Work[Value]) -> Value:
        """Once, and again as long as it is known that nothing came of it and another time may do."""
        lost, carefully = 0, False
        for attempt in range(_ATTEMPTS):
            try:
                return self._once(engine, work, carefully=carefully)
            except (DBAPIError, psycopg.Error, UnicodeEncodeError) as error:
                if not carefully and is_unreadable(error):
                    carefully = True
                    continue
                if is_lost(error):
                    lost += 1
                    if lost == _CONNECTIONS:
                        raise
                elif attempt == _ATTEMPTS - 1 or not is_to_be_repeated(error):
                    raise
            # In turn: those that met each other must not do so again.
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # no secret
        raise StoreError(f"{self._name} wanted a transaction to be done again too often; try again")

    def _once(self, engine: Engine, work: Work[Value], *, carefully: bool) -> Value:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            transaction = connection.begin()
            if carefully:
                look_at_text(driver, carefully=True)
            try:
                value = work(connection)
            except BaseException as error:
                # On a lost connection there is nothing to take back, and trying hides what happened.
                with contextlib.suppress(SQLAlchemyError, psycopg.Error):
                    transaction.rollback()
                if driver.closed and isinstance(error, psycopg.Error):
                    connection.invalidate(error)
                    raise LostError from error
                raise
            finally:
                if carefully:
                    look_at_text(driver, carefully=False)
            try:
                transaction.commit()
            except (DBAPIError, psycopg.Error) as error:
                if is_lost(error):
                    raise StoreError(UNCERTAIN.format(name=self._name)) from None
                raise
            return value

    def announce(self, *channels: str) -> None:
        """Tell other processes, soon, that something has changed; what was changed is committed already.

        Not within the transaction: PostgreSQL lets those that notify commit one after another only, each
        waiting for the disk.
        """
        self._untold.update(channels)
        if self._untold and not self._closed and (self._tells is None or self._tells.done()):
            self._tells = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        while self._untold:
            channels, self._untold = sorted(self._untold), set[str]()
            try:
                await self._run(
                    self._teller, partial(self._transact, self._telling, partial(_notify, channels))
                )
            except StoreError as error:
                _log.debug("other processes could not be told", extra={"reason": str(error)})
            await asyncio.sleep(_COALESCED_SECONDS)

    async def listen(self, channels: Iterable[str]) -> AsyncGenerator[str, None]:
        """The channels on which something was announced, as it happens; see `Database`."""
        wanted = tuple(dict.fromkeys(channels))
        first, longest = _AGAIN_SECONDS
        wait = first
        while not self._closed:
            try:
                async with await self._connect() as connection:
                    self._listening.add(connection)
                    for channel in wanted:
                        await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
                    wait = first
                    for channel in wanted:
                        yield channel
                    async for notification in connection.notifies():
                        yield notification.channel
            except psycopg.Error as error:
                if not self._closed:
                    _log.warning(
                        "news of other processes are not heard; they are looked for now and then",
                        extra={"reason": told(error, self._name), "again_in": wait},
                    )
            finally:
                self._listening = {one for one in self._listening if not one.closed}
            if not self._closed:
                await asyncio.sleep(wait)
                wait = min(2 * wait, longest)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        _, options = self._engine.dialect.create_connect_args(self._url)
        return await psycopg.AsyncConnection.connect(**options, autocommit=True)

    async def aclose(self) -> None:
        """Wait for what is under way and close every connection."""
        if self._closed:
            return
        if self._tells is not None:
            await self._tells
        self._closed = True
        for connection in tuple(self._listening):
            await connection.close()
        for threads in (self._teller, self._lookers, self._readers, self._writers):
            await asyncio.to_thread(threads.shutdown)
        await asyncio.to_thread(self._engine.dispose)


def _connected(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SETUP)
    connection.commit()


_notification = text("SELECT pg_notify(channel, '') FROM unnest(CAST(:channels AS text[])) AS channel")


def _notify(channels: list[str], connection: Connection) -> None:
    connection.execute(_notification, {"channels": channels})

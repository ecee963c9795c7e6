"""A store copied whole or not at all: one view of the source, one transaction on the target."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection, Table, inspect, text

from spanjudge.pipeline.ports import StoreError
from spanjudge.store import schema
from spanjudge.store.coordination import members
from spanjudge.store.copying import rows, settling
from spanjudge.store.copying.pipe import BrokenOffError, Pipe, Portion
from spanjudge.store.database import Database, open_database
from spanjudge.store.tables import REVISION, metadata

_OF_PROCESSES = frozenset({"members", "duties", "grants", "judge_states", "owners"})
"""What is true of processes that run on the source, and of nothing else."""

_found = text("SELECT version_num FROM alembic_version")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Rows to be copied, by table."""

    source: str
    target: str
    tables: Mapping[str, int]


class _Source(msgspec.Struct, frozen=True):
    """What is known of the source before anything is copied; `counts` are rows and bytes."""

    counts: dict[str, tuple[int, int]]
    last_ids: dict[str, int]
    days: list[int]


async def copy_store(
    source_url: str,
    target_url: str,
    *,
    now_ns: int,
    while_running: bool = False,
    on_begin: Callable[[Told], None] = lambda _: None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Told:
    """Copy everything that lasts; ids stay, and those given out next on the target are new ones.

    Both may be SQLite or PostgreSQL. The target is made or brought up to date, and must be empty. What comes
    in on the source meanwhile is not copied; while processes run there, nothing is unless `while_running`.
    Nothing of a copy that fails is left. `on_rows` is called from another thread. Raises `StoreError`.
    """
    source = open_database(source_url, create=False)
    target: Database | None = None
    try:
        await source.read(partial(_check_source, source.name, now_ns=now_ns, while_running=while_running))
        target = open_database(target_url)
        await target.write(partial(_check_target, target.name, now_ns=now_ns))
        return await _copy(source, target, on_begin, on_rows)
    finally:
        await source.aclose()
        if target is not None:
            await target.aclose()


class _Copying:
    """Both ends at work: one thread reads, another writes."""

    def __init__(self, on_rows: Callable[[int], None]) -> None:
        """Nothing is known of the source yet."""
        self._on_rows = on_rows
        self._pipe = Pipe()
        self._loop = asyncio.get_running_loop()
        self.known: asyncio.Future[_Source] = self._loop.create_future()

    def read(self, connection: Connection) -> None:
        """Put all rows into the pipe."""
        with self._pipe.end():
            found = _look(connection)
            self._loop.call_soon_threadsafe(self._tell, found)
            for table in _tables():
                for portion in rows.read(connection, table):
                    if kept := _without_own(table, portion):
                        self._pipe.put(Portion(table.name, kept))
            self._pipe.put(None)

    def write(self, found: _Source, connection: Connection) -> None:
        """Store what comes out of it, and compare."""
        with self._pipe.end():
            settling.make_ready(connection, found.days)
            for portion in self._pipe.portions():
                rows.write(connection, metadata.tables[portion.table], portion.rows)
                self._on_rows(len(portion.rows))
            settling.settle(connection, found.last_ids)
            _compare(connection, found)

    def break_off(self) -> None:
        """Have both ends stop."""
        self._pipe.break_off()

    def _tell(self, found: _Source) -> None:
        if not self.known.done():
            self.known.set_result(found)


async def _copy(
    source: Database, target: Database, on_begin: Callable[[Told], None], on_rows: Callable[[int], None]
) -> Told:
    copying = _Copying(on_rows)
    reading = asyncio.ensure_future(source.read(copying.read))
    try:
        await asyncio.wait((reading, copying.known), return_when=asyncio.FIRST_COMPLETED)
        if not copying.known.done():
            await reading
        found = await copying.known
        tables = {name: count for name, (count, _) in found.counts.items()}
        told = Told(source=source.name, target=target.name, tables=tables)
        on_begin(told)
        await target.write(partial(copying.write, found), once=True)
        await reading
    except BrokenOffError:
        # The other end says why.
        await reading
        raise
    finally:
        copying.break_off()
        await asyncio.gather(reading, return_exceptions=True)
    return told


def _tables() -> Sequence[Table]:
    return [table for table in metadata.sorted_tables if table.name not in _OF_PROCESSES]


def _look(connection: Connection) -> _Source:
    tables = _tables()
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)"))
    return _Source(
        {table.name: rows.count(connection, table) for table in tables if table.name != "meta"},
        settling.last_ids(connection, tables),
        settling.days(connection),
    )


def _without_own(table: Table, portion: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Counters that the target keeps in its own way are left behind."""
    if table.name != "meta":
        return portion
    return [row for row in portion if str(row[0]).partition(":")[0] not in settling.OWN_COUNTERS]


def _compare(connection: Connection, found: _Source) -> None:
    for name, (count, size) in found.counts.items():
        stored, stored_size = rows.count(connection, metadata.tables[name])
        if (stored, stored_size) != (count, size):
            raise StoreError(
                f"the copy of {name} has {stored:,} rows ({stored_size:,} bytes) instead of {count:,} "
                f"({size:,}): nothing is stored"
            )


def _check_source(name: str, connection: Connection, *, now_ns: int, while_running: bool) -> None:
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        raise StoreError(f"{name} has nothing of Spanjudge: check SPANJUDGE_DATABASE_URL")
    revision = connection.execute(_found).scalar_one_or_none()
    if revision != REVISION:
        raise StoreError(
            f"{name} has the schema {revision}, and {REVISION} is needed: run `spanjudge migrate` first"
        )
    running = members.roll(connection, now_ns=now_ns).members
    if running and not while_running:
        who = ", ".join(f"{one.id} ({','.join(one.roles)})" for one in running)
        raise StoreError(
            f"processes run on {name}: {who}. End them first, so that nothing comes in meanwhile; or copy "
            "what is there now with --while-running"
        )


def _check_target(name: str, connection: Connection, *, now_ns: int) -> None:
    schema.bring_up_to_date(connection, name, create=True)
    full = [
        table.name for table in _tables() if table.name != "meta" and not rows.is_empty(connection, table)
    ]
    if full:
        raise StoreError(
            f"{name} is not empty (there is something in {', '.join(full)}): a store is copied to an empty "
            "database only"
        )
    if running := members.roll(connection, now_ns=now_ns).members:
        who = ", ".join(one.id for one in running)
        raise StoreError(f"processes run on {name}: {who}. End them before something is copied there")

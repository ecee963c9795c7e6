"""The revision of a database's schema: looked up, and changed when somebody asks for it."""

import difflib

import msgspec
from sqlalchemy import Connection, inspect, text

from spanjudge.pipeline.coordination import Roll
from spanjudge.pipeline.ports import StoreError
from spanjudge.store import schema
from spanjudge.store.coordination import members
from spanjudge.store.database import open_database
from spanjudge.store.tables import REVISION, REVISIONS

_found = text("SELECT version_num FROM alembic_version")
# Of many who change the schema at once one does it, the others wait: as in `schema`.
_alone = text("SELECT pg_advisory_xact_lock(hashtext('spanjudge schema'))")


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """Where a database (called `name`) is: `current` is empty while there are no tables.

    `behind` are the revisions that it lacks, `known` those of this version, oldest first. `running` are the
    processes that use it now.
    """

    name: str
    current: str
    running: Roll = Roll()
    newest: str = REVISION
    known: tuple[str, ...] = REVISIONS

    @property
    def behind(self) -> tuple[str, ...]:
        """What an upgrade would do."""
        if self.current and self.current not in self.known:
            return ()
        return self.known[self.known.index(self.current) + 1 :] if self.current else self.known

    def is_downgrade(self, to: str) -> bool:
        """Whether going there takes something away."""
        return bool(self.current) and (
            self.current not in self.known or self.known.index(to) < self.known.index(self.current)
        )


async def look(url: str, *, now_ns: int, create: bool = False) -> Revision:
    """How a database is, without changing it; with `create` a file that is not there is made.

    Raises `StoreError`.
    """
    database = open_database(url, create=create)
    try:
        current, running = await database.read(lambda db: _look(db, now_ns))
        return Revision(name=database.name, current=current, running=running)
    finally:
        await database.aclose()


async def migrate(url: str, *, to: str = REVISION) -> None:
    """Bring a database to a revision, in one transaction. Raises `StoreError`."""
    database = open_database(url)
    try:
        await database.write(lambda db: _migrate(db, database.name, to))
    finally:
        await database.aclose()


def check_known(revision: str) -> str:
    """The revision, if this version knows it; raises `StoreError` that names those it does."""
    if revision in REVISIONS:
        return revision
    near = difflib.get_close_matches(revision, REVISIONS, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise StoreError(f"there is no revision {revision}; this version knows {', '.join(REVISIONS)}{hint}")


def _look(connection: Connection, now_ns: int) -> tuple[str, Roll]:
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables:
            raise StoreError("the database belongs to another program; name another one")
        return "", Roll()
    current = connection.execute(_found).scalar_one_or_none() or ""
    running = members.roll(connection, now_ns=now_ns) if "members" in tables else Roll()
    return current, running


def _migrate(connection: Connection, name: str, to: str) -> None:
    from spanjudge.store import migrations  # noqa: PLC0415  # Alembic costs half a second

    current, _ = _look(connection, 0)
    if to == REVISION and (not current or current in REVISIONS):
        schema.bring_up_to_date(connection, name, create=True)
        return
    if connection.dialect.name != "sqlite":
        connection.execute(_alone)
        current, _ = _look(connection, 0)
    if current and current not in REVISIONS:
        raise StoreError(
            f"{name} has the schema {current} of a newer version: only that version can change it"
        )
    if current and REVISIONS.index(to) < REVISIONS.index(current):
        migrations.downgrade(connection, to)
    elif current != to:
        migrations.upgrade(connection, to)

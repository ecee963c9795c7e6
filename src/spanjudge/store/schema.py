"""The schema of a database: made, checked, or brought up to date when it is opened."""

from sqlalchemy import Connection, inspect, text

from spanjudge.pipeline.ports import StoreError
from spanjudge.store.tables import REVISION, REVISIONS, metadata

_STAMP_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


_OLDEST = 14
_POSTGRES = text(
    "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),"
    # Of many processes that start at once one does it, the others wait.
    " pg_advisory_xact_lock(hashtext('spanjudge schema'))"
)


def bring_up_to_date(connection: Connection, name: str, *, create: bool) -> None:
    """See that the database (called `name`) has the tables of this version. Raises `StoreError`.

    Alembic, which takes longer to import than all the rest, is used on SQLite only for a database of an older
    version. On PostgreSQL it makes a new one too: some of its tables are more than what `tables` tells.
    """
    if connection.dialect.name == "postgresql":
        _check_server(connection, name)
    tables = set(inspect(connection).get_table_names())
    if not tables:
        if not create:
            raise StoreError(f"{name} is empty; start the server once, or check SPANJUDGE_DATABASE_URL")
        if connection.dialect.name != "sqlite":
            _upgrade(connection)
            return
        metadata.create_all(connection)
        connection.exec_driver_sql(_STAMP_TABLE)
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})
        return
    if "alembic_version" not in tables:
        raise StoreError(f"{name} belongs to another program; name another one for the database")
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found == REVISION:
        return
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"{name} was written by a newer version (its schema is {found}, this version knows {REVISION}); "
            "start the newer version, or put a copy from before the upgrade in its place"
        )
    _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from spanjudge.store import migrations  # noqa: PLC0415  # Alembic costs half a second

    migrations.upgrade(connection)


def _check_server(connection: Connection, name: str) -> None:
    version, encoding, _ = connection.execute(_POSTGRES).one()
    if version < _OLDEST:
        raise StoreError(
            f"{name} is PostgreSQL {version}, and {_OLDEST} or newer is needed; upgrade it, or name another"
            " one in SPANJUDGE_DATABASE_URL"
        )
    if encoding != "UTF8":
        raise StoreError(
            f"{name} keeps text as {encoding}, and UTF8 is needed; make the database with"
            " CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )

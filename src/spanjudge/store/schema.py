"""The schema of a database: made, checked, or brought up to date when it is opened."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from spanjudge.pipeline.ports import StoreError
from spanjudge.store.tables import REVISION, REVISIONS, metadata

_STAMP_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


def bring_up_to_date(connection: Connection, path: Path, *, create: bool) -> None:
    """See that the database has the tables of this version. Raises `StoreError`.

    Alembic, which takes longer to import than all the rest, is used only for a database of an older version.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        if not create:
            raise StoreError(f"{path} is empty; start the server once, or check the path")
        metadata.create_all(connection)
        connection.exec_driver_sql(_STAMP_TABLE)
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})
        return
    if "alembic_version" not in tables:
        raise StoreError(f"{path} belongs to another program; name another file for the database")
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found == REVISION:
        return
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"{path} was written by a newer version (its schema is {found}, this version knows {REVISION}); "
            "start the newer version, or put a copy from before the upgrade in its place"
        )
    from spanjudge.store import migrations  # noqa: PLC0415  # Alembic costs half a second

    migrations.upgrade(connection)

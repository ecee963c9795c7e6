"""Which database a URL names."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from spanjudge.errors import MissingExtraError
from spanjudge.pipeline.ports import StoreError
from spanjudge.store.database.database import Database
from spanjudge.store.database.sqlite import SqliteDatabase, path_of, ready_file

_POSTGRES = frozenset({"postgresql", "postgres"})
_KINDS = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"


def open_database(url: str, *, create: bool = True) -> Database:
    """The database that `url` names; of SQLite the file is made, with `create`, where there is none.

    Raises `StoreError`.
    """
    parsed = parse(url)
    if is_postgres(parsed):
        try:
            from spanjudge.store.database.postgres import PostgresDatabase  # noqa: PLC0415  # an extra
        except ImportError as error:
            if error.name and not error.name.startswith("psycopg"):
                raise
            raise MissingExtraError("a PostgreSQL in SPANJUDGE_DATABASE_URL", "postgres") from None
        return PostgresDatabase(parsed)
    path = path_of(parsed)
    ready_file(path, create=create)
    return SqliteDatabase(path)


def parse(url: str) -> URL:
    """The parts of a URL of a kind of database that is known. Raises `StoreError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"SPANJUDGE_DATABASE_URL is no URL; write {_KINDS}") from None
    kind = parsed.drivername.partition("+")[0]
    if kind != "sqlite" and kind not in _POSTGRES:
        raise StoreError(
            f"SPANJUDGE_DATABASE_URL begins with {kind}://, and data is kept in SQLite or PostgreSQL only;"
            f" write {_KINDS}"
        )
    return parsed


def is_postgres(url: URL) -> bool:
    """Whether it names a database on PostgreSQL."""
    return url.drivername.partition("+")[0] in _POSTGRES

"""What pages ask of the database."""

from collections.abc import Collection

from spanjudge.pipeline.queries import Counters, KnownVersion
from spanjudge.store.database import Database
from spanjudge.store.queries import counters, versions


class SqlQueries:
    """`Queries` on a database: each method is one view of the data, read by the file of its noun.

    What the methods promise is written at the port, `spanjudge.pipeline.queries.Queries`.
    """

    def __init__(self, database: Database) -> None:
        """The schema is up to date already."""
        self._database = database

    async def counters(self) -> Counters:
        """Numbers that grow when something was stored."""
        return await self._database.look(counters.counters)

    async def versions(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], KnownVersion]:
        """Versions of evaluators by (name, version hash)."""
        return await self._database.look(lambda db: versions.versions(db, pairs))

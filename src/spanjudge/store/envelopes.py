"""Resources and scopes: the same bytes came with every span of a sender and are kept once."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, text

from spanjudge.store.bulk import Select
from spanjudge.store.keys import portions

_MOST_KEPT = 2_000

_add = text(
    "INSERT INTO envelopes (digest, uses, body) VALUES (:digest, :uses, :body)"
    " ON CONFLICT (digest) DO UPDATE SET uses = envelopes.uses + excluded.uses RETURNING id"
)
_drop = text("UPDATE envelopes SET uses = uses - :uses WHERE id = :id")
_clear = text("DELETE FROM envelopes WHERE id = :id AND uses <= 0")
_bodies = Select(
    "SELECT id, body FROM envelopes WHERE id IN :rows", plain=("id",), blob="body", lists=("rows",)
)


class Envelopes:
    """Envelopes by their digest in the database, and the last used ones in memory."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._kept: dict[int, bytes] = {}

    def add(self, connection: Connection, bodies: Sequence[bytes]) -> dict[bytes, int]:
        """Note one use for each mention; the ids by body."""
        ids: dict[bytes, int] = {}
        for body, uses in Counter(bodies).items():
            row = {"digest": hashlib.blake2b(body, digest_size=16).digest(), "uses": uses, "body": body}
            ids[body] = connection.execute(_add, row).scalar_one()
        return ids

    def drop(self, connection: Connection, uses: Mapping[int, int]) -> None:
        """Take uses back; what nobody uses any more is deleted."""
        for number, count in uses.items():
            if count:
                connection.execute(_drop, {"id": number, "uses": count})
                connection.execute(_clear, {"id": number})

    def bodies(self, connection: Connection, ids: Collection[int]) -> dict[int, bytes]:
        """The bodies of these ids. An id never comes back with another body, so memory serves."""
        kept = self._kept
        found = {number: kept[number] for number in ids if number in kept}
        missing = [number for number in ids if number not in found]
        for some in portions(missing):
            found.update((row[0], row[1]) for row in _bodies(connection, rows=some))
        if missing:
            if len(kept) + len(missing) > _MOST_KEPT:
                self._kept = kept = {}
            kept.update((number, found[number]) for number in missing[:_MOST_KEPT])
        return found

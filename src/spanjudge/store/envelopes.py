"""Resources and scopes: the same bytes came with every span of a sender and are kept once."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, text

from spanjudge.store import tables
from spanjudge.store.bulk import InsertArrays, Select, Statement
from spanjudge.store.keys import portions

_MOST_KEPT = 2_000
_DAY = 86_400_000_000_000

_NEVER = (0, -1)

_add = text(
    "INSERT INTO envelopes (digest, uses, body) VALUES (:digest, :uses, :body)"
    " ON CONFLICT (digest) DO UPDATE SET uses = envelopes.uses + excluded.uses RETURNING id"
)
_drop = text("UPDATE envelopes SET uses = uses - :uses WHERE id = :id")
_clear = text("DELETE FROM envelopes WHERE id = :id AND uses <= 0")
_bodies = Select(
    "SELECT id, body FROM envelopes WHERE id IN :rows", plain=("id",), blob="body", lists=("rows",)
)


# On PostgreSQL uses are not counted: every commit of a sender would have to wait for the one before. It is noted,
# about once a day, that an envelope is still used.
_there = Select(
    "SELECT id, digest, seen_ns FROM envelopes WHERE digest IN :digests",
    ids=("digest",),
    plain=("id", "seen_ns"),
    lists=("digests",),
)
_make = InsertArrays(
    tables.envelopes, "digest", "uses", "body", "seen_ns bigint", rest="ON CONFLICT (digest) DO NOTHING"
)
_see = Statement(
    "UPDATE envelopes SET seen_ns = :now WHERE id IN"
    " (SELECT id FROM envelopes WHERE digest = ANY(CAST(:digests AS bytea[])) ORDER BY id FOR UPDATE)"
    " RETURNING digest"
)
_unseen = Statement("DELETE FROM envelopes WHERE seen_ns < :before")


class Envelopes:
    """Envelopes by their digest in the database, and the last used ones in memory."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._kept: dict[int, bytes] = {}
        self._seen: dict[bytes, tuple[int, int]] = {}

    def ready(self, connection: Connection, bodies: Collection[bytes], *, now_ns: int) -> dict[bytes, int]:
        """On PostgreSQL: the ids by body, of envelopes that stay for as long as what is stored with them now."""
        digests = {body: hashlib.blake2b(body, digest_size=16).digest() for body in bodies}
        fresh_ns = now_ns - _DAY
        unknown = [one for one in digests.values() if self._seen.get(one, _NEVER)[1] <= fresh_ns]
        found: dict[bytes, int] = {}
        if unknown:
            found = self._look_up(connection, unknown, fresh_ns)
            old = [one for one in unknown if one not in found]
            if old:
                # Noted for those that are there; one that was deleted meanwhile is made again.
                there = {bytes(row[0]) for row in _see(connection, {"digests": sorted(old), "now": now_ns})}
                made = {digests[body]: body for body in bodies if digests[body] in old}
                rows = [(one, 0, body, now_ns) for one, body in sorted(made.items()) if one not in there]
                _make(connection, rows)
                for digest, number, _ in _there(connection, digests=old):
                    found[bytes.fromhex(digest)] = number
        return {body: found.get(one) or self._seen[one][0] for body, one in digests.items()}

    def _look_up(self, connection: Connection, digests: list[bytes], fresh_ns: int) -> dict[bytes, int]:
        """Those that are there and were used not long ago."""
        found: dict[bytes, int] = {}
        if len(self._seen) > _MOST_KEPT:
            self._seen = {}
        for digest, number, seen_ns in _there(connection, digests=digests):
            if (seen_ns or 0) > fresh_ns:
                found[bytes.fromhex(digest)] = number
                # Seen before anything is made here, so it is committed.
                self._seen[bytes.fromhex(digest)] = (number, seen_ns)
        return found

    def forget_unseen(self, connection: Connection, *, before_ns: int) -> None:
        """On PostgreSQL: delete what nothing stored since then was stored with."""
        _unseen(connection, {"before": before_ns - 2 * _DAY})

    def add(self, connection: Connection, bodies: Sequence[bytes]) -> dict[bytes, int]:
        """Note one use for each mention; the ids by body."""
        ids: dict[bytes, int] = {}
        for body, uses in Counter(bodies).items():
            row = {"digest": hashlib.blake2b(body, digest_size=16).digest(), "uses": uses, "body": body}
            ids[body] = connection.execute(_add, row).scalar_one()
        return ids

    def drop(self, connection: Connection, uses: Mapping[int, int]) -> None:
        """Take uses back; what nobody uses any more is deleted. On PostgreSQL see `forget_unseen`."""
        if connection.dialect.name != "sqlite":
            return
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

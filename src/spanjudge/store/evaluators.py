"""Evaluators: every version, and which of them judges."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, insert, select, text, update

from spanjudge.evaluators.evaluator import Evaluator, plain
from spanjudge.pipeline.ports import StoredEvaluator, UnknownEvaluatorError
from spanjudge.store.tables import evaluators as table

_LIVE = frozenset({"published", "paused"})

_changed = text(
    "INSERT INTO meta (name, value) VALUES ('evaluators', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = meta.value + 1"
)
_revision = text("SELECT value FROM meta WHERE name = 'evaluators'")
_skip_waiting = text(
    "UPDATE jobs SET state = 4, reason = 'not_matched', detail = :detail"
    " WHERE evaluator = :name AND state = 0"
)


def _stored(row: Row[Any]) -> StoredEvaluator:
    return StoredEvaluator(
        evaluator=msgspec.json.decode(row.definition, type=Evaluator),
        number=row.number,
        status=row.status,
        created_ns=row.created_ns,
        published_ns=row.published_ns,
        reason=row.reason,
        paused_by=row.paused_by,
        retry_ns=row.retry_ns,
    )


def _newest(connection: Connection, name: str) -> StoredEvaluator | None:
    found = connection.execute(
        select(table).where(table.c.name == name).order_by(table.c.number.desc()).limit(1)
    ).one_or_none()
    return None if found is None else _stored(found)


def _live(connection: Connection, name: str) -> StoredEvaluator | None:
    """The published or paused version."""
    found = connection.execute(
        select(table).where(table.c.name == name, table.c.status.in_(_LIVE))
    ).one_or_none()
    return None if found is None else _stored(found)


def _set(connection: Connection, one: StoredEvaluator, **values: Any) -> StoredEvaluator:
    connection.execute(
        update(table).where(table.c.name == one.evaluator.name, table.c.number == one.number).values(**values)
    )
    connection.execute(_changed)
    return msgspec.structs.replace(one, **values)


def _unknown(name: str) -> UnknownEvaluatorError:
    return UnknownEvaluatorError(f"there is no evaluator “{name}”; `spanjudge evaluators list` names them")


def save(connection: Connection, evaluator: Evaluator, *, now_ns: int) -> StoredEvaluator:
    """A new draft, or the newest version when that says the same."""
    newest = _newest(connection, evaluator.name)
    if newest is not None and newest.evaluator.version == evaluator.version:
        return newest
    if newest is not None and newest.status == "draft":
        _set(connection, newest, status="archived")
    one = StoredEvaluator(
        evaluator=evaluator,
        number=1 if newest is None else newest.number + 1,
        status="draft",
        created_ns=now_ns,
    )
    connection.execute(
        insert(table).values(
            name=evaluator.name,
            number=one.number,
            version=evaluator.version,
            definition=msgspec.json.encode(plain(evaluator)).decode("utf-8"),
            status=one.status,
            created_ns=now_ns,
            reason="",
            paused_by="",
        )
    )
    connection.execute(_changed)
    return one


def apply(
    connection: Connection, evaluators: Sequence[Evaluator], *, publish: bool, now_ns: int
) -> list[StoredEvaluator]:
    """Save several, and publish them when asked for; what is paused and says the same stays paused."""
    saved = [save(connection, evaluator, now_ns=now_ns) for evaluator in evaluators]
    if not publish:
        return saved
    return [one if one.status in _LIVE else _publish(connection, one, now_ns) for one in saved]


def publish(connection: Connection, name: str, *, now_ns: int) -> StoredEvaluator:
    """Publish the newest version, or end its pause."""
    newest = _newest(connection, name)
    if newest is None:
        raise _unknown(name)
    return newest if newest.status == "published" else _publish(connection, newest, now_ns)


def _publish(connection: Connection, one: StoredEvaluator, now_ns: int) -> StoredEvaluator:
    before = _live(connection, one.evaluator.name)
    if before is not None and before.number != one.number:
        _set(connection, before, status="archived", **_NO_PAUSE)
    published_ns = one.published_ns if one.status == "paused" else now_ns
    return _set(connection, one, status="published", published_ns=published_ns, **_NO_PAUSE)


_NO_PAUSE: dict[str, Any] = {"reason": "", "paused_by": "", "retry_ns": None}


def pause(
    connection: Connection,
    name: str,
    *,
    reason: str,
    paused_by: Literal["user", "pipeline"],
    retry_ns: int | None,
) -> StoredEvaluator:
    """Pause the published version. A pause of the user is not taken over by the pipeline."""
    one = _live(connection, name)
    if one is None:
        newest = _newest(connection, name)
        if newest is None:
            raise _unknown(name)
        if paused_by == "user":
            raise UnknownEvaluatorError(f"evaluator “{name}” is not published, so there is nothing to pause")
        return newest
    if paused_by == "pipeline" and one.paused_by == "user":
        return one
    return _set(connection, one, status="paused", reason=reason, paused_by=paused_by, retry_ns=retry_ns)


def resume(connection: Connection, name: str) -> None:
    """End a pause of the pipeline."""
    one = _live(connection, name)
    if one is not None and one.paused_by == "pipeline":
        _set(connection, one, status="published", **_NO_PAUSE)


def archive(connection: Connection, name: str) -> None:
    """Take every version out of use and skip the waiting jobs."""
    if _newest(connection, name) is None:
        raise _unknown(name)
    connection.execute(
        update(table)
        .where(table.c.name == name, table.c.status != "archived")
        .values(status="archived", **_NO_PAUSE)
    )
    connection.execute(
        _skip_waiting, {"name": name, "detail": "the evaluator was archived before this was judged"}
    )
    connection.execute(_changed)


def listed(connection: Connection, *, all_versions: bool) -> list[StoredEvaluator]:
    """By name and number: the live and the newest version of each, or all."""
    rows = connection.execute(select(table).order_by(table.c.name, table.c.number)).all()
    if all_versions:
        return [_stored(row) for row in rows]
    chosen: list[StoredEvaluator] = []
    for _, group in groupby(rows, key=lambda row: row.name):
        versions = list(group)
        chosen += [_stored(row) for row in versions if row.status in _LIVE or row is versions[-1]]
    return chosen


def version(connection: Connection, name: str, digest: str) -> StoredEvaluator | None:
    """The newest version with this hash."""
    found = connection.execute(
        select(table)
        .where(table.c.name == name, table.c.version == digest)
        .order_by(table.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if found is None else _stored(found)


def revision(connection: Connection) -> int:
    """How often evaluators have changed."""
    return connection.execute(_revision).scalar_one_or_none() or 0

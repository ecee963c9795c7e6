"""Evaluators: every version, and which of them judges."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, insert, select, text, update

from spanjudge.evaluators.evaluator import Evaluator, plain
from spanjudge.pipeline.ports import ConflictError, StoredEvaluator, UnknownEvaluatorError, current
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


def _versions(connection: Connection, name: str) -> list[StoredEvaluator]:
    found = connection.execute(select(table).where(table.c.name == name).order_by(table.c.number)).all()
    return [_stored(row) for row in found]


def _current(connection: Connection, name: str) -> StoredEvaluator | None:
    return current(_versions(connection, name))


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


def save(
    connection: Connection, evaluator: Evaluator, *, now_ns: int, base_version: str | None = None
) -> StoredEvaluator:
    """A new draft, or what is stored when that says the same."""
    name = evaluator.name
    versions = _versions(connection, name)
    before = current(versions)
    if before is None and base_version:
        raise _unknown(name)
    if before is not None and base_version == "":
        raise ConflictError(f"there is an evaluator “{name}” already", stored=before)
    if before is not None and before.evaluator.version == evaluator.version:
        # What was archived comes back as a draft.
        return _set(connection, before, status="draft") if before.status == "archived" else before
    if before is not None and base_version is not None and before.evaluator.version != base_version:
        raise ConflictError(f"a newer version of “{name}” is stored", stored=before)
    if before is not None and before.status == "draft":
        _set(connection, before, status="archived")
    live = _live(connection, name)
    if live is not None and live.evaluator.version == evaluator.version:
        return live
    one = StoredEvaluator(
        evaluator=evaluator,
        number=1 + max((each.number for each in versions), default=0),
        status="draft",
        created_ns=now_ns,
    )
    connection.execute(
        insert(table).values(
            name=name,
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


def save_version(
    connection: Connection, evaluator: Evaluator, *, base_version: str | None, publish: bool, now_ns: int
) -> StoredEvaluator:
    """As `save`, and published when asked for, which ends a pause."""
    one = save(connection, evaluator, now_ns=now_ns, base_version=base_version)
    return _publish(connection, one, now_ns) if publish and one.status != "published" else one


def apply(
    connection: Connection, evaluators: Sequence[Evaluator], *, publish: bool, now_ns: int
) -> list[StoredEvaluator]:
    """Save several, and publish them when asked for.

    What is published or paused and says the same stays as it is, and so does a draft above it.
    """
    applied: list[StoredEvaluator] = []
    for evaluator in evaluators:
        one = _live(connection, evaluator.name) if publish else None
        if one is None or one.evaluator.version != evaluator.version:
            one = save(connection, evaluator, now_ns=now_ns)
            one = one if not publish or one.status in _LIVE else _publish(connection, one, now_ns)
        applied.append(one)
    return applied


def publish(connection: Connection, name: str, *, version: str | None = None, now_ns: int) -> StoredEvaluator:
    """Publish the draft, end a pause, or bring back what was archived."""
    one = _current(connection, name)
    if one is None:
        raise _unknown(name)
    if version is not None and one.evaluator.version != version:
        raise ConflictError(f"a newer version of “{name}” is stored", stored=one)
    return one if one.status == "published" else _publish(connection, one, now_ns)


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
        newest = _current(connection, name)
        if newest is None:
            raise _unknown(name)
        if paused_by == "user":
            raise UnknownEvaluatorError(f"evaluator “{name}” is not published, so there is nothing to pause")
        return newest
    if paused_by == "pipeline" and one.paused_by == "user":
        return one
    return _set(connection, one, status="paused", reason=reason, paused_by=paused_by, retry_ns=retry_ns)


def resume(connection: Connection, name: str, *, paused_by: Literal["user", "pipeline"]) -> None:
    """End a pause: of the pipeline, or whoever's when the user does."""
    one = _live(connection, name)
    if one is not None and one.status == "paused" and paused_by in ("user", one.paused_by):
        _set(connection, one, status="published", **_NO_PAUSE)


def discard_draft(connection: Connection, name: str) -> None:
    """The draft is out of use; what is published stays so."""
    one = _current(connection, name)
    if one is None:
        raise _unknown(name)
    if one.status == "draft":
        _set(connection, one, status="archived")


def archive(connection: Connection, name: str) -> None:
    """Take every version out of use and skip the waiting jobs."""
    if _current(connection, name) is None:
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


def listed(
    connection: Connection, *, all_versions: bool = False, name: str | None = None
) -> list[StoredEvaluator]:
    """By name and number: the live and the current version of each, or all; of one name when it is given."""
    asked = select(table).order_by(table.c.name, table.c.number)
    rows = connection.execute(asked if name is None else asked.where(table.c.name == name)).all()
    if all_versions:
        return [_stored(row) for row in rows]
    chosen: list[StoredEvaluator] = []
    for _, group in groupby(map(_stored, rows), key=lambda one: one.evaluator.name):
        versions = list(group)
        now = current(versions)
        chosen += [one for one in versions if one.status in _LIVE or one is now]
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

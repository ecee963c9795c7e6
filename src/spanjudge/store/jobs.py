"""Jobs: coming in, being leased, going back."""

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import Job, NewJob
from spanjudge.store import same_call, tables
from spanjudge.store.bulk import Insert, Row, Select, Statement
from spanjudge.store.keys import (
    AWAITS_CONTENT,
    CONTENT_CAME,
    HAS_CONTENT,
    LEASED,
    OVERLOOKS,
    SKIPPED,
    STATES,
    WAITING,
    further_ids,
    portions,
    target_key,
    target_of,
    whole,
)
from spanjudge.store.postgres.leasing import Take
from spanjudge.store.queues import next_targets
from spanjudge.store.same_call import Call, Calls
from spanjudge.store.spans import with_logs, with_retrievals
from spanjudge.telemetry.evaluated import Target

_insert = Insert(
    tables.jobs,
    "target",
    "trace_id",
    "span_id",
    "evaluator",
    "version",
    "generation",
    "state",
    "attempts",
    "content",
    "model_call",
    "parent",
    "created_ns",
    "due_ns",
    "reason",
    "detail",
    "overlooks",
    "backfill",
)

_IDS = ("target", "trace_id", "span_id")
_PLAIN = (
    "id",
    "evaluator",
    "version",
    "generation",
    "state",
    "attempts",
    "content",
    "created_ns",
    "due_ns",
    "reason",
    "detail",
    "error_code",
    "error_message",
    "overlooks",
    "backfill",
)
_COLUMNS = ", ".join((*_IDS, *_PLAIN))

_of_targets = Select(
    f"SELECT {_COLUMNS} FROM jobs WHERE target IN :targets",  # noqa: S608  # our own columns
    ids=_IDS,
    plain=_PLAIN,
    lists=("targets",),
)
_due_of_targets = Select(
    f"SELECT {_COLUMNS} FROM jobs WHERE target IN :targets AND state = 0 AND due_ns <= :now",  # noqa: S608  # our own columns
    ids=_IDS,
    plain=_PLAIN,
    lists=("targets",),
)
_take = Take(_IDS, _PLAIN)
_lease = Statement("UPDATE jobs SET state = 1, owner = :owner WHERE id IN :ids", lists=("ids",))
_keep = text(
    "INSERT INTO owners (owner, until_ns) VALUES (:owner, :until)"
    " ON CONFLICT (owner) DO UPDATE SET until_ns = excluded.until_ns"
)
_late = {
    "sqlite": text("SELECT owner FROM owners WHERE until_ns <= :now"),
    # Of one that is just being seen to, or extends its lease, nothing need be done here.
    "postgresql": text("SELECT owner FROM owners WHERE until_ns <= :now FOR UPDATE SKIP LOCKED"),
}
_have = text("SELECT owner FROM owners WHERE owner = :owner FOR UPDATE")
_hand_back = text("UPDATE jobs SET state = 0, owner = NULL WHERE state = 1 AND owner = :owner")
_hand_back_in_order = text(
    "UPDATE jobs SET state = 0, owner = NULL WHERE id IN"
    " (SELECT id FROM jobs WHERE state = 1 AND owner = :owner ORDER BY id FOR NO KEY UPDATE)"
)
# Without a row nobody would ever hand back what was leased meanwhile.
_forget = text(
    "DELETE FROM owners WHERE owner = :owner"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 1 AND jobs.owner = owners.owner)"
)
_count_leased = text("SELECT count(*) FROM jobs WHERE state = 1 AND owner = :owner")


def job_of(row: Sequence[Any]) -> Job:
    """A row of `_COLUMNS`."""
    return Job(
        target=target_of(row[0], row[1], row[2]),
        id=row[3],
        evaluator=row[4],
        version=row[5],
        generation=row[6],
        state=STATES[int(row[7])],
        attempts=row[8],
        awaits_content=row[9] == AWAITS_CONTENT,
        created_ns=row[10],
        due_ns=row[11],
        reason=row[12],
        detail=row[13],
        error_code=row[14],
        error_message=row[15],
        overlooks=OVERLOOKS[row[16] or 0],
        backfill=row[17],
    )


def add(connection: Connection, jobs: Iterable[NewJob], *, now_ns: int) -> int:
    """Store new jobs; how many were new."""
    rows: list[Row] = []
    calls: list[tuple[NewJob, bytes, bytes | None]] = []
    awaiting: list[tuple[NewJob, bytes]] = []
    for job in jobs:
        key = target_key(job.target)
        parent = _parent(job)
        if job.awaits_content and job.reason is None:
            awaiting.append((job, key))
        elif job.model_call and job.reason in {None, "same_call"}:
            calls.append((job, key, parent))
        else:
            rows.append(_row(job, key, parent, now_ns))
    came: set[bytes] = set()
    if awaiting:
        keys = {key for _, key in awaiting if key[:1] == b"s"}
        came = with_logs(connection, keys)
        retrieved = with_retrievals(connection, {key[1:17] for key in keys - came})
        for job, key in awaiting:
            if job.model_call and key in came:
                calls.append((job, key, _parent(job)))
            else:
                at_once = key[:1] == b"s" and key[1:17] in retrieved
                rows.append(_row(job, key, _parent(job), now_ns, came=key in came, at_once=at_once))
    if calls:
        rows += _settled(connection, calls, came, now_ns)
    return _insert(connection, rows)


def _parent(job: NewJob) -> bytes | None:
    if not job.model_call or not job.parent_span_id or job.target.kind != "span":
        return None
    return b"s" + bytes.fromhex(job.target.trace_id + job.parent_span_id)


def _row(
    job: NewJob,
    key: bytes,
    parent: bytes | None,
    now_ns: int,
    *,
    came: bool = False,
    at_once: bool = False,
    skipped_for: str | None = None,
) -> Row:
    """`came`: log events with content are there; `at_once`: documents are, so that a look is worth while."""
    reason = job.reason or ("same_call" if skipped_for else None)
    due_ns = whole(job.due_ns)
    content = HAS_CONTENT
    if job.awaits_content:
        content = CONTENT_CAME if came else AWAITS_CONTENT
        due_ns = min(due_ns, now_ns) if came or at_once else due_ns
    return (
        key,
        *further_ids(job.target),
        job.evaluator,
        job.version,
        job.generation,
        WAITING if reason is None else SKIPPED,
        0,
        content,
        job.model_call,
        parent,
        now_ns,
        due_ns,
        reason,
        job.detail or skipped_for or "",
        OVERLOOKS.index(job.overlooks) or None,
        job.backfill,
    )


def _settled(
    connection: Connection,
    jobs: Sequence[tuple[NewJob, bytes, bytes | None]],
    came: Collection[bytes],
    now_ns: int,
) -> list[Row]:
    """Rows of jobs of model calls, after it is clear which of them are one call recorded twice."""
    graph = Calls(connection)
    graph.load({key for _, key, _ in jobs} | {parent for _, _, parent in jobs if parent})
    graph.load_children({key for _, key, _ in jobs})
    arrivals: dict[tuple[bytes, str, str, int], tuple[Call, NewJob]] = {}
    for job, key, parent in jobs:
        identity = (key, job.evaluator, job.version, job.generation)
        if identity in arrivals or graph.knows(*identity):
            continue
        call = Call(key, parent, job.evaluator, job.version, job.generation)
        if job.reason is not None:
            call.skip(job.detail)
            graph.add(call)
        arrivals[identity] = (call, job)
    same_call.settle(graph, [call for call, job in arrivals.values() if job.reason is None])
    graph.write(now_ns=now_ns)
    return [
        _row(job, call.key, call.parent, now_ns, came=call.key in came, skipped_for=call.skipped_for)
        for call, job in arrivals.values()
    ]


def lease(  # one keyword for each thing that bounds it
    connection: Connection,
    owner: str,
    evaluators: Sequence[str],
    *,
    now_ns: int,
    until_ns: int,
    limit: int,
    backfills: int | None = None,
) -> list[Job]:
    """Due jobs of these evaluators, now the owner's; every evaluator gets its share."""
    for late in connection.execute(_late[connection.dialect.name], {"now": now_ns}).scalars().all():
        release(connection, late)
    names = list(dict.fromkeys(evaluators))
    if not names or limit < 1:
        return []
    most = limit if backfills is None else backfills
    if connection.dialect.name != "sqlite":
        rows = _take(
            connection,
            partial(next_targets, connection, names, now_ns=now_ns),
            owner=owner,
            names=names,
            now_ns=now_ns,
            limit=limit,
            backfills=most,
        )
    else:
        rows = _chosen(connection, names, now_ns, limit, most)
        for some in portions([row[3] for row in rows]):
            _lease(connection, {"owner": owner, "ids": some})
        for row in rows:
            row[7] = LEASED
    if not rows:
        return []
    connection.execute(_keep, {"owner": owner, "until": until_ns})
    return sorted((job_of(row) for row in rows), key=lambda job: (job.due_ns, job.id))


def _chosen(
    connection: Connection, names: list[str], now_ns: int, limit: int, backfills: int
) -> list[list[Any]]:
    """The rows of all due jobs of the targets that are next."""
    allowed = set(names)
    chosen: list[list[Any]] = []
    for some in portions(next_targets(connection, names, now_ns=now_ns, limit=limit, backfills=backfills)):
        found: dict[str, list[list[Any]]] = {}
        for row in _due_of_targets(connection, targets=[bytes.fromhex(key) for key in some], now=now_ns):
            if row[4] in allowed:
                found.setdefault(row[0], []).append(row)
        for key in some:
            chosen += found.get(key, ())
            if len(chosen) >= limit:
                return chosen
    return chosen


def extend(connection: Connection, owner: str, *, until_ns: int) -> int:
    """Keep everything the owner has; how many jobs."""
    if connection.dialect.name != "sqlite":
        connection.execute(_have, {"owner": owner})
    count = connection.execute(_count_leased, {"owner": owner}).scalar_one()
    if count:
        connection.execute(_keep, {"owner": owner, "until": until_ns})
    return count


def release(connection: Connection, owner: str) -> int:
    """Hand back everything the owner has; how many jobs."""
    hand_back = _hand_back
    if connection.dialect.name != "sqlite":
        connection.execute(_have, {"owner": owner})
        hand_back = _hand_back_in_order
    count = connection.execute(hand_back, {"owner": owner}).rowcount
    connection.execute(_forget, {"owner": owner})
    return count


def of_targets(connection: Connection, targets: Sequence[Target]) -> list[Job]:
    """Every job of the targets, oldest first."""
    keys = list(dict.fromkeys(target_key(target) for target in targets))
    rows = [row for some in portions(keys) for row in _of_targets(connection, targets=some)]
    return sorted((job_of(row) for row in rows), key=lambda job: job.id)

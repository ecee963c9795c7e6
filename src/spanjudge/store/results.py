"""Results: the end of jobs, and what is known of a target."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from spanjudge.judging.result import EvaluationFailure
from spanjudge.pipeline.ports import Finish, Retry
from spanjudge.store import outbox, usage
from spanjudge.store.bulk import Select, Statement
from spanjudge.store.keys import (
    CONTENT_CAME_WHILE_LEASED,
    DONE,
    FAILED,
    SKIPPED,
    portions,
    target_key,
    whole,
)
from spanjudge.store.outcomes import IDS, PLAIN, evaluated_of, insert
from spanjudge.store.postgres import outcomes as on_postgres
from spanjudge.store.postgres.locks import held
from spanjudge.telemetry.evaluated import Evaluated, Target

_last = text("SELECT coalesce(max(id), 0) FROM results")

_of_targets = Select(
    f"SELECT {', '.join((*IDS, *PLAIN))} FROM results WHERE target IN :targets",  # noqa: S608  # our own columns
    ids=IDS,
    plain=PLAIN,
    lists=("targets",),
)
_owned = Select(
    "SELECT id, content FROM jobs WHERE id IN :ids AND state = 1 AND owner = :owner",
    plain=("id", "content"),
    lists=("ids",),
    lock="ORDER BY id FOR NO KEY UPDATE",
)
_end = Statement(
    "UPDATE jobs SET state = :state, owner = NULL, reason = :reason, detail = :detail,"
    " error_code = :code, error_message = :message WHERE id IN :ids",
    lists=("ids",),
)
_back = Statement(
    "UPDATE jobs SET state = 0, owner = NULL, due_ns = :due, attempts = attempts + :counts,"
    " error_code = :code, error_message = :message WHERE id IN :ids",
    lists=("ids",),
)
_content_came = Statement(
    "UPDATE jobs SET state = 0, owner = NULL, due_ns = :now, content = 2 WHERE id IN :ids", lists=("ids",)
)


def finish(
    connection: Connection,
    finishes: Sequence[Finish],
    retries: Sequence[Retry],
    *,
    owner: str,
    now_ns: int,
    destinations: Sequence[str],
) -> int:
    """End jobs that the owner still has, and send others back; how many were ended."""
    targets = {target_key(one.job.target) for one in finishes if one.evaluated is not None}
    with held(connection, targets):
        return _finish(connection, finishes, retries, owner, now_ns, destinations)


def _finish(
    connection: Connection,
    finishes: Sequence[Finish],
    retries: Sequence[Retry],
    owner: str,
    now_ns: int,
    destinations: Sequence[str],
) -> int:
    named = list({one.job.id for one in (*finishes, *retries)})
    owned: dict[int, int] = {
        row: content for some in portions(named) for row, content in _owned(connection, ids=some, owner=owner)
    }
    mine = [one for one in finishes if one.job.id in owned]
    outcomes = [one.evaluated for one in mine if one.evaluated is not None]
    _store(connection, outcomes, destinations, now_ns)
    ends: dict[tuple[Any, ...], list[int]] = {}
    taken_up: list[int] = []
    for one in mine:
        end = _end_of(one)
        came = owned[one.job.id] == CONTENT_CAME_WHILE_LEASED
        if came and end[1] in {"no_content", "missing_variable"}:
            taken_up.append(one.job.id)
        else:
            ends.setdefault(end, []).append(one.job.id)
    for (state, reason, detail, code, message), ids in ends.items():
        values = {"state": state, "reason": reason, "detail": detail, "code": code, "message": message}
        for some in portions(ids):
            _end(connection, {**values, "ids": some})
    for some in portions(taken_up):
        _content_came(connection, {"now": now_ns, "ids": some})
    ended = {one.job.id for one in mine}
    _send_back(connection, [one for one in retries if one.job.id in owned and one.job.id not in ended])
    usage.add(connection, usage.of_outcomes(outcomes, now_ns=now_ns))
    return len(ended) - len(taken_up)


def _end_of(one: Finish) -> tuple[int, str | None, str, str | None, str | None]:
    """State, reason, detail, error code and message."""
    if one.evaluated is None:
        return SKIPPED, one.reason, one.detail, None, None
    outcome = one.evaluated.outcome
    if isinstance(outcome, EvaluationFailure):
        return FAILED, None, one.detail, outcome.code, outcome.message
    return DONE, None, one.detail, None, None


def _store(
    connection: Connection, outcomes: Sequence[Evaluated], destinations: Sequence[str], now_ns: int
) -> None:
    if outcomes and connection.dialect.name != "sqlite":
        on_postgres.store(connection, outcomes, destinations, now_ns=now_ns)
    elif outcomes:
        before = connection.execute(_last).scalar_one()
        insert(connection, outcomes, now_ns=now_ns)
        outbox.add(connection, destinations, after=before, now_ns=now_ns)


def _send_back(connection: Connection, retries: Sequence[Retry]) -> None:
    alike: dict[tuple[Any, ...], list[int]] = {}
    for one in retries:
        what = (whole(one.due_ns), int(one.counts), one.error_code, one.error_message)
        alike.setdefault(what, []).append(one.job.id)
    for (due_ns, counts, code, message), ids in alike.items():
        values = {"due": due_ns, "counts": counts, "code": code, "message": message}
        for some in portions(ids):
            _back(connection, {**values, "ids": some})


def of_targets(connection: Connection, targets: Sequence[Target]) -> list[Evaluated]:
    """Every result of the targets, oldest first."""
    keys = list(dict.fromkeys(target_key(target) for target in targets))
    rows = [row for some in portions(keys) for row in _of_targets(connection, targets=some)]
    return [evaluated_of(row) for row in sorted(rows, key=lambda row: row[4])]

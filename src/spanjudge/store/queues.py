"""Which due jobs are next: what came in before what backfills made, every evaluator in its turn."""

import random

import msgspec
from sqlalchemy import Connection

from spanjudge.store.bulk import Select
from spanjudge.store.keys import portions

_SHARE = 0.05
"""What is kept for jobs of backfills while there are enough others."""

_MOST_QUEUES = 100


def next_targets(
    connection: Connection, names: list[str], *, now_ns: int, limit: int, backfills: int
) -> list[str]:
    """The targets of due jobs of these evaluators, as keys, those that are next first.

    At most `backfills` of them are there for a backfill's job.
    """
    queues = _filled(connection, names, now_ns, limit)
    if not any(one.backfill for queue in queues.values() for one in queue):
        return _in_turn(queues)
    live = queues
    if sum(map(len, queues.values())) >= limit:
        # Only the oldest were seen, and jobs that came in may stand behind them.
        live = _filled(connection, names, now_ns, limit, live=True)
    ahead = _in_turn({name: [one for one in queue if not one.backfill] for name, queue in live.items()})
    behind = _in_turn({name: [one for one in queue if one.backfill] for name, queue in queues.items()})
    return _behind(ahead, behind[: max(0, backfills)], limit)


class _Waiting(msgspec.Struct, frozen=True, order=True, gc=False):
    """A due job as far as it matters for who is next."""

    due_ns: int
    id: int
    target: str
    backfill: bool


_Queues = dict[str, list[_Waiting]]


def _filled(
    connection: Connection, names: list[str], now_ns: int, limit: int, *, live: bool = False
) -> _Queues:
    """The oldest due jobs of each evaluator: its share, and what others do not need of theirs."""
    share = -(-limit // len(names))
    queues = _queues(connection, names, now_ns, share, live=live)
    longer = [name for name in names if len(queues.get(name, ())) == share]
    if share < limit and longer and sum(map(len, queues.values())) < limit:
        queues.update(_queues(connection, longer, now_ns, limit, live=live))
    return queues


def _in_turn(queues: _Queues) -> list[str]:
    """The targets: one of each evaluator in turn, so that a long queue of one does not hold up the others."""
    order = sorted((place, one) for queue in queues.values() for place, one in enumerate(sorted(queue)))
    return list(dict.fromkeys(one.target for _, one in order))


def _behind(ahead: list[str], behind: list[str], limit: int) -> list[str]:
    """Targets of backfills after the others, but for a small share of them."""
    # A share of a job is a whole one now and then.
    kept = behind[: int(limit * _SHARE + random.random())]  # noqa: S311 - spreads, guards no secret
    return list(dict.fromkeys([*ahead[: limit - len(kept)], *kept, *ahead, *behind]))


def _queues(connection: Connection, names: list[str], now_ns: int, most: int, *, live: bool) -> _Queues:
    queues: _Queues = {}
    for some in portions(names, _MOST_QUEUES):
        parameters = {f"name_{index}": name for index, name in enumerate(some)}
        rows = _oldest(len(some), live)(connection, now=now_ns, most=most, **parameters)
        for key, name, due_ns, row, backfill in rows:
            queues.setdefault(name, []).append(_Waiting(due_ns, row, key, backfill is not None))
    return queues


_oldest_of: dict[tuple[int, bool], Select] = {}


def _oldest(names: int, live: bool) -> Select:  # noqa: FBT001 - a part of the key
    known = _oldest_of.get((names, live))
    if known is None:
        one = (
            "SELECT * FROM (SELECT target, evaluator, due_ns, id, backfill FROM jobs"
            " WHERE state = 0 AND evaluator = :name_{0} AND due_ns <= :now{1}"
            " ORDER BY due_ns, id LIMIT :most) AS queue_{0}"
        )
        only = " AND backfill IS NULL" if live else ""
        source = " UNION ALL ".join(one.format(index, only) for index in range(names))
        known = _oldest_of[names, live] = Select(
            source, ids=("target",), plain=("evaluator", "due_ns", "id", "backfill")
        )
    return known

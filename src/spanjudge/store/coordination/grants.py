"""Who may spend how much of what is left of a budget: the one place where it is added up and handed out."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, text

from spanjudge.judging.budget.grants import ALL, NOTHING, Amount, Granted, Want
from spanjudge.judging.budget.limits import Limits
from spanjudge.store.bulk import Insert
from spanjudge.store.tables import grants as table

# Nobody else touches this row: who has it is alone with the grants until the transaction ends.
_alone = text(
    "INSERT INTO meta (name, value) VALUES ('grants', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = meta.value + 1"
)
_used = text(
    "SELECT evaluator, provider, CASE WHEN day = :day THEN 1 ELSE 0 END AS is_today,"
    " sum(input + output) AS tokens, sum(cost_usd) AS usd FROM usage"
    " WHERE day >= :first AND day <= :last AND provider <> '' GROUP BY 1, 2, 3"
)
_others = text(
    "SELECT evaluator, sum(tokens) AS tokens, sum(usd) AS usd FROM grants"
    " WHERE member <> :member AND until_ns > :now GROUP BY evaluator"
)
_gone = text("DELETE FROM grants WHERE until_ns <= :now")
_mine = text("DELETE FROM grants WHERE member = :member")
_hold = Insert(table, "evaluator", "member", "tokens", "usd", "until_ns")

_NO_LIMIT = float("inf")
_OF_THE_REST = 0.5
"""How much of what is left one process may have to spare: others want some, too."""


def grant(
    connection: Connection,
    member: str,
    wants: Sequence[Want],
    limits: Mapping[str, Limits],
    *,
    day: str,
    free: Sequence[str],
    now_ns: int,
    until_ns: int,
) -> Granted:
    """See `Grants.grant`."""
    connection.execute(_alone)
    connection.execute(_gone, {"now": now_ns})
    connection.execute(_mine, {"member": member})
    used = usage(connection, day, free)
    taken = dict(used)
    for row in connection.execute(_others, {"member": member, "now": now_ns}):
        _add(taken, day, row.evaluator, Amount(row.tokens, row.usd))
    for want in wants:
        _add(taken, day, want.evaluator, want.out)
    # What calls need comes before what anybody would like to have besides.
    room: dict[str, Amount] = {}
    for want in wants:
        room[want.evaluator] = NOTHING
        left = _left(taken, limits, day, want.evaluator)
        if want.next != NOTHING and want.next.fits(left):
            room[want.evaluator] = want.next
            _add(taken, day, want.evaluator, want.next)
    for want in wants:
        if room[want.evaluator] != want.next:
            # A piece that no call fits into would keep the others from theirs, and theirs us.
            continue
        left = _left(taken, limits, day, want.evaluator)
        spare = Amount(
            min(want.spare.tokens, max(0.0, left.tokens * _OF_THE_REST)),
            min(want.spare.usd, max(0.0, left.usd * _OF_THE_REST)),
        )
        room[want.evaluator] = room[want.evaluator].plus(spare)
        _add(taken, day, want.evaluator, spare)
    held = {want.evaluator: want.out.plus(room[want.evaluator]) for want in wants}
    _hold(
        connection,
        [(name, member, *amount, until_ns) for name, amount in sorted(held.items()) if amount != NOTHING],
    )
    return Granted(used=used, room=room)


def usage(connection: Connection, day: str, free: Collection[str]) -> dict[tuple[str, str], Amount]:
    """Stored usage of the day and its month, by period and evaluator."""
    month = day[:7]
    used: dict[tuple[str, str], Amount] = defaultdict(Amount)
    bounds = {"day": day, "first": f"{month}-01", "last": f"{month}-31"}
    for row in connection.execute(_used, bounds):
        if row.provider in free:
            continue
        for period in (month, day) if row.is_today else (month,):
            for evaluator in (ALL, row.evaluator):
                key = (period, evaluator)
                used[key] = used[key].plus(Amount(float(row.tokens), float(row.usd)))
    return dict(used)


def _add(taken: dict[tuple[str, str], Amount], day: str, evaluator: str, amount: Amount) -> None:
    for period in (day, day[:7]):
        for owner in (ALL, evaluator):
            taken[period, owner] = taken.get((period, owner), NOTHING).plus(amount)


def _left(
    taken: Mapping[tuple[str, str], Amount], limits: Mapping[str, Limits], day: str, evaluator: str
) -> Amount:
    """What the tightest of the limits leaves; without bounds where there is none."""
    tokens = usd = _NO_LIMIT
    for owner in (ALL, evaluator):
        own = limits.get(owner)
        if own is None:
            continue
        today, month = taken.get((day, owner), NOTHING), taken.get((day[:7], owner), NOTHING)
        if own.tokens_day:
            tokens = min(tokens, own.tokens_day - today.tokens)
        if own.tokens_month:
            tokens = min(tokens, own.tokens_month - month.tokens)
        if own.usd_day:
            usd = min(usd, own.usd_day - today.usd)
        if own.usd_month:
            usd = min(usd, own.usd_month - month.usd)
    return Amount(tokens, usd)

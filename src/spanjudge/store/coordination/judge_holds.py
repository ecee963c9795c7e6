"""Judge models that nobody asks for a while, because their provider said so to one of us."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.coordination import JudgeHold

_hold = text(
    "INSERT INTO judge_states (judge, until_ns, reason, member) VALUES (:judge, :until, :reason, :member)"
    " ON CONFLICT (judge) DO UPDATE SET until_ns = excluded.until_ns, reason = excluded.reason,"
    " member = excluded.member WHERE judge_states.until_ns < excluded.until_ns"
)
_held = text("SELECT judge, until_ns, reason, member FROM judge_states WHERE until_ns > :now ORDER BY judge")


def hold(connection: Connection, wanted: JudgeHold) -> None:
    """See `Coordination.hold_judge`."""
    connection.execute(
        _hold,
        {
            "judge": wanted.judge,
            "until": wanted.until_ns,
            "reason": wanted.reason,
            "member": wanted.member,
        },
    )


def held(connection: Connection, *, now_ns: int) -> list[JudgeHold]:
    """See `Coordination.judge_holds`."""
    return [
        JudgeHold(judge=row.judge, until_ns=row.until_ns, reason=row.reason, member=row.member)
        for row in connection.execute(_held, {"now": now_ns})
    ]

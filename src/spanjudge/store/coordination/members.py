"""Processes and their duties: who is there, and what each alone does."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from spanjudge.pipeline.coordination import ROLES, Member, MemberFigures, Roll

_there = text(
    "INSERT INTO members (id, roles, host, pid, version, started_ns, seen_ns, until_ns, figures)"
    " VALUES (:id, :roles, :host, :pid, :version, :started, :now, :until, :figures)"
    " ON CONFLICT (id) DO UPDATE SET roles = excluded.roles, seen_ns = excluded.seen_ns,"
    " until_ns = excluded.until_ns, figures = excluded.figures"
)
# One statement, so that of two who take the same duty one only gets it, on every database.
_take = text(
    "INSERT INTO duties (name, member, until_ns) VALUES (:name, :member, :until)"
    " ON CONFLICT (name) DO UPDATE SET member = excluded.member, until_ns = excluded.until_ns"
    " WHERE duties.member = excluded.member OR duties.until_ns <= :now"
)
_give_back = text("DELETE FROM duties WHERE name = :name AND member = :member")
_duties_of = text("SELECT name FROM duties WHERE member = :member ORDER BY name")
_gone = text("SELECT id FROM members WHERE until_ns <= :now ORDER BY id")
_forget = text("DELETE FROM members WHERE id = :id")
_forget_if_gone = text("DELETE FROM members WHERE id = :id AND until_ns <= :now")
_forget_grants = text("DELETE FROM grants WHERE member = :id")
_members = text(
    "SELECT id, roles, host, pid, version, started_ns, seen_ns, figures FROM members"
    " WHERE until_ns > :now ORDER BY started_ns, id"
)
_duties = text("SELECT name, member FROM duties WHERE until_ns > :now ORDER BY name")
_figures = msgspec.json.Decoder(MemberFigures)


def beat(
    connection: Connection, member: Member, duties: Sequence[str], *, now_ns: int, until_ns: int
) -> Roll:
    """See `Coordination.beat`."""
    connection.execute(
        _there,
        {
            "id": member.id,
            "roles": " ".join(member.roles),
            "host": member.host,
            "pid": member.pid,
            "version": member.version,
            "started": member.started_ns,
            "now": now_ns,
            "until": until_ns,
            "figures": msgspec.json.encode(member.figures).decode(),
        },
    )
    for gone in connection.execute(_gone, {"now": now_ns}).scalars().all():
        if connection.execute(_forget_if_gone, {"id": gone, "now": now_ns}).rowcount:
            connection.execute(_forget_grants, {"id": gone})
    # In one order everywhere, so that two who beat at once wait for each other and never in a circle.
    for name in sorted(set(duties)):
        claim(connection, name, member.id, now_ns=now_ns, until_ns=until_ns)
    return roll(connection, now_ns=now_ns)


def claim(connection: Connection, duty: str, member: str, *, now_ns: int, until_ns: int) -> bool:
    """See `Coordination.claim`."""
    done = connection.execute(_take, {"name": duty, "member": member, "until": until_ns, "now": now_ns})
    return done.rowcount > 0


def give_back(connection: Connection, member: str, duties: Sequence[str]) -> None:
    """See `Coordination.give_back`."""
    for name in sorted(set(duties)):
        connection.execute(_give_back, {"name": name, "member": member})


def leave(connection: Connection, member: str) -> None:
    """See `Coordination.leave`."""
    connection.execute(_forget, {"id": member})
    connection.execute(_forget_grants, {"id": member})
    give_back(connection, member, connection.execute(_duties_of, {"member": member}).scalars().all())


def roll(connection: Connection, *, now_ns: int) -> Roll:
    """See `Coordination.roll`."""
    return Roll(
        members=tuple(_member(row) for row in connection.execute(_members, {"now": now_ns})),
        duties={row.name: row.member for row in connection.execute(_duties, {"now": now_ns})},
    )


def _member(row: Any) -> Member:
    roles = set(row.roles.split())
    return Member(
        id=row.id,
        roles=tuple(role for role in ROLES if role in roles),
        host=row.host,
        pid=row.pid,
        version=row.version,
        started_ns=row.started_ns,
        seen_ns=row.seen_ns,
        figures=_read(row.figures),
    )


def _read(figures: str) -> MemberFigures:
    try:
        return _figures.decode(figures)
    except msgspec.MsgspecError:
        return MemberFigures()  # of another version: that it is there is what counts

"""Limits that were set on the page; the settings' hold where there are none."""

from sqlalchemy import Connection, delete, insert, select, text

from spanjudge.judging.budget.limits import Limits, LimitsSet
from spanjudge.pipeline.ports import StaleError
from spanjudge.store.postgres.locks import alone
from spanjudge.store.tables import budgets as table

_ALL = ""
"""The row of all evaluators together; it is there whenever anything is set."""

_revision = text("SELECT value FROM meta WHERE name = 'budgets'")
_changed = text(
    "INSERT INTO meta (name, value) VALUES ('budgets', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = meta.value + 1"
)


def limits(connection: Connection) -> LimitsSet:
    """What was set last."""
    revision = connection.execute(_revision).scalar_one_or_none()
    if not revision:
        return LimitsSet()
    found = {
        row.evaluator: Limits(
            tokens_day=row.tokens_day,
            tokens_month=row.tokens_month,
            usd_day=row.usd_day,
            usd_month=row.usd_month,
        )
        for row in connection.execute(select(table).order_by(table.c.evaluator))
    }
    together = found.pop(_ALL, None)
    return LimitsSet(
        revision=revision, edited=together is not None, all=together or Limits(), evaluators=found
    )


def set_limits(connection: Connection, wanted: LimitsSet) -> LimitsSet:
    """Put these in the place of what was set; what they are based on must still be the newest."""
    alone(connection, "budgets")
    if limits(connection).revision != wanted.revision:
        raise StaleError("the limits were changed meanwhile")
    connection.execute(delete(table))
    if wanted.edited:
        rows = {_ALL: wanted.all, **wanted.evaluators}
        connection.execute(
            insert(table),
            [
                {
                    "evaluator": name,
                    "tokens_day": own.tokens_day,
                    "tokens_month": own.tokens_month,
                    "usd_day": own.usd_day,
                    "usd_month": own.usd_month,
                }
                for name, own in rows.items()
            ],
        )
    connection.execute(_changed)
    return limits(connection)

"""Versions of evaluators by their hash."""

from collections.abc import Collection
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, func, select

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.queries import KnownVersion
from spanjudge.store.keys import portions
from spanjudge.store.tables import evaluators, results

_MOST_KEPT = 1_000


def versions(
    connection: Connection, pairs: Collection[tuple[str, str]]
) -> dict[tuple[str, str], KnownVersion]:
    """The newest version of each (name, hash); unknown ones are left out."""
    columns = evaluators.c
    found: dict[tuple[str, str], KnownVersion] = {}
    wanted = set(pairs)
    for names in portions(sorted({name for name, _ in wanted})):
        asked = select(columns.name, columns.version, columns.number, columns.definition)
        rows = connection.execute(asked.where(columns.name.in_(names)).order_by(columns.number))
        for name, version, number, definition in rows:
            if (name, version) in wanted:
                found[name, version] = KnownVersion(number=number, evaluator=_evaluator(definition))
    return found


def results_by_version(connection: Connection, evaluator: str) -> dict[str, int]:
    """How many current outcomes each version of an evaluator has, by its hash."""
    columns = results.c
    rows = connection.execute(
        select(columns.version, func.count().label("results"))
        .where(columns.evaluator == evaluator, columns.current.is_(True))
        .group_by(columns.version)
    )
    return {row.version: row.results for row in rows}


@lru_cache(_MOST_KEPT)
def _evaluator(definition: str) -> Evaluator:
    return msgspec.json.decode(definition, type=Evaluator)

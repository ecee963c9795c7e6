"""How PostgreSQL answers: by index, so that a method takes no longer when the tables are long."""

import re
from typing import Any

import psycopg

from spanjudge.pipeline.queries import Filters
from spanjudge.store.store import open_store
from tests.contracts.stored import NOW, SECOND
from tests.store.test_plans import work

LONG = re.compile(r"Seq Scan on (spans|logs|jobs|results|outbox|traces|windows)\w*")

ONLY_IF_NEEDED = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off"

# What may be read from end to end: where the question asks for all of it, or there is one row a sender.
WHOLE = {
    "SELECT count(*) FROM outbox": "a count",
    "SELECT count(*), min(due_ns) FROM jobs": "a count",
    "SELECT DISTINCT destination FROM outbox": "once at the start",
}

# Jobs of a backfill are all due at the same time: who sorts them to find the next few goes through all.
IN_ORDER = "AS queue_0"


async def test_no_long_table_is_read_from_end_to_end(postgres_url: str, statements: dict[str, Any]) -> None:
    await work(postgres_url)
    store = await open_store(postgres_url)
    filters = Filters(start_ns=NOW, end_ns=NOW + SECOND)
    await store.queries.traces(filters, limit=9)
    await store.queries.spans(filters, limit=9)
    await store.queries.results(filters, limit=9)
    await store.queries.counters()
    await store.queries.newest_span()
    await store.queries.stored_since()
    await store.aclose()
    asked = [one for one in statements if one.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE"))]
    assert len(asked) > 40
    slow: list[str] = []
    with psycopg.connect(postgres_url) as connection:
        connection.execute(ONLY_IF_NEEDED)
        for statement in asked:
            if any(known in statement for known in WHOLE):
                continue
            rows = connection.execute(f"EXPLAIN {statement}".encode(), statements[statement]).fetchall()
            slow += [f"{row[0].strip()}: {statement}" for row in rows if LONG.search(row[0])]
            if IN_ORDER in statement:
                slow += [f"{row[0].strip()}: {statement}" for row in rows if "Sort" in row[0]]
            connection.rollback()
            connection.execute(ONLY_IF_NEEDED)
    assert any(IN_ORDER in statement for statement in asked)
    assert not slow, "\n\n".join(slow)

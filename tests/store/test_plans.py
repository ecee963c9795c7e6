"""How SQLite answers: by index, so that a method takes no longer when the tables are long."""

import sqlite3
from pathlib import Path
from typing import Any

from spanjudge.pipeline.ports import Intake, NewJob, Retry, WindowTouch
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Target
from tests.contracts.stored import (
    NOW,
    SECOND,
    call,
    done,
    finish,
    job,
    lease,
    log,
    skipped,
    span,
    target,
    trace,
)

LONG = ("spans", "logs", "jobs", "results", "outbox", "windows", "envelopes")

# What may be read from end to end: an index alone, where the question asks for all of it.
WHOLE = {
    "SELECT id FROM spans WHERE span_id": "the few bytes of each span",
    "SELECT count(*), min(due_ns) FROM jobs": "a count",
    "SELECT count(*) FROM outbox": "a count",
    "SELECT count(*) FROM jobs WHERE state = 1": "a count of what is leased",
    "SELECT DISTINCT destination FROM outbox": "once at the start",
}

# What may be sorted: the spans of one trace or session.
SORTED = ("FROM spans WHERE trace_id = ?", "FROM spans WHERE session_id = ?")


async def work(url: str) -> None:
    """Everything a store is asked in the course of a day."""
    store = await open_store(url)
    whole = Target(kind="trace", trace_id=trace(1))
    session = Target(kind="session", session_id="s")
    touches = [WindowTouch(target=one, seen_ns=NOW, idle_ns=1, longest_ns=9) for one in (whole, session)]
    jobs = [
        call(1),
        call(2, 1),
        call(3, awaits_content=True, due_ns=NOW + SECOND),
        job(4),
        job(4, "b"),
        job(5),
    ]
    spans = [span(n, session_id="s") for n in range(9)] + [span(10, operation="retrieval")]
    first = Intake(spans=spans, logs=[log(1)], jobs=jobs, touches=touches)
    for _ in range(2):
        await store.commit([first], now_ns=NOW)
    await store.commit([Intake(spans=[span(11)], logs=[log(1), log(3)])], now_ns=NOW)
    windows = await store.close_windows(now_ns=NOW + 1, limit=5)
    ended = [NewJob(evaluator="quality", version="v", target=one.target, due_ns=NOW) for one in windows]
    await store.settle_windows(windows, ended, now_ns=NOW + 1)
    leased = await lease(store, "quality", "b")
    await store.extend("worker", until_ns=NOW + 60 * SECOND)
    await store.material([target(1), whole, session], most_spans=4)
    await store.finish((), [Retry(job=leased[0], due_ns=NOW)], owner="worker", now_ns=NOW, destinations=())
    await finish(store, done(leased[1]), skipped(leased[2], "budget"), destinations=["otlp"])
    await store.release("worker")
    entries = await store.outgoing("otlp", now_ns=NOW, limit=5)
    await store.postpone("otlp", [entries[0].id], due_ns=NOW)
    await store.sent("otlp", [entries[0].id])
    await store.forget_destinations(["otlp"])
    await store.find_spans(span(1).span_id)
    await store.find_spans(span(1).span_id, trace_id=trace(1))
    await store.jobs_of([target(1)])
    await store.results_of([target(1)])
    await store.revision()
    await store.health(now_ns=NOW)
    await store.purge(spans_before_ns=NOW, results_before_ns=NOW, limit=5)
    for one in await lease(store, "quality", "b"):
        await finish(store, skipped(one, "budget"))
    await store.purge(spans_before_ns=NOW + 1, results_before_ns=NOW + 1, limit=50)
    await store.aclose()


async def test_no_long_table_is_read_from_end_to_end(tmp_path: Path, statements: dict[str, Any]) -> None:
    path = tmp_path / "store.db"
    await work(f"sqlite:///{path}")
    asked = [
        one
        for one in statements
        if one.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT INTO outbox"))
        and any(name in one for name in LONG)
    ]
    assert len(asked) > 40
    file = sqlite3.connect(path)
    slow: list[str] = []
    for statement in asked:
        plan = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {statement}", statements[statement])]
        whole = any(known in statement for known in WHOLE)
        for step in plan:
            scanned = step.split()[1] if step.startswith("SCAN") else ""
            of_rows = scanned in {*LONG, "s", "l", "r"} and not (whole and "INDEX" in step)
            is_sorted = "ORDER BY" in step and not any(known in statement for known in SORTED)
            if of_rows or is_sorted:
                slow.append(f"{step}: {statement}")
    file.close()
    assert not slow, "\n\n".join(slow)

"""Windows: traces and sessions that are judged when nothing new has come for a while."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import Intake, NewJob, Window, WindowTouch
from spanjudge.store import jobs as jobs_table
from spanjudge.store import tables
from spanjudge.store.bulk import Insert, InsertArrays, Row, Select
from spanjudge.store.keys import further_ids, portions, target_key, target_of, whole
from spanjudge.store.postgres.locks import held
from spanjudge.store.spans import NewSpans

_IDS = ("target", "trace_id", "span_id")
_PLAIN = ("generation", "first_ns", "last_ns", "due_ns")
_COLUMNS = ", ".join((*_IDS, *_PLAIN))

_put = Insert(
    tables.windows,
    *_IDS,
    *_PLAIN,
    update="(target) DO UPDATE SET trace_id = excluded.trace_id, span_id = excluded.span_id,"
    " generation = excluded.generation, first_ns = excluded.first_ns, last_ns = excluded.last_ns,"
    " due_ns = excluded.due_ns",
)
_open_new = InsertArrays(
    tables.windows, *_IDS, *_PLAIN, rest="ON CONFLICT (target) DO NOTHING RETURNING target"
)
_known = Select(
    f"SELECT {_COLUMNS} FROM windows WHERE target IN :targets",  # noqa: S608  # our own columns
    ids=_IDS,
    plain=_PLAIN,
    lists=("targets",),
    lock="ORDER BY target FOR NO KEY UPDATE",
)
_due = Select(
    f"SELECT {_COLUMNS} FROM windows WHERE due_ns <= :now ORDER BY due_ns LIMIT :most",  # noqa: S608  # our own columns
    ids=_IDS,
    plain=_PLAIN,
)
_close = text(
    "UPDATE windows SET due_ns = NULL"
    " WHERE target = :target AND generation = :generation AND due_ns IS NOT NULL AND due_ns <= :now"
)


class _Open:
    """A window that is being touched. A closed one opens again under the next generation."""

    def __init__(self, key: bytes, row: Sequence[Any] | None) -> None:
        self.key = key
        self.trace_id = bytes.fromhex(row[1]) if row and row[1] else None
        self.span_id = bytes.fromhex(row[2]) if row and row[2] else None
        self.is_open = row is not None and row[6] is not None
        self.generation = row[3] + (0 if self.is_open else 1) if row else 0
        self.first_ns: int | None = row[4] if row and self.is_open else None
        self.last_ns = 0
        self.due_ns = 0
        self.ended = False

    def touch(self, touch: WindowTouch) -> None:
        seen = whole(touch.seen_ns)
        # The smaller one: a clock that was set back must not leave a window open until it has caught up.
        self.first_ns = seen if self.first_ns is None else min(self.first_ns, seen)
        self.last_ns = seen
        self.ended = self.ended or touch.ended
        self.due_ns = seen if self.ended else min(seen + touch.idle_ns, self.first_ns + touch.longest_ns)
        trace_id, span_id = further_ids(touch.target)
        self.trace_id, self.span_id = trace_id or self.trace_id, span_id or self.span_id

    def row(self) -> Row:
        return (
            self.key,
            self.trace_id,
            self.span_id,
            self.generation,
            self.first_ns,
            self.last_ns,
            whole(self.due_ns),
        )


def touch(connection: Connection, touches: Iterable[tuple[WindowTouch, bool]]) -> None:
    """Begin quiet windows again.

    With each touch comes whether it is news: one of spans that were there already opens nothing again.
    """
    keyed = [(target_key(one.target), one, news) for one, news in touches]
    if connection.dialect.name != "sqlite":
        new = _opened(connection, keyed)
        keyed = [each for each in keyed if each[0] not in new]
    known: dict[bytes, list[Any]] = {}
    for some in portions(list(dict.fromkeys(key for key, _, _ in keyed))):
        known.update((bytes.fromhex(row[0]), row) for row in _known(connection, targets=some))
    changed: dict[bytes, _Open] = {}
    for key, one, news in keyed:
        if news or (key not in known and key not in changed):
            window = changed.get(key)
            if window is None:
                window = changed[key] = _Open(key, known.get(key))
            window.touch(one)
    if changed:
        _put(connection, [window.row() for window in changed.values()])


def _opened(connection: Connection, keyed: Sequence[tuple[bytes, WindowTouch, bool]]) -> set[bytes]:
    """Open windows that are not there, all at once; their keys. Many do so at the same time."""
    unknown: dict[bytes, _Open] = {}
    for key, one, _ in keyed:
        unknown.setdefault(key, _Open(key, None)).touch(one)
    rows = [unknown[key].row() for key in sorted(unknown)]
    return {bytes(row[0]) for row in _open_new.returning(connection, rows)}


def news(intakes: Sequence[Intake], new: NewSpans) -> Iterator[tuple[WindowTouch, bool]]:
    """Each touch, and whether it is for a span that was not there before (or for something else)."""
    for one in intakes:
        if new.keys is None or not one.touches:
            yield from ((touch, True) for touch in one.touches)
            continue
        brought: dict[tuple[str, str], bool] = {}
        for span in one.spans:
            is_new = new.has(span)
            for key in (("trace", span.trace_id), ("session", span.session_id or "")):
                brought[key] = brought.get(key, False) or is_new
        for touch in one.touches:
            yield touch, brought.get((touch.target.kind, touch.target.key), True)


def due(connection: Connection, *, now_ns: int, limit: int) -> list[Window]:
    """Windows that are due, the longest due first."""
    rows = _due(connection, now=now_ns, most=limit)
    rows.sort(key=lambda row: row[6])
    return [
        Window(target=target_of(row[0], row[1], row[2]), generation=row[3], first_ns=row[4], last_ns=row[5])
        for row in rows
    ]


def settle(connection: Connection, windows: Sequence[Window], jobs: Sequence[NewJob], *, now_ns: int) -> None:
    """Store the jobs of these windows and close them, but not those that are not due any more."""
    keys = {target_key(one.target) for one in (*windows, *jobs)}
    with held(connection, keys):
        open_again: set[bytes] = set()
        for window in sorted(windows, key=lambda one: target_key(one.target)):
            key = target_key(window.target)
            row = {"target": key, "generation": window.generation, "now": now_ns}
            if connection.execute(_close, row).rowcount == 0:
                open_again.add(key)
        wanted = [job for job in jobs if target_key(job.target) not in open_again]
        jobs_table.add(connection, wanted, now_ns=now_ns)

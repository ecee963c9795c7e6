"""Content that comes as log events after the span: jobs that wait for it, or were given up, go on."""

from collections.abc import Collection

from sqlalchemy import Connection

from spanjudge.store.bulk import Select, Statement
from spanjudge.store.keys import (
    AWAITS_CONTENT,
    CONTENT_CAME_WHILE_LEASED,
    HAS_CONTENT,
    LEASED,
    SKIPPED,
    WAITING,
    portions,
)
from spanjudge.store.same_call import Call, Calls, settle

_concerned = Select(
    "SELECT id, target, parent, evaluator, version, generation, state, reason, content, model_call"
    " FROM jobs WHERE target IN :keys AND state IN (0, 1, 4)",
    ids=("target", "parent"),
    plain=("id", "evaluator", "version", "generation", "state", "reason", "content", "model_call"),
    lists=("keys",),
    lock="ORDER BY id FOR NO KEY UPDATE",
)
_go_on = Statement(
    "UPDATE jobs SET state = 0, content = 2, due_ns = :now, reason = NULL, detail = '' WHERE id IN :ids",
    lists=("ids",),
)
_same_call = Statement(
    "UPDATE jobs SET state = 4, content = 2, reason = 'same_call', detail = :detail WHERE id = :id"
)
_note = Statement("UPDATE jobs SET content = :content WHERE id IN :ids", lists=("ids",))


def arrived(connection: Connection, keys: Collection[bytes], *, now_ns: int) -> None:
    """Log events of these spans came: what waited for them is due now, what was given up goes on."""
    go_on: list[int] = []
    leased: list[int] = []
    calls: list[Call] = []
    for some in portions(list(keys)):
        for row in _concerned(connection, keys=some):
            target, parent, number, evaluator, version, generation, state, reason, content, model_call = row
            if state == LEASED:
                if content != HAS_CONTENT:
                    leased.append(number)
            elif not _waits(state, reason, content):
                continue
            elif model_call:
                above = bytes.fromhex(parent) if parent else None
                calls.append(Call(bytes.fromhex(target), above, evaluator, version, generation, row=number))
            else:
                go_on.append(number)
    if calls:
        go_on += _settled(connection, calls, now_ns)
    for some in portions(go_on):
        _go_on(connection, {"now": now_ns, "ids": some})
    for some in portions(leased):
        _note(connection, {"content": CONTENT_CAME_WHILE_LEASED, "ids": some})


def _waits(state: int, reason: str | None, content: int) -> bool:
    if state == WAITING:
        return content == AWAITS_CONTENT
    missing = reason == "missing_variable" and content != HAS_CONTENT
    return state == SKIPPED and (reason == "no_content" or missing)


def _settled(connection: Connection, calls: list[Call], now_ns: int) -> list[int]:
    """Those that are to be judged; the others are one call recorded twice."""
    graph = Calls(connection)
    graph.load({call.key for call in calls} | {call.parent for call in calls if call.parent})
    graph.load_children({call.key for call in calls})
    settle(graph, calls)
    go_on = [call.row for call in calls if call.row is not None and call.state == WAITING]
    for call in calls:
        if call.state == SKIPPED:
            _same_call(connection, {"detail": call.skipped_for, "id": call.row})
    graph.write(now_ns=now_ns)
    return go_on

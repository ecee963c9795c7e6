"""One model call that two instrumentations recorded as parent and child is judged once.

The spans of one request may arrive in any order, together or one by one. Of every line of model calls, from
outermost to innermost, one is judged: the innermost of those that come together; afterwards the one that was
there first stays, because it may be judged already. When a span arrives that joins two lines with a judged
call each, the upper one gives way if nobody has begun with it.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection

from spanjudge.store.bulk import Select, Statement
from spanjudge.store.keys import AWAITS_CONTENT, SKIPPED, WAITING, portions

# One call is recorded two or three times; a longer line is no call recorded again and again.
_LEVELS = 32

_PLAIN = ("id", "evaluator", "version", "generation", "state", "reason", "content", "model_call")
_COLUMNS = ", ".join(("target", "parent", *_PLAIN))
_by_target = Select(
    f"SELECT {_COLUMNS} FROM jobs WHERE target IN :keys",  # noqa: S608  # our own columns
    ids=("target", "parent"),
    plain=_PLAIN,
    lists=("keys",),
    lock="ORDER BY id FOR NO KEY UPDATE",
)
_by_parent = Select(
    f"SELECT {_COLUMNS} FROM jobs WHERE parent IN :keys",  # noqa: S608  # our own columns
    ids=("target", "parent"),
    plain=_PLAIN,
    lists=("keys",),
    lock="ORDER BY id FOR NO KEY UPDATE",
)
_skip = Statement(
    "UPDATE jobs SET state = 4, reason = 'same_call', detail = :detail, owner = NULL WHERE id IN :ids",
    lists=("ids",),
)
_wait = Statement(
    "UPDATE jobs SET state = 0, reason = NULL, detail = '', due_ns = :now WHERE id IN :ids", lists=("ids",)
)


class Call:
    """A job of a model call with content. `row` is its id, none while it is not stored."""

    __slots__ = (
        "changed",
        "evaluator",
        "generation",
        "key",
        "parent",
        "row",
        "skipped_for",
        "state",
        "version",
    )

    def __init__(
        self,
        key: bytes,
        parent: bytes | None,
        evaluator: str,
        version: str,
        generation: int,
        *,
        row: int | None = None,
        state: int = WAITING,
    ) -> None:
        """Waiting, unless said otherwise."""
        self.key = key
        self.parent = parent
        self.evaluator = evaluator
        self.version = version
        self.generation = generation
        self.row = row
        self.state = state
        self.skipped_for: str | None = None
        self.changed = False

    @property
    def is_judged(self) -> bool:
        """Whether it was, is or will be judged."""
        return self.state != SKIPPED

    def skip(self, detail: str) -> None:
        """Leave it to another."""
        self.state, self.skipped_for, self.changed = SKIPPED, detail or "judged as another span", True

    def wait(self) -> None:
        """Have it judged after all."""
        self.state, self.skipped_for, self.changed = WAITING, None, True


class Calls:
    """The calls around those that arrive, read from the database as far as they are looked at."""

    def __init__(self, connection: Connection) -> None:
        """Nothing is loaded yet."""
        self._connection = connection
        self._at: dict[bytes, list[Call]] = {}
        self._below: dict[bytes, list[Call]] = {}
        self._rows: dict[int, Call] = {}
        self._identities: set[tuple[bytes, str, str, int]] = set()
        self._loaded: set[bytes] = set()
        self._loaded_below: set[bytes] = set()

    def load(self, keys: Iterable[bytes]) -> None:
        """Read the jobs of these spans."""
        missing = [key for key in keys if key not in self._loaded]
        self._loaded.update(missing)
        for some in portions(missing):
            self._take(_by_target(self._connection, keys=some))

    def load_children(self, keys: Iterable[bytes]) -> None:
        """Read the jobs of the spans below these."""
        missing = [key for key in keys if key not in self._loaded_below]
        self._loaded_below.update(missing)
        for some in portions(missing):
            self._take(_by_parent(self._connection, keys=some))

    def _take(self, rows: list[list[str | int | None]]) -> None:
        for target, parent, row, evaluator, version, generation, state, reason, content, model_call in rows:
            key = bytes.fromhex(str(target))
            identity = (key, str(evaluator), str(version), int(generation or 0))
            self._identities.add(identity)
            counts = model_call and content != AWAITS_CONTENT and (state != SKIPPED or reason == "same_call")
            number = int(row or 0)
            if counts and number not in self._rows:
                above = bytes.fromhex(str(parent)) if parent else None
                self.add(Call(*identity[:1], above, *identity[1:], row=number, state=int(state or 0)))

    def knows(self, key: bytes, evaluator: str, version: str, generation: int) -> bool:
        """Whether such a job is stored already."""
        return (key, evaluator, version, generation) in self._identities

    def stored(self, row: int) -> Call | None:
        """A stored call by its id."""
        return self._rows.get(row)

    def add(self, call: Call) -> None:
        """From now on it is one of them."""
        self._at.setdefault(call.key, []).append(call)
        if call.parent is not None:
            self._below.setdefault(call.parent, []).append(call)
        if call.row is not None:
            self._rows[call.row] = call

    def at(self, key: bytes, evaluator: str) -> list[Call]:
        """What this evaluator has to do with the span."""
        self.load((key,))
        return [call for call in self._at.get(key, ()) if call.evaluator == evaluator]

    def below(self, call: Call) -> list[Call]:
        """The calls of its child spans."""
        self.load_children((call.key,))
        return [
            other
            for other in self._below.get(call.key, ())
            if other.evaluator == call.evaluator and other is not call
        ]

    def write(self, *, now_ns: int) -> None:
        """Store what changed of those that are stored."""
        changed = [call for call in self._rows.values() if call.changed]
        details: dict[str, list[int]] = {}
        for call in changed:
            if call.state == SKIPPED:
                details.setdefault(call.skipped_for or "", []).append(call.row or 0)
        for detail, ids in details.items():
            for some in portions(ids):
                _skip(self._connection, {"detail": detail, "ids": some})
        for some in portions([call.row for call in changed if call.state == WAITING]):
            _wait(self._connection, {"now": now_ns, "ids": some})


def settle(calls: Calls, arrivals: Sequence[Call]) -> None:
    """Let calls arrive that have content from now on, children first."""
    depths = _depths(arrivals)
    for call in sorted(arrivals, key=lambda one: -depths[one.key, one.evaluator]):
        _arrive(calls, call)


def _depths(arrivals: Sequence[Call]) -> dict[tuple[bytes, str], int]:
    """How many of the others each is inside of."""
    parents = {(call.key, call.evaluator): call.parent for call in arrivals}
    depths: dict[tuple[bytes, str], int] = {}
    for start in parents:
        line: dict[tuple[bytes, str], None] = {}
        here = start
        while here in parents and here not in depths and here not in line:
            line[here] = None
            here = (parents[here] or b"", here[1])
        depth = depths.get(here, -1)
        for one in reversed(line):
            depth += 1
            depths[one] = depth
    return depths


def _arrive(calls: Calls, call: Call) -> None:
    calls.add(call)
    below = _judged_below(calls, call)
    above = _judged_above(calls, call)
    if not below:
        if above is not None:
            call.skip(_instead(above))
        return
    call.skip(_instead(below[0]))
    if above is None:
        return
    if above.state == WAITING:
        above.skip(_instead(below[0]))
        for child in calls.below(above):
            _cover(calls, child, {above.key})
        return
    for other in below:
        if other.state == WAITING:
            other.skip(_instead(above))


def _instead(call: Call) -> str:
    return f"the same call is judged as span {call.key[17:].hex()}"


def _judged_above(calls: Calls, call: Call) -> Call | None:
    seen, key = {call.key}, call.parent
    for _ in range(_LEVELS):
        if key is None or key in seen:
            return None
        seen.add(key)
        here = calls.at(key, call.evaluator)
        judged = next((other for other in here if other.is_judged), None)
        if judged is not None or not here:
            return judged
        key = here[0].parent
    return None


def _judged_below(calls: Calls, call: Call) -> list[Call]:
    found: list[Call] = []
    seen, level = {call.key}, calls.below(call)
    for _ in range(_LEVELS):
        found += [other for other in level if other.is_judged]
        closed = [other for other in level if not other.is_judged and other.key not in seen]
        seen.update(other.key for other in closed)
        calls.load_children({other.key for other in closed})
        level = [child for other in closed for child in calls.below(other) if child.key not in seen]
        if not level:
            break
    return found


def _cover(calls: Calls, call: Call, seen: Collection[bytes]) -> None:
    """See that this call is judged: itself, or inside it."""
    if call.is_judged or call.key in seen or len(seen) > _LEVELS:
        return
    inner = calls.below(call)
    for child in inner:
        _cover(calls, child, {*seen, call.key})
    if not any(_is_covered(calls, child, {*seen, call.key}) for child in inner):
        call.wait()


def _is_covered(calls: Calls, call: Call, seen: Collection[bytes]) -> bool:
    if call.is_judged:
        return True
    if call.key in seen or len(seen) > _LEVELS:
        return False
    return any(_is_covered(calls, child, {*seen, call.key}) for child in calls.below(call))

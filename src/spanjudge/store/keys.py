"""How ids, targets, states and numbers are written in the tables."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from spanjudge.pipeline.ports import JobState, Overlooked
from spanjudge.telemetry.evaluated import Target, TargetKind

Value = TypeVar("Value")

WAITING, LEASED, DONE, FAILED, SKIPPED = range(5)
STATES: tuple[JobState, ...] = ("waiting", "leased", "done", "failed", "skipped")

OVERLOOKS: tuple[Overlooked, ...] = ("", "sampling", "scope")

HAS_CONTENT, AWAITS_CONTENT, CONTENT_CAME, CONTENT_CAME_WHILE_LEASED = range(4)
"""Of a job: its span had content; content is waited for; came as log events; came while it was leased."""

_LETTERS: dict[TargetKind, bytes] = {"span": b"s", "trace": b"t", "session": b"c"}
_KINDS: dict[str, TargetKind] = {letter.hex(): kind for kind, letter in _LETTERS.items()}

_LARGEST = 2**63 - 1


def id_bytes(hexadecimal: str) -> bytes | None:
    """An id as bytes; none for an empty one."""
    return bytes.fromhex(hexadecimal) if hexadecimal else None


def whole(number: int) -> int:
    """A number that fits into a column: OTLP's times have one bit more."""
    return min(number, _LARGEST)


def span_key(trace_id: str, span_id: str) -> bytes:
    """The key of a span as target."""
    return b"s" + bytes.fromhex(trace_id + span_id)


def session_key(session_id: str) -> bytes:
    """The key of a session as target."""
    return b"c" + session_id.encode("utf-8", "surrogatepass")


def span_keys_between(trace_id: bytes) -> tuple[bytes, bytes]:
    """The first and the last possible key of the spans of a trace."""
    return b"s" + trace_id, b"s" + trace_id + b"\xff" * 9


def target_key(target: Target) -> bytes:
    """One value for kind and key of a target."""
    if target.kind == "session":
        return session_key(target.session_id)
    return _LETTERS[target.kind] + bytes.fromhex(target.key)


def further_ids(target: Target) -> tuple[bytes | None, bytes | None]:
    """Trace and span id as far as the key does not hold them."""
    if target.kind == "span":
        return None, None
    trace_id = id_bytes(target.trace_id) if target.kind == "session" else None
    return trace_id, id_bytes(target.span_id)


def target_of(key: str, trace_id: str | None, span_id: str | None) -> Target:
    """The target again, from the hexadecimal text of its columns."""
    kind = _KINDS[key[:2]]
    if kind == "span":
        return Target(trace_id=key[2:34], span_id=key[34:])
    if kind == "trace":
        return Target(kind="trace", trace_id=key[2:], span_id=span_id or "")
    session_id = bytes.fromhex(key[2:]).decode("utf-8", "surrogatepass")
    return Target(kind="session", session_id=session_id, trace_id=trace_id or "", span_id=span_id or "")


def readable(value: Any) -> Any:
    """A value that any database takes: without the halves of characters that JSON can smuggle in."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def portions(values: Iterable[Value], size: int = 512) -> Iterator[Sequence[Value]]:
    """Lists of at most `size`: a statement takes only so many parameters."""
    everything = values if isinstance(values, list | tuple) else list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]

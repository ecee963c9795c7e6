"""Results as OTLP requests, written straight into protobuf's wire format.

Most of every record is the same for thousands of results and is encoded once; of a data point only its time,
value and exemplar are written anew. That takes two thirds of the time that building the messages of
`opentelemetry.proto` does, copies of prepared ones and all. Field numbers are those of opentelemetry-proto
v1, which never change; the tests decode with the real messages.
https://protobuf.dev/programming-guides/encoding/
"""

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from spanjudge.telemetry import result_record
from spanjudge.telemetry.evaluated import Evaluated, Target
from spanjudge.telemetry.result_record import COST, COUNT, EVENT_NAME, OUTCOME, SCORE, Fixed, Gauge
from spanjudge.version import __version__

_GAUGES = (COUNT, SCORE, OUTCOME, COST)
_TRACE_ID_BYTES, _SPAN_ID_BYTES = 16, 8

# A tag is (field number << 3) | wire type; wire type 2 is length-delimited, 1 eight bytes, 0 a varint.
_STRING, _INT, _DOUBLE = 0x0A, 0x18, 0x21
_double = struct.Struct("<d").pack
_record_times = struct.Struct("<BQBQ").pack
_RECORD_TIME, _RECORD_OBSERVED = 1 << 3 | 1, 11 << 3 | 1
_POINT_TIME, _POINT_INT, _POINT_DOUBLE = 3 << 3 | 1, 6 << 3 | 1, 4 << 3 | 1
_EXEMPLAR, _EXEMPLAR_TIME, _EXEMPLAR_DOUBLE, _EXEMPLAR_INT = 5 << 3 | 2, 2 << 3 | 1, 3 << 3 | 1, 6 << 3 | 1
_EXEMPLAR_IDS = 2 + _SPAN_ID_BYTES + 2 + _TRACE_ID_BYTES
_EXEMPLAR_SIZE = 9 + 9 + _EXEMPLAR_IDS

_int_point = struct.Struct("<BQBq").pack
_double_point = struct.Struct("<BQBd").pack
_int_point_with_exemplar = struct.Struct(f"<BQBqBBBQBq{_EXEMPLAR_IDS}s").pack
_double_point_with_exemplar = struct.Struct(f"<BQBdBBBQBd{_EXEMPLAR_IDS}s").pack
_POINT_SIZE = 9 + 9
_POINT_WITH_EXEMPLAR_SIZE = _POINT_SIZE + 2 + _EXEMPLAR_SIZE


def resource(attributes: Mapping[str, Any]) -> bytes:
    """A `Resource` message."""
    return _pairs(1, attributes)


def logs_request(batch: Sequence[Evaluated], resource: bytes) -> bytes:
    """An `ExportLogsServiceRequest` with one log record per result."""
    records = b"".join([_record(evaluated) for evaluated in batch])
    return _field(1, _field(1, resource) + _field(2, _scope() + records))


def metrics_request(batch: Sequence[Evaluated], resource: bytes) -> bytes:
    """An `ExportMetricsServiceRequest`: the four gauges, one data point per evaluation in each.

    Every data point names the judged span as its exemplar. Points of one series that fall on the same
    nanosecond are moved apart, or a backend would keep one of them.
    """
    points: dict[Gauge, list[bytes]] = {gauge: [] for gauge in _GAUGES}
    for evaluated, time_ns in zip(batch, result_record.point_times(batch), strict=True):
        fixed = result_record.fixed_of(evaluated)
        encoded = _encoded(fixed)
        ids = _about(evaluated.target, evaluated.response_id).exemplar
        for gauge, value in result_record.values_of(evaluated, fixed):
            plain, with_exemplar = encoded.outcome_point if gauge is OUTCOME else encoded.point
            points[gauge].append(with_exemplar if ids else plain)
            points[gauge].append(_point(time_ns, value, ids))
    metrics = b"".join(
        [
            _field(2, _description(gauge) + _field(5, b"".join(found)))
            for gauge, found in points.items()
            if found
        ]
    )
    return _field(1, _field(1, resource) + _field(2, _scope() + metrics))


class _Encoded:
    """The parts of a log record and of its data points that are the same for all results of a kind.

    `point` and `outcome_point` are a data point's beginning, up to its labels: without and with an exemplar.
    """

    __slots__ = ("attributes", "body", "head", "outcome_point", "point")

    def __init__(self, fixed: Fixed) -> None:
        self.head = (
            _varint_field(2, fixed.severity_number)
            + _field(3, fixed.severity_text.encode())
            + _field(12, EVENT_NAME.encode())
        )
        self.attributes = _pairs(6, fixed.attributes)
        self.body = _pairs(1, fixed.body)
        self.point = _point_start(result_record.labels_of(fixed, COUNT))
        self.outcome_point = _point_start(result_record.labels_of(fixed, OUTCOME))


@lru_cache(maxsize=4096)
def _encoded(fixed: Fixed) -> _Encoded:
    return _Encoded(fixed)


def _point_start(labels: Mapping[str, str]) -> tuple[bytes, bytes]:
    encoded = _pairs(7, labels)
    return tuple(
        b"\x0a" + _varint(len(encoded) + size) + encoded for size in (_POINT_SIZE, _POINT_WITH_EXEMPLAR_SIZE)
    )  # pyright: ignore[reportReturnType]  # two sizes, two beginnings


def _point(time_ns: int, value: float, ids: bytes) -> bytes:
    """The rest of a data point: its time, its value, and its exemplar where there are ids."""
    is_int = isinstance(value, int)
    if not ids:
        if is_int:
            return _int_point(_POINT_TIME, time_ns, _POINT_INT, value)
        return _double_point(_POINT_TIME, time_ns, _POINT_DOUBLE, value)
    return (_int_point_with_exemplar if is_int else _double_point_with_exemplar)(
        _POINT_TIME,
        time_ns,
        _POINT_INT if is_int else _POINT_DOUBLE,
        value,
        _EXEMPLAR,
        _EXEMPLAR_SIZE,
        _EXEMPLAR_TIME,
        time_ns,
        _EXEMPLAR_INT if is_int else _EXEMPLAR_DOUBLE,
        value,
        ids,
    )


def _record(evaluated: Evaluated) -> bytes:
    """A log record, as the field of its scope."""
    encoded = _encoded(result_record.fixed_of(evaluated))
    body = encoded.body + _pairs(1, result_record.body_of(evaluated))
    return _field(
        2,
        b"".join(
            (
                _record_times(_RECORD_TIME, evaluated.time_ns, _RECORD_OBSERVED, evaluated.time_ns),
                encoded.head,
                _field(5, _field(6, body)),
                encoded.attributes,
                _pairs(6, result_record.attributes_of(evaluated)),
                _about(evaluated.target, evaluated.response_id).record,
            )
        ),
    )


class _About(NamedTuple):
    """What names the target: in a log record, and in the exemplars of its data points.

    `exemplar` is empty unless both ids are known.
    """

    record: bytes
    exemplar: bytes


# Outcomes of one target are exported one after the other.
@lru_cache(maxsize=256)
def _about(target: Target, response_id: str | None) -> _About:
    trace_id, span_id = _id(target.trace_id, _TRACE_ID_BYTES), _id(target.span_id, _SPAN_ID_BYTES)
    record = _pairs(6, result_record.about_of(target, response_id))
    if trace_id:
        record += _field(9, trace_id) + (_field(10, span_id) if span_id else b"")
    return _About(record, b"\x22\x08" + span_id + b"\x2a\x10" + trace_id if trace_id and span_id else b"")


def _id(text: str, size: int) -> bytes:
    """An id of another length is none: a backend would refuse the record."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return b""
    return found if len(found) == size else b""


@lru_cache(maxsize=8)
def _description(gauge: Gauge) -> bytes:
    return (
        _field(1, gauge.name.encode())
        + _field(2, gauge.description.encode())
        + _field(3, gauge.unit.encode())
    )


@lru_cache(maxsize=1)
def _scope() -> bytes:
    return _field(1, _field(1, result_record.SCOPE.encode()) + _field(2, __version__.encode()))


def _pairs(number: int, fields: Mapping[str, Any]) -> bytes:
    """`KeyValue` messages, each as field `number`."""
    keys = _keys[number]
    parts: list[bytes] = []
    for name, value in fields.items():
        key = keys.get(name) or _key(number, name)
        if isinstance(value, str):
            # Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark.
            data = value.encode("utf-8", "replace")
            parts.append(key.texts.get(len(data)) or key.text(len(data)))
            parts.append(data)
        elif isinstance(value, float):
            parts.append(key.double)
            parts.append(_double(value))
        else:
            parts.append(key.small.get(value) or key.whole(value) if type(value) is int else key.other(value))
    return b"".join(parts)


class _Key:
    """A key with all that stands around it: what comes before a text of some length, before a double.

    `texts` and `small` keep what was written before: lengths of texts, and whole numbers.
    """

    __slots__ = ("_key", "_tag", "double", "small", "texts")

    def __init__(self, number: int, name: str) -> None:
        self._tag = bytes((number << 3 | 2,))
        self._key = _field(1, name.encode()) + b"\x12"
        self.double = self._tag + _varint(len(self._key) + 10) + self._key + bytes((9, _DOUBLE))
        self.texts: dict[int, bytes] = {}
        self.small: dict[int, bytes] = {}

    def text(self, size: int) -> bytes:
        """What comes before a text of so many bytes."""
        start = b"\x0a" + _varint(size)
        found = self._around(len(start) + size) + start
        if size < _MOST_KEPT:
            self.texts[size] = found
        return found

    def whole(self, value: int) -> bytes:
        """The pair of a whole number."""
        found = self.other(value)
        if 0 <= value < _MOST_KEPT:
            self.small[value] = found
        return found

    def other(self, value: Any) -> bytes:
        """The pair of any value."""
        inner = _value(value)
        return self._around(len(inner)) + inner

    def _around(self, size: int) -> bytes:
        """What comes before an `AnyValue` of so many bytes."""
        sized = _varint(size)
        return self._tag + _varint(len(self._key) + len(sized) + size) + self._key + sized


_keys: dict[int, dict[str, _Key]] = {number: {} for number in (1, 6, 7)}
"""By the field's number; there are as many as `result_record` spells, and the resource's."""


def _key(number: int, name: str) -> _Key:
    key = _keys[number][name] = _Key(number, name)
    return key


def _value(value: Any) -> bytes:
    """An `AnyValue`."""
    if isinstance(value, str):
        return _field(1, value.encode("utf-8", "replace"))
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return _varint_field(3, value)
    if isinstance(value, float):
        return bytes((_DOUBLE,)) + _double(value)
    return _field(5, b"".join([_field(1, _value(item)) for item in value]))


def _field(number: int, payload: bytes) -> bytes:
    """A length-delimited field; every number here is below 16, so its tag is one byte."""
    return bytes((number << 3 | 2,)) + _sized(payload)


def _sized(payload: bytes) -> bytes:
    return _varint(len(payload)) + payload


def _varint_field(number: int, value: int) -> bytes:
    return bytes((number << 3,)) + _varint(value & 0xFFFFFFFFFFFFFFFF)


def _varint(value: int) -> bytes:
    return _VARINTS[value] if value < len(_VARINTS) else _long_varint(value)


def _long_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004  seven bits a byte, lowest first
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_VARINTS = [_long_varint(value) for value in range(8192)]
"""Nearly every length there is."""

_MOST_KEPT = 4096
"""Lengths and numbers below this are written once for each key."""

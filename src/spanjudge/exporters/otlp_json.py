"""Results as OTLP requests in JSON: ids in hexadecimal, 64-bit numbers as texts, enums as numbers.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from spanjudge.telemetry import result_record
from spanjudge.telemetry.evaluated import Evaluated
from spanjudge.telemetry.result_record import DataPoint, Gauge, ResultRecord
from spanjudge.version import __version__

_SCOPE = {"name": result_record.SCOPE, "version": __version__}
_TRACE_ID_DIGITS, _SPAN_ID_DIGITS = 32, 16


def logs_request(batch: Sequence[Evaluated], resource: Mapping[str, Any]) -> bytes:
    """An `ExportLogsServiceRequest` with one log record per result."""
    records = [_log_record(result_record.record_of(evaluated)) for evaluated in batch]
    return _encode(
        {
            "resourceLogs": [
                {
                    "resource": {"attributes": _pairs(resource)},
                    "scopeLogs": [{"scope": _SCOPE, "logRecords": records}],
                }
            ]
        }
    )


def metrics_request(batch: Sequence[Evaluated], resource: Mapping[str, Any]) -> bytes:
    """An `ExportMetricsServiceRequest`: the four gauges, one data point per evaluation in each."""
    points: dict[Gauge, list[dict[str, Any]]] = {}
    for evaluated, time_ns in zip(batch, result_record.point_times(batch), strict=True):
        record = result_record.record_of(evaluated)
        for point in record.points:
            points.setdefault(point.gauge, []).append(_data_point(point, record, time_ns))
    metrics = [
        {
            "name": gauge.name,
            "description": gauge.description,
            "unit": gauge.unit,
            "gauge": {"dataPoints": found},
        }
        for gauge, found in points.items()
    ]
    return _encode(
        {
            "resourceMetrics": [
                {
                    "resource": {"attributes": _pairs(resource)},
                    "scopeMetrics": [{"scope": _SCOPE, "metrics": metrics}],
                }
            ]
        }
    )


def _log_record(record: ResultRecord) -> dict[str, Any]:
    return {
        "timeUnixNano": str(record.time_ns),
        "observedTimeUnixNano": str(record.time_ns),
        "severityNumber": record.severity_number,
        "severityText": record.severity_text,
        "eventName": record.event_name,
        "body": {"kvlistValue": {"values": _pairs(record.body)}},
        "attributes": _pairs(record.attributes),
        **_ids(record),
    }


def _data_point(point: DataPoint, record: ResultRecord, time_ns: int) -> dict[str, Any]:
    value: dict[str, Any] = (
        {"asInt": str(point.value)} if isinstance(point.value, int) else {"asDouble": _number(point.value)}
    )
    found = {"timeUnixNano": str(time_ns), **value, "attributes": _pairs(point.attributes)}
    ids = _ids(record)
    if "spanId" in ids:
        found["exemplars"] = [{"timeUnixNano": str(time_ns), **value, **ids}]
    return found


def _ids(record: ResultRecord) -> dict[str, str]:
    """An id of another length is none, and a span id alone means nothing."""
    if not _is_id(record.trace_id, _TRACE_ID_DIGITS):
        return {}
    if not _is_id(record.span_id, _SPAN_ID_DIGITS):
        return {"traceId": record.trace_id}
    return {"traceId": record.trace_id, "spanId": record.span_id}


def _is_id(text: str, digits: int) -> bool:
    return len(text) == digits and all(digit in "0123456789abcdefABCDEF" for digit in text)


def _pairs(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in fields.items()]


def _value(value: Any) -> dict[str, Any]:
    """An `AnyValue`."""
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": _number(value)}
    return {"arrayValue": {"values": [_value(item) for item in value]}}


def _number(value: float) -> float | str:
    """Numbers that JSON does not have are texts in protobuf's JSON."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _encode(request: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(request)
    except UnicodeEncodeError:
        # Half a surrogate pair, which UTF-8 cannot carry, becomes a question mark.
        return msgspec.json.encode(_repaired(request))


def _repaired(node: Any) -> Any:
    if isinstance(node, str):
        return node.encode("utf-8", "replace").decode()
    if isinstance(node, list):
        return [_repaired(item) for item in node]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if isinstance(node, dict):
        return {key: _repaired(value) for key, value in node.items()}  # pyright: ignore[reportUnknownVariableType]  # JSON
    return node

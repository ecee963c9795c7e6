"""What OTLP senders are answered: the response messages, and `google.rpc.Status` for errors."""

from typing import TYPE_CHECKING

import msgspec

from spanjudge.receivers.reception import Signal, Taken
from spanjudge.receivers.refusal import Kind, RefusalError

if TYPE_CHECKING:
    from google.rpc.error_details_pb2 import RetryInfo

# Numbers of google.rpc.Code, the same as gRPC's.
CODES: dict[Kind, int] = {
    "malformed": 3,
    "too_large": 3,
    "media_type": 3,
    "slow": 4,
    "forbidden": 7,
    "method": 12,
    "internal": 13,
    "overloaded": 14,
    "unavailable": 14,
    "unauthorized": 16,
}
"""Codes of both protocols. “Too large” is an invalid argument, as exporters retry an exhausted resource."""


def response(signal: Signal, taken: Taken, *, json: bool) -> bytes:
    """`ExportTraceServiceResponse` or `ExportLogsServiceResponse`: empty when everything was taken."""
    if not taken.rejected and not taken.message:
        return b"{}" if json else b""
    if json:
        rejected = "rejectedSpans" if signal == "traces" else "rejectedLogRecords"
        # 64-bit numbers are text in JSON.
        partial = {rejected: str(taken.rejected), "errorMessage": taken.message}
        return msgspec.json.encode({"partialSuccess": partial})
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace  # noqa: PLC0415  # rarely needed

    # The response to logs has the same fields under the same numbers.
    partial_success = trace.ExportTracePartialSuccess(
        rejected_spans=taken.rejected, error_message=taken.message
    )
    return trace.ExportTraceServiceResponse(partial_success=partial_success).SerializeToString()


def status(refusal: RefusalError, *, json: bool) -> bytes:
    """`google.rpc.Status`, with `RetryInfo` in protobuf when the sender should come again."""
    if json:
        return msgspec.json.encode({"code": CODES[refusal.kind], "message": str(refusal)})
    from google.rpc.status_pb2 import Status  # noqa: PLC0415  # rarely needed

    message = Status(code=CODES[refusal.kind], message=str(refusal))
    if refusal.retry_after is not None:
        message.details.add().Pack(retry_info(refusal.retry_after))
    return message.SerializeToString()


def retry_info(seconds: float) -> "RetryInfo":
    """`google.rpc.RetryInfo`: when to come again."""
    from google.rpc.error_details_pb2 import RetryInfo  # noqa: PLC0415  # rarely needed

    info = RetryInfo()
    info.retry_delay.FromNanoseconds(round(seconds * 1e9))
    return info

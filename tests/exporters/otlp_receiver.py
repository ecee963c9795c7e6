"""A real OTLP receiver on loopback, over HTTP or gRPC, that misbehaves on demand."""

import asyncio
import base64
import importlib
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import msgspec
from aiohttp import web
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

grpc: Any = importlib.import_module("grpc")
aio: Any = importlib.import_module("grpc.aio")

TYPES: dict[str, tuple[Any, Any]] = {
    "logs": (ExportLogsServiceRequest, ExportLogsServiceResponse),
    "metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
    "traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
}
_SERVICES = {"LogsService": "logs", "MetricsService": "metrics", "TraceService": "traces"}


class Got(msgspec.Struct, frozen=True):
    """One request."""

    signal: str
    message: Any
    headers: dict[str, str]
    body: bytes


Reply = Callable[[str], Awaitable[Any]]


class Receiver:
    """What both forms share. `answers` are given one a request, then everything is accepted.

    HTTP: a status, `(status, headers, body)`, or `"hang"`, `"cut"`. gRPC: a status code's name,
    `(code, words, trailing metadata)`, or `"hang"`. A message is sent as the answer.
    """

    def __init__(self, answers: dict[str, list[Any]] | None = None) -> None:
        self.answers = answers or {}
        self.got: list[Got] = []
        self.arrived = asyncio.Event()
        self.hanging = asyncio.Event()
        self.url = ""

    def of(self, signal: str) -> list[Got]:
        return [got for got in self.got if got.signal == signal]

    def records(self) -> list[Any]:
        return [
            record
            for got in self.of("logs")
            for resource in got.message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def points(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for got in self.of("metrics"):
            for resource in got.message.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        data = getattr(metric, metric.WhichOneof("data"))
                        found.setdefault(metric.name, []).extend(data.data_points)
        return found

    def spans(self) -> list[Any]:
        return [
            span
            for got in self.of("traces")
            for resource in got.message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def _next(self, signal: str) -> Any:
        waiting = self.answers.get(signal)
        return waiting.pop(0) if waiting else None

    def _keep(self, got: Got) -> None:
        self.got.append(got)
        self.arrived.set()


class HttpReceiver(Receiver):
    """OTLP over HTTP, protobuf and JSON."""

    def __init__(
        self,
        answers: dict[str, list[Any]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(answers)
        self._tls = tls
        self._host = host

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hanging.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        signal = request.path.rpartition("/")[2]
        if signal not in TYPES:
            return web.Response(status=404, text="no such page")
        request_type, response_type = TYPES[signal]
        is_json = request.content_type == "application/json"
        message = request_type()
        if is_json:
            from_json(body, message)
        else:
            message.ParseFromString(body)
        headers = {name.lower(): value for name, value in request.headers.items()}
        planned = self._next(signal)
        if planned is not None and not isinstance(planned, Message):
            return await self._misbehave(request, planned)
        self._keep(Got(signal, message, headers, body))
        reply = response_type() if planned is None else planned
        if is_json:
            return web.json_response(json_format.MessageToDict(reply))
        return web.Response(body=reply.SerializeToString(), content_type="application/x-protobuf")

    async def _misbehave(self, request: web.Request, planned: Any) -> web.Response:
        if planned == "hang":
            await self.hanging.wait()
            return web.Response(status=503)
        if planned == "cut":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if isinstance(planned, int):
            return web.Response(status=planned)
        status, extra, text = planned
        return web.Response(status=status, headers=extra, body=text)


def from_json(body: bytes, message: Any) -> Any:
    """Fill a message from OTLP's JSON."""
    return json_format.Parse(_ids_to_base64(body), message)


def _ids_to_base64(body: bytes) -> str:
    """OTLP's JSON has ids in hexadecimal, where protobuf's has base64."""

    def turned(node: Any) -> Any:
        if isinstance(node, list):
            return [turned(item) for item in node]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(node, dict):
            return {  # pyright: ignore[reportUnknownVariableType]
                key: base64.b64encode(bytes.fromhex(value)).decode()  # pyright: ignore[reportUnknownArgumentType]
                if key in ("traceId", "spanId")
                else turned(value)
                for key, value in node.items()  # pyright: ignore[reportUnknownVariableType]
            }
        return node

    return json.dumps(turned(json.loads(body)))


class GrpcReceiver(Receiver):
    """OTLP over gRPC; `tls` are the authority's file, and the server's certificate with its key."""

    def __init__(
        self, answers: dict[str, list[Any]] | None = None, *, tls: tuple[Path, Path] | None = None
    ) -> None:
        super().__init__(answers)
        self._tls = tls

    async def __aenter__(self) -> Self:
        self._server = aio.server()
        self._server.add_generic_rpc_handlers((_Calls(self),))
        if self._tls is None:
            port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            authority, own = (path.read_bytes() for path in self._tls)
            credentials = grpc.ssl_server_credentials([(own, own)], authority, require_client_auth=True)
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self.url = f"{'http' if self._tls is None else 'https'}://127.0.0.1:{port}"
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hanging.set()
        await self._server.stop(0.1)

    async def answer(self, signal: str, body: bytes, context: Any) -> Any:
        request_type, response_type = TYPES[signal]
        planned: Any = self._next(signal)
        if planned == "hang":
            await self.hanging.wait()
        if planned is not None and not isinstance(planned, Message):
            code, words, metadata = (planned, "as planned", ()) if isinstance(planned, str) else planned
            context.set_trailing_metadata(metadata)
            await context.abort(getattr(grpc.StatusCode, code, grpc.StatusCode.UNAVAILABLE), words)
        headers = dict(context.invocation_metadata())
        self._keep(Got(signal, request_type.FromString(body), headers, body))
        return response_type() if planned is None else planned


class _Calls(grpc.GenericRpcHandler):
    def __init__(self, receiver: GrpcReceiver) -> None:
        self._receiver = receiver

    def service(self, handler_call_details: Any) -> Any:
        name = handler_call_details.method.split("/")[1].rpartition(".")[2]
        signal = _SERVICES.get(name)
        if signal is None:
            return None

        async def call(body: bytes, context: Any) -> Any:
            return await self._receiver.answer(signal, body, context)

        return grpc.unary_unary_rpc_method_handler(call, response_serializer=_serialised)


def _serialised(message: Any) -> bytes:
    return message.SerializeToString()


def attributes(items: Any) -> dict[str, Any]:
    """`KeyValue` messages as native values."""
    return {item.key: native(item.value) for item in items}


def native(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [native(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    return getattr(value, kind)

"""The OpenTelemetry SDK's own exporters are the clients: batch processors, gzip, retries, traces and logs."""

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from spanjudge.pipeline.ports import OverloadedError
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from tests.receivers.sending import Taken, grpc_server, http
from tests.server.running import TOKEN

grpc: Any = importlib.import_module("grpc")
RESOURCE = Resource.create({"service.name": "travel-desk"})
BEARER = {"authorization": f"Bearer {TOKEN}"}
MESSAGES = '[{"role": "user", "parts": [{"type": "text", "content": "Where to?"}]}]'

BODY: dict[str, Any] = {"content": "Where to?", "parts": [1, None]}


def record(exporter: Any, count: int) -> bool:
    """Spans as an instrumentation makes them, through a batch processor; whether all were sent."""
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=64))
    tracer = provider.get_tracer("an.instrumentation", "1.2")
    with tracer.start_as_current_span("invoke_agent"):
        for number in range(count - 1):
            with tracer.start_as_current_span(f"chat {number}", kind=SpanKind.CLIENT) as span:
                span.set_attribute("gen_ai.operation.name", "chat")
                span.set_attribute("gen_ai.usage.input_tokens", number)
                span.set_attribute("gen_ai.response.finish_reasons", ["stop"])
                span.set_attribute("gen_ai.input.messages", MESSAGES)
                span.add_event("an event", {"a": 0.5})
                span.set_status(StatusCode.ERROR, "no")
    done = provider.force_flush(20_000)
    provider.shutdown()
    return done


def record_logs(exporter: Any) -> bool:
    """A GenAI event and an ordinary line within a span."""
    spans = TracerProvider(resource=RESOURCE)
    provider = LoggerProvider(resource=RESOURCE)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("an.instrumentation")
    with spans.get_tracer("t").start_as_current_span("chat"):
        logger.emit(LogRecord(event_name="gen_ai.user.message", body=BODY))
        logger.emit(LogRecord(body="user logged in"))
    done = provider.force_flush(20_000)
    provider.shutdown()
    spans.shutdown()
    return done


def check(taken: Taken, count: int) -> None:
    assert len(taken.spans) == count
    root = next(span.raw for span in taken.spans if span.raw.name == "invoke_agent")
    chat = next(span.raw for span in taken.spans if span.raw.name == "chat 1")
    assert (chat.trace_id, chat.parent_span_id, root.parent_span_id) == (root.trace_id, root.span_id, "")
    assert (chat.kind, chat.status_code, chat.status_message) == (3, 2, "no")
    assert (chat.resource.service, chat.scope, chat.scope_version) == (
        "travel-desk",
        "an.instrumentation",
        "1.2",
    )
    assert chat.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.input.messages": MESSAGES,
    }
    assert [(event.name, event.attributes) for event in chat.events] == [("an event", {"a": 0.5})]


def check_logs(taken: Taken) -> None:
    (log,) = taken.logs
    assert log.event.name == "gen_ai.user.message"
    assert log.event.body == BODY
    assert len(log.event.span_id) == 16


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
async def test_http(compression: Compression) -> None:
    async with http() as door:
        exporter = HttpSpans(endpoint=door.traces, headers=BEARER, compression=compression)
        assert await asyncio.to_thread(record, exporter, 200)
        check(door.taken, 200)
        logs = HttpLogs(endpoint=door.logs, headers=BEARER, compression=compression)
        assert await asyncio.to_thread(record_logs, logs)
        check_logs(door.taken)


@pytest.mark.parametrize("compression", ["NoCompression", "Gzip"])
async def test_grpc(compression: str) -> None:
    more: dict[str, Any] = {"insecure": True, "compression": getattr(grpc.Compression, compression)}
    async with grpc_server() as (server, taken):
        target = f"http://127.0.0.1:{server.port}"
        assert await asyncio.to_thread(record, GrpcSpans(endpoint=target, headers=BEARER, **more), 200)
        check(taken, 200)
        assert await asyncio.to_thread(record_logs, GrpcLogs(endpoint=target, headers=BEARER, **more))
        check_logs(taken)


class FullOnce(Taken):
    """Has no room at first."""

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog]) -> None:
        self.trouble = OverloadedError("full", retry_after=0.5) if self.calls == 0 else None
        await super().receive(spans, logs)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_exporters_come_again_when_they_are_told_to(protocol: str) -> None:
    taken = FullOnce()
    async with http(taken=taken) as door, grpc_server(taken=taken) as (server, _):
        address = f"http://127.0.0.1:{server.port}"
        exporter: Any = (
            HttpSpans(endpoint=door.traces, headers=BEARER)
            if protocol == "http"
            else GrpcSpans(endpoint=address, headers=BEARER, insecure=True)
        )
        assert await asyncio.to_thread(record, exporter, 5)
        assert (taken.calls, len(taken.spans)) == (2, 5)

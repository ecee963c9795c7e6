"""OTLP over HTTP, as the specification says: what is taken, what is answered."""

import asyncio
import json
import logging
import zlib
from typing import Any

import aiohttp
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanjudge.pipeline.ports import OverloadedError, StoreError
from spanjudge.receivers.limits import ByteBudget, OtlpLimits
from tests.receivers.sending import JSON, PROTOBUF, http, packed
from tests.server.running import TOKEN
from tests.spans.requests import logs, span_of, traces, user_message

SPANS = traces(3).SerializeToString()
JSON_SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "from json"}
JSON_BODY = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [JSON_SPAN]}]}]})


async def test_protobuf_is_taken_and_answered_in_protobuf() -> None:
    async with http() as door:
        status, headers, body = await door.post(SPANS)
        assert (status, headers["Content-Type"], body) == (200, "application/x-protobuf", b"")
        assert door.taken.names == ["span 0", "span 1", "span 2"]
        assert ExportTraceServiceResponse.FromString(body) == ExportTraceServiceResponse()


async def test_json_is_taken_and_answered_in_json() -> None:
    async with http() as door:
        headers = {**JSON, "Content-Type": "application/json; charset=UTF-8"}
        status, answered, body = await door.post(JSON_BODY, headers)
        assert (status, answered["Content-Type"], json.loads(body)) == (200, "application/json", {})
        assert door.taken.names == ["from json"]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", packed(SPANS)),
        ("GZIP", packed(SPANS)),
        ("gzip", packed(SPANS[:50]) + packed(SPANS[50:])),
        ("gzip", packed(SPANS) + bytes(10)),
        ("deflate", zlib.compress(SPANS)),
        ("identity", SPANS),
    ],
)
async def test_packed_bodies_are_unpacked(encoding: str, body: bytes) -> None:
    async with http() as door:
        status, _, _ = await door.post(body, {**PROTOBUF, "Content-Encoding": encoding})
        assert (status, len(door.taken.spans)) == (200, 3)


async def test_a_body_in_pieces_is_put_together() -> None:
    async def pieces() -> Any:
        for start in range(0, len(SPANS), 7):
            yield SPANS[start : start + 7]

    async with http() as door:
        status, _, _ = await door.post(pieces())
        assert (status, len(door.taken.spans)) == (200, 3)


async def test_logs_have_a_path_of_their_own_and_the_irrelevant_is_no_error() -> None:
    other = user_message()
    other.ClearField("event_name")
    async with http() as door:
        request = logs(user_message(), other).SerializeToString()
        status, _, body = await door.post(request, path="/v1/logs")
        assert (status, body) == (200, b"")
        assert [log.event.body for log in door.taken.logs] == [{"content": "Hello."}]


async def test_partial_success_tells_how_many_and_why() -> None:
    request = traces(3)
    span_of(request, 1).trace_id = b"abc"
    async with http() as door:
        status, _, body = await door.post(request.SerializeToString())
        partial = ExportTraceServiceResponse.FromString(body).partial_success
        assert (status, partial.rejected_spans) == (200, 1)
        assert partial.error_message == "1 span rejected: a trace id of 3 bytes where 16 are needed"
        assert door.taken.names == ["span 0", "span 2"]


async def test_partial_success_in_json_has_numbers_as_text() -> None:
    async with http() as door:
        sent = JSON_BODY.replace("eee19b7ec3c1b174", "ee")
        status, _, body = await door.post(sent, JSON)
        assert (status, json.loads(body)) == (
            200,
            {
                "partialSuccess": {
                    "rejectedSpans": "1",
                    "errorMessage": "1 span rejected: a span id of 1 bytes where 8 are needed",
                }
            },
        )
        assert door.taken.calls == 0


async def test_partial_success_of_logs() -> None:
    request = logs(user_message("SPOILED"), user_message())
    body = request.SerializeToString().replace(b"SPOILED", b"SPO\xffLED")
    async with http() as door:
        status, _, answered = await door.post(body, path="/v1/logs")
        partial = ExportLogsServiceResponse.FromString(answered).partial_success
        assert (status, partial.rejected_log_records, len(door.taken.logs)) == (200, 1, 1)
        assert "not UTF-8" in partial.error_message


async def test_the_wrong_path_is_a_warning() -> None:
    async with http() as door:
        status, _, body = await door.post(JSON_BODY, JSON, path="/v1/logs")
        partial = json.loads(body)["partialSuccess"]
        assert (status, partial["rejectedLogRecords"]) == (200, "0")
        assert partial["errorMessage"] == "The request holds resourceSpans: send spans to /v1/traces."


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-protobuf"},
        {"Content-Type": "application/x-protobuf", "Authorization": "Bearer wrong"},
    ],
)
async def test_without_a_token_nothing_is_taken(headers: dict[str, str]) -> None:
    async with http() as door:
        status, answered, body = await door.post(SPANS, headers)
        message = Status.FromString(body)
        assert (status, answered["WWW-Authenticate"], message.code) == (401, 'Bearer realm="spanjudge"', 16)
        assert "O2_JUDGE_AUTH_TOKEN" in message.message
        assert door.taken.calls == 0


async def test_the_token_may_come_as_exporters_send_it() -> None:
    async with http() as door:
        for sent in ({"Authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}):
            status, _, _ = await door.post(SPANS, {"Content-Type": "application/x-protobuf", **sent})
            assert status == 200


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Content-Type": "text/plain"}, "application/x-protobuf"),
        ({"Content-Type": ""}, "application/x-protobuf"),
        ({"Content-Type": "application/json; charset=latin-1"}, "UTF-8"),
        ({"Content-Type": "application/json", "Content-Encoding": "zstd"}, "gzip"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip, gzip"}, "gzip"),
    ],
)
async def test_other_types_are_told_what_is_taken(headers: dict[str, str], told: str) -> None:
    async with http() as door:
        status, answered, body = await door.post(b"x", {**JSON, **headers})
        assert (status, answered["Content-Type"]) == (415, "application/json")
        assert told in json.loads(body)["message"]
        assert answered["Accept"] == "application/x-protobuf, application/json"
        assert answered["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_other_methods_are_refused(method: str) -> None:
    async with http() as door:
        status, headers, _ = await door.post(None, JSON, method=method)
        assert (status, headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/v1/traces/", "/v1/logs/"])
async def test_a_slash_at_the_end_is_no_harm(path: str) -> None:
    async with http() as door:
        assert (await door.post(b"", path=path))[0] == 200


@pytest.mark.parametrize(
    ("trouble", "retry_after"),
    [
        (OverloadedError("The backlog is full.", retry_after=7.2), "7"),
        (StoreError("/secret/path"), "5"),
    ],
)
async def test_trouble_that_passes_is_answered_so(trouble: Exception, retry_after: str) -> None:
    async with http() as door:
        door.taken.trouble = trouble
        status, headers, body = await door.post(SPANS)
        message = Status.FromString(body)
        assert (status, headers["Retry-After"], message.code) == (503, retry_after, 14)
        assert message.details[0].type_url == "type.googleapis.com/google.rpc.RetryInfo"
        assert "secret" not in message.message
        door.taken.trouble = None
        assert (await door.post(SPANS))[0] == 200


async def test_an_error_of_our_own_is_final_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with http() as door:
        door.taken.trouble = RuntimeError("content of a span")
        status, headers, body = await door.post(JSON_BODY, JSON)
        assert (status, "Retry-After" in headers, json.loads(body)["code"]) == (500, False, 13)
        assert "content of a span" not in caplog.text + body.decode()
        assert "RuntimeError" in caplog.text
        assert door.budget.used == 0


async def test_the_same_request_twice_is_taken_twice_and_told_apart_by_the_store() -> None:
    async with http() as door:
        for _ in range(2):
            assert (await door.post(SPANS))[0] == 200
        first, second = door.taken.spans[0], door.taken.spans[3]
        assert (first.raw.span_id, first.blob) == (second.raw.span_id, second.blob)


async def test_a_body_counts_until_it_is_stored() -> None:
    async with http(budget=ByteBudget(3 * len(SPANS))) as door:
        door.taken.open.clear()
        waiting = [asyncio.ensure_future(door.post(SPANS)) for _ in range(3)]
        async with asyncio.timeout(10):
            while door.taken.calls < 3:
                await door.taken.entered.wait()
                door.taken.entered.clear()
        status, headers, body = await door.post(SPANS)
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "under way" in Status.FromString(body).message
        door.taken.open.set()
        assert [status for status, _, _ in await asyncio.gather(*waiting)] == [200, 200, 200]
        assert (await door.post(SPANS))[0] == 200
        assert door.budget.used == 0


async def test_what_a_body_unpacks_to_counts_too() -> None:
    async with http(budget=ByteBudget(2_000_000)) as door:
        body = packed(SPANS + b"\x7a\xc0\x84\x3d" + bytes(3_000_000))
        status, _, _ = await door.post(body, {**PROTOBUF, "Content-Encoding": "gzip"})
        assert (status, door.budget.used) == (503, 0)


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    async with http(OtlpLimits(read_seconds=0.2)) as door:
        reply = await door.server.raw(head.encode())
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in reply
        assert b"did not arrive within 0.2 s" in reply
        assert door.budget.used == 0


async def test_a_sender_that_leaves_is_forgotten() -> None:
    async with http() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
        head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert await reader.read() == b""
        assert (await door.post(SPANS))[0] == 200
        assert door.taken.calls == 1


async def test_trouble_is_logged_sparingly_and_without_content(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="spanjudge.receivers"):
        async with http() as door:
            for _ in range(5):
                assert (await door.post(b"secret words", JSON))[0] == 400
    records = [record for record in caplog.records if record.name.startswith("spanjudge.receivers")]
    assert [record.message for record in records] == ["OTLP request refused"]
    assert "secret" not in str(records[0].__dict__)


async def test_many_requests_at_once_on_few_connections() -> None:
    async with (
        http() as door,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=4)) as session,
    ):
        body = traces(200, attributes=5).SerializeToString()

        async def one() -> int:
            async with session.post(door.traces, data=body, headers=PROTOBUF) as response:
                return response.status

        assert set(await asyncio.gather(*(one() for _ in range(20)))) == {200}
        assert len(door.taken.spans) == 4_000
        assert door.budget.used == 0

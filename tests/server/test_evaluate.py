"""Evaluations over real HTTP: methods, paths, bodies, limits."""

import asyncio
import gzip
import io
import json
import zlib

import aiohttp
import pytest

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.scripted import Answer, ScriptedModel
from spanjudge.server.limits import Limits
from tests.remote_scorer.test_scorer import Held
from tests.remote_scorer.test_weave import request as weave_request
from tests.server.running import BEARER, BODY, TOKEN, Running, running

HEAD = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n".encode()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("path", ["/evaluate", "/evaluate/", "/evaluate/toxicity", "/evaluate/toxicity/"])
async def test_evaluations_are_taken_in_every_way(server: Running, method: str, path: str) -> None:
    reply = await server.send(method, path, BODY)
    assert (reply.status, reply.code, reply.fields["evaluator"]) == (200, "OK", "toxicity")
    assert reply.headers["Content-Type"] == "application/json"


async def test_the_name_in_the_path_needs_none_in_the_body(server: Running) -> None:
    reply = await server.send("POST", "/evaluate/bias?x=1", {"output": "x"})
    assert reply.fields["evaluator"] == "bias"


async def test_names_in_the_path_may_be_escaped() -> None:
    evaluators = {
        name: Evaluator(name=name, answer=Boolean(), rubric="?") for name in ("a/b", "größe", "two words")
    }
    async with running(evaluators=evaluators) as server:
        for sent in ("a%2Fb", "gr%C3%B6%C3%9Fe", "two%20words"):
            async with aiohttp.ClientSession() as session:
                from yarl import URL  # noqa: PLC0415  # the only place that must not be quoted again

                url = URL(f"{server.url}/evaluate/{sent}", encoded=True)
                async with session.post(url, json=BODY, headers=BEARER) as response:
                    assert response.status == 200, sent


@pytest.mark.parametrize("path", ["/weave/evaluate", "/weave/evaluate/bias", "/evaluate"])
async def test_weave_is_taken(server: Running, path: str) -> None:
    reply = await server.send("POST", path, weave_request(), {**BEARER, "Idempotency-Key": "k"})
    assert reply.status == 200
    assert set(reply.fields) == {"schema_version", "result"}


async def test_an_idempotency_key_with_other_content_is_refused(server: Running) -> None:
    headers = {**BEARER, "Idempotency-Key": "k"}
    assert (await server.send("POST", "/evaluate", BODY, headers)).status == 200
    reply = await server.send("POST", "/evaluate", {**BODY, "output": "Other."}, headers)
    assert (reply.status, reply.code) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "text/plain",
        "application/octet-stream",
        "",
        "application/vnd.x+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "nonsense",
    ],
)
async def test_a_json_body_is_taken_under_any_type(server: Running, content_type: str) -> None:
    assert (
        await server.send("POST", "/evaluate", BODY, {**BEARER, "Content-Type": content_type})
    ).status == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"scorer_name=toxicity&output=x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
        ("application/x-protobuf", b"\x0a\x01"),
    ],
)
async def test_what_cannot_be_json_is_415(server: Running, content_type: str, body: bytes) -> None:
    reply = await server.send("POST", "/evaluate", body, {**BEARER, "Content-Type": content_type})
    assert (reply.status, reply.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(json.dumps(BODY).encode(), mtime=0)),
        ("deflate", zlib.compress(json.dumps(BODY).encode())),
        ("identity", json.dumps(BODY).encode()),
    ],
)
async def test_packed_bodies_are_taken(server: Running, encoding: str, body: bytes) -> None:
    reply = await server.send("POST", "/evaluate", body, {**BEARER, "Content-Encoding": encoding})
    assert reply.status == 200


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("gzip", b"no gzip", 400, "INVALID_JSON"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-9], 400, "INVALID_JSON"),
        ("gzip", gzip.compress(b" " * 100_000_000, 9, mtime=0), 413, "INPUT_TOO_LONG"),
        ("br", b"x", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_badly_packed_bodies_are_told(
    server: Running, encoding: str, body: bytes, status: int, code: str
) -> None:
    reply = await server.send("POST", "/evaluate", body, {**BEARER, "Content-Encoding": encoding})
    assert (reply.status, reply.code) == (status, code)


async def test_an_empty_body_is_told(server: Running) -> None:
    reply = await server.send("POST", "/evaluate", b"")
    assert (reply.status, reply.code) == (400, "INVALID_JSON")


async def test_a_megabyte_is_judged(server: Running) -> None:
    reply = await server.send("POST", "/evaluate", {**BODY, "output": "word " * 200_000})
    assert (reply.status, reply.fields["truncated"]) == (200, True)


async def test_a_hundred_megabytes_are_refused_without_being_held(server: Running) -> None:
    reply = await server.send("POST", "/evaluate", io.BytesIO(b"x" * 100_000_000))
    assert (reply.status, reply.code) == (413, "INPUT_TOO_LONG")


async def test_a_hundred_megabytes_without_a_length_are_refused_too(server: Running) -> None:
    head = b"POST /evaluate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HEAD + b"\r\n"
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head)
    for _ in range(100):
        writer.write(chunk)
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()
    assert (await server.send("GET", "/livez")).status == 200


async def test_a_body_that_is_cut_off_harms_nobody(server: Running) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /evaluate HTTP/1.1\r\nContent-Length: 1000\r\n" + HEAD + b'\r\n{"out')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await server.send("POST", "/evaluate", BODY)).status == 200


async def test_a_body_that_does_not_arrive_is_408_and_the_connection_ends() -> None:
    async with running(limits=Limits(read_seconds=0.1)) as server:
        answer = await server.raw(b"POST /evaluate HTTP/1.1\r\nContent-Length: 9\r\n" + HEAD + b"\r\n{")
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "REQUEST_TIMEOUT"


async def test_a_head_that_does_not_arrive_is_408_and_the_connection_ends() -> None:
    async with running(limits=Limits(head_seconds=0.1)) as server:
        answers = await asyncio.gather(server.raw(b"POST /evaluate HT"), server.raw())
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 408")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "REQUEST_TIMEOUT"


async def test_a_body_that_drips_after_its_answer_ends_with_the_connection() -> None:
    async with running(limits=Limits(read_seconds=0.1)) as server:
        answer = await server.raw(b"POST /evaluate HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 401")


async def test_a_thousand_connections_at_once_are_answered() -> None:
    asked, together = 0, asyncio.Event()

    async def judge(request: JudgeRequest) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 1_000:
            together.set()
        await together.wait()
        return (await ScriptedModel().answer(request)).text

    async with (
        running(ScriptedModel(judge)) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=BEARER) as session,
    ):

        async def one(number: int) -> int:
            body = {**BODY, "output": f"Text {number}."}
            async with session.post(f"{server.url}/evaluate", json=body) as response:
                return response.status

        assert await asyncio.gather(*map(one, range(1_000))) == [200] * 1_000


async def test_identical_requests_at_once_are_one_judge_call() -> None:
    model = ScriptedModel()
    async with running(model) as server:
        replies = await asyncio.gather(*(server.send("POST", "/evaluate", BODY) for _ in range(20)))
    assert {reply.status for reply in replies} == {200}
    assert len(model.requests) == 1


async def test_without_a_cache_a_client_that_leaves_ends_its_judge_call() -> None:
    held = Held()
    async with running(ScriptedModel(held), scorer={"cache_seconds": 0}) as server:
        body = json.dumps(BODY).encode()
        head = b"POST /evaluate HTTP/1.1\r\nContent-Length: %d\r\n" % len(body) + HEAD
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head + b"\r\n" + body)
        await held.asked.wait()
        writer.close()
        await held.cancelled.wait()
        assert server.scorer.in_flight == 0


async def test_without_a_cache_a_client_that_stays_is_answered() -> None:
    async with running(scorer={"cache_seconds": 0}) as server:
        assert (await server.send("POST", "/evaluate", BODY)).status == 200


async def test_with_a_cache_the_judge_call_of_a_client_that_leaves_serves_its_retry() -> None:
    held = Held()
    model = ScriptedModel(held)
    async with running(model) as server:
        timeout = aiohttp.ClientTimeout(total=0.1)
        async with aiohttp.ClientSession(timeout=timeout, headers=BEARER) as session:
            with pytest.raises(TimeoutError):
                await session.post(f"{server.url}/evaluate", json=BODY)
        await held.asked.wait()
        retry = asyncio.create_task(server.send("POST", "/evaluate", BODY))
        held.let.set()
        assert (await retry).status == 200
    assert len(model.requests) == 1


async def test_too_many_at_once_are_503_with_retry_after() -> None:
    held = Held()
    async with running(ScriptedModel(held), scorer={"max_in_flight": 1}) as server:
        first = asyncio.create_task(server.send("POST", "/evaluate", BODY))
        await held.asked.wait()
        reply = await server.send("POST", "/evaluate", {**BODY, "output": "Other."})
        held.let.set()
        assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "OVERLOADED", "1")
        assert (await first).status == 200


async def test_many_requests_on_one_connection(server: Running) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1), headers=BEARER) as session:
        for number in range(20):
            body = {**BODY, "output": f"Text {number}."}
            async with session.post(f"{server.url}/evaluate", json=body) as response:
                assert (await response.json())["code"] == "OK"


async def test_a_fault_of_our_own_is_500_in_our_shape() -> None:
    def broken(request: JudgeRequest) -> Answer:
        raise RuntimeError(request.schema_name)

    async with running(ScriptedModel(broken)) as server:
        reply = await server.send("POST", "/evaluate", BODY)
    assert (reply.status, reply.code) == (500, "INTERNAL")

"""The OTLP door from end to end: a real server with its store, exporters in front, a backend behind."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from spanjudge.store.store import open_store
from tests.cli.process import Served, environment, judge_at, python, serving, spanjudge
from tests.exporters.otlp_receiver import HttpReceiver
from tests.mock_judge import MockJudge
from tests.receivers.test_exporters import record

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"
TOKEN = "the-token-of-the-door"
EVALUATOR = """
name: on_topic
target: span
needs: [input, output]
rubric: |
  true when the answer is about travel, else false.
answer: {type: boolean}
acceptance: {pass_when: true}
"""


class Door:
    """A server that judges what it is sent, and the backend its results go to."""

    def __init__(self, served: Served, backend: HttpReceiver, env: dict[str, str]) -> None:
        self.address = served.address
        self.served = served
        self.backend = backend
        self.env = env

    async def results(self, count: int) -> list[LogRecord]:
        async with asyncio.timeout(30):
            while len(self.backend.records()) < count:
                self.backend.arrived.clear()
                await self.backend.arrived.wait()
        return self.backend.records()


@pytest.fixture
async def door(tmp_path: Path, mock_judge: MockJudge, database_url: str) -> AsyncIterator[Door]:
    evaluators = tmp_path / "evaluators"
    evaluators.mkdir()
    (evaluators / "on_topic.yaml").write_text(EVALUATOR, encoding="utf-8")
    async with HttpReceiver() as backend:
        settings = {
            "O2_JUDGE_AUTH_TOKEN": TOKEN,
            "SPANJUDGE_DATABASE_URL": database_url,
            "SPANJUDGE_EVALUATORS_DIR": str(evaluators),
            "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url,
        }
        env = environment(tmp_path / "data", judge_at(mock_judge.url) | settings)
        async with serving(env=env) as served:
            yield Door(served, backend, env)


def attributes(record: LogRecord) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
        for pair in record.attributes
    }


async def test_the_example_of_the_sdk_gets_its_verdict(door: Door) -> None:
    env = os.environ | {"SPANJUDGE_URL": door.address, "SPANJUDGE_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
    async with python(str(EXAMPLES / "sdk.py"), env=env) as process:
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    found = re.search(r"spanjudge explain ([0-9a-f]{16})", out.decode())
    assert found is not None
    (result,) = await door.results(1)
    assert result.event_name == "gen_ai.evaluation.result"
    assert result.span_id.hex() == found[1]
    assert attributes(result)["gen_ai.evaluation.name"] == "on_topic"
    code, told, _ = await spanjudge("explain", found[1], env=door.env)
    assert code == 0
    assert "What is the capital of France?" in told
    assert re.search(r"on_topic .*judged: (pass|fail)", told)


CAPTURE = Path(__file__).parent.parent / "data" / "otlp" / "openai-v2-old"


@pytest.mark.parametrize("order", [("chat.json", "chat.logs.json"), ("chat.logs.json", "chat.json")])
async def test_content_in_log_records_is_judged_whatever_comes_first(
    door: Door, mock_judge: MockJudge, order: tuple[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for name in order:
            path = "/v1/logs" if ".logs." in name else "/v1/traces"
            body = (CAPTURE / name).read_bytes()
            async with session.post(door.address + path, data=body) as response:
                assert (response.status, await response.json()) == (200, {})
    (result,) = await door.results(1)
    assert attributes(result)["gen_ai.evaluation.name"] == "on_topic"
    (asked,) = mock_judge.requests
    assert "What is the capital of France?" in asked.text
    assert "The capital of France is Paris." in asked.text


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_what_was_acknowledged_is_stored_and_judged(door: Door, protocol: str) -> None:
    grpc = (await door.served.logged("listening"))["grpc"]
    headers = {"authorization": f"Bearer {TOKEN}"}
    exporter: Any = (
        HttpSpans(endpoint=f"{door.address}/v1/traces", headers=headers)
        if protocol == "http"
        else GrpcSpans(endpoint=grpc, headers=headers, insecure=True)
    )
    assert await asyncio.to_thread(record, exporter, 101)
    assert await door.served.end() == 0
    store = await open_store(door.env["SPANJUDGE_DATABASE_URL"])
    try:
        assert (await store.health(now_ns=1)).spans == 101
    finally:
        await store.aclose()


def test_the_example_of_the_collector_fits_together() -> None:
    text = (EXAMPLES / "otel-collector.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    spanjudge_ = config["exporters"]["otlphttp/spanjudge"]
    assert spanjudge_["headers"] == {"authorization": "Bearer ${env:SPANJUDGE_TOKEN}"}
    assert not spanjudge_["endpoint"].endswith(("/", "/v1/traces"))
    assert set(config["service"]["pipelines"]) == {"traces", "logs"}
    for pipeline in config["service"]["pipelines"].values():
        assert "otlphttp/spanjudge" in pipeline["exporters"]
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(config[kind])

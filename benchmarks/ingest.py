"""Durable ingest over OTLP/HTTP beside Phoenix and MLflow: `python -m benchmarks.ingest`.

Requests of 512 spans (2.4 KB each) in OTLP protobuf; three published evaluators, of which none matches. A
span counts when it can be read from the server's own database. Peers run where `--phoenix PYTHON` and
`--mlflow PYTHON` name an interpreter that has them installed; otherwise the table says they are left out.
"""

import argparse
import asyncio
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.otlp_requests import BATCH, request
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings

AT_ONCE = 4
EVALUATOR = """\
name: {name}
scope:
  services: {services}
  rules:
    - {{attribute: {attribute}, operator: equals, value: {value}}}
rubric: Is it good?
answer: {{type: boolean}}
"""
NONE_MATCHES = (
    ("by_service", "[another-service]", "gen_ai.operation.name", "chat"),
    ("by_model", "[]", "gen_ai.request.model", "another-model"),
    ("by_attribute", "[]", "app.tenant.id", "another-tenant"),
)


class Server(msgspec.Struct, frozen=True):
    """A server under measurement: what starts it, and the question that counts its spans."""

    name: str
    python: str
    arguments: Callable[[int, Path], list[str]]
    environment: Callable[[int, Path], dict[str, str]]
    database: str
    headers: dict[str, str]
    requests: int
    ready: str = "/"


def ours(requests: int) -> Server:
    """Spanjudge on SQLite with full sync."""
    return Server(
        name="spanjudge",
        python=sys.executable,
        arguments=lambda port, _: ["-m", "spanjudge", "serve", "--host", "127.0.0.1", "--port", str(port)],
        environment=lambda _, folder: settings(folder, SPANJUDGE_EVALUATORS_DIR=str(_evaluators(folder))),
        database="spanjudge.db",
        headers={"authorization": f"Bearer {TOKEN}"},
        requests=requests,
        ready="/readyz",
    )


def phoenix(python: str, requests: int) -> Server:
    """Arize Phoenix on its default store, SQLite."""
    return Server(
        name="arize-phoenix",
        python=python,
        arguments=lambda *_: ["-m", "phoenix.server.main", "serve"],
        environment=lambda port, folder: {
            "PHOENIX_PORT": str(port),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        database="phoenix.db",
        headers={},
        requests=requests,
        ready="/healthz",
    )


def mlflow(python: str, requests: int) -> Server:
    """MLflow on SQLite."""
    return Server(
        name="mlflow",
        python=python,
        arguments=lambda port, folder: [
            *("-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        ],
        environment=lambda *_: {},
        database="mlflow.db",
        headers={"x-mlflow-experiment-id": "0"},
        requests=requests,
        ready="/health",
    )


def _evaluators(folder: Path) -> Path:
    place = folder / "evaluators"
    place.mkdir()
    for name, services, attribute, value in NONE_MATCHES:
        text = EVALUATOR.format(name=name, services=services, attribute=attribute, value=value)
        (place / f"{name}.yaml").write_text(text)
    return place


async def measure(server: Server) -> tuple[float, float, float]:
    """Spans a second, CPU ms a span, MB resident at the end."""
    bodies = [request("benchmark", number) for number in range(server.requests)]
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        with Process(
            *server.arguments(port, folder),
            core=None,
            python=server.python,
            environment=server.environment(port, folder),
        ) as process:
            ready = f"GET {server.ready} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
            await asyncio.to_thread(process.wait_for, port, ready, 180)
            await _send([request("warm-up", 0)], server, port)
            await _stored(folder / server.database, BATCH)
            cpu, started = process.cpu, time.perf_counter()
            await _send(bodies, server, port)
            await _stored(folder / server.database, BATCH * (server.requests + 1))
            seconds = time.perf_counter() - started
            spans = BATCH * server.requests
            return spans / seconds, 1000 * (process.cpu - cpu) / spans, process.resident


async def _send(bodies: list[bytes], server: Server, port: int) -> None:
    headers = {"content-type": "application/x-protobuf", **server.headers}
    places = asyncio.Semaphore(AT_ONCE)

    async def send(session: aiohttp.ClientSession, body: bytes) -> None:
        async with places:
            while True:
                async with session.post(f"http://127.0.0.1:{port}/v1/traces", data=body) as response:
                    if response.ok:
                        return
                    if response.status not in {429, 503}:
                        raise RuntimeError(f"{server.name} answered {response.status}")
                await asyncio.sleep(0.05)

    limit = aiohttp.ClientTimeout(total=600)
    async with (
        aiohttp.ClientSession(headers=headers, timeout=limit) as session,
        asyncio.TaskGroup() as group,
    ):
        for body in bodies:
            group.create_task(send(session, body))


async def _stored(database: Path, wanted: int) -> None:
    """Wait until that many spans can be read."""
    while True:
        try:
            connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            try:
                (count,) = connection.execute("SELECT count(*) FROM spans").fetchone()
            finally:
                connection.close()
        except sqlite3.OperationalError:
            count = 0
        if count >= wanted:
            return
        await asyncio.sleep(0.01)


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=120, help="of 512 spans, to us")
    parser.add_argument("--peer-requests", type=int, default=6, help="of 512 spans, to each peer")
    parser.add_argument("--phoenix", default="", help="a Python that has arize-phoenix")
    parser.add_argument("--mlflow", default="", help="a Python that has mlflow")
    options = parser.parse_args()
    servers = [ours(options.requests)]
    if options.phoenix:
        servers.append(phoenix(options.phoenix, options.peer_requests))
    if options.mlflow:
        servers.append(mlflow(options.mlflow, options.peer_requests))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, SQLite {sqlite3.sqlite_version}\n")
    print("| server | spans/s | ours / it | CPU ms a span | MB |")
    print("|---|---|---|---|---|")
    own = 0.0
    for server in servers:
        rate, cpu, resident = await measure(server)
        own = own or rate
        print(f"| {server.name} | {rate:,.0f} | {own / rate:.1f} | {cpu:.3f} | {resident:.0f} |", flush=True)
    for name, given in (("arize-phoenix", options.phoenix), ("mlflow", options.mlflow)):
        if not given:
            print(f"| {name} | not run: --{name.removeprefix('arize-')} PYTHON | | | |")


if __name__ == "__main__":
    asyncio.run(main())

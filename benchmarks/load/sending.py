"""Sends what the schedule says when it says so, and counts every answer from the time that was intended.

A closed loop asks the next question when the last one is answered, so a server that stalls is hardly asked
while it does: the stall shows up once, however many would have met it (coordinated omission). Here a request
is due whatever became of those before; what waits for a connection waits on the server's account.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterable
from typing import Any

import aiohttp
import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from benchmarks.load.histogram import Histogram
from benchmarks.load.ledger import Ledger
from benchmarks.load.requests import Prepared

RETRIED = frozenset({429, 502, 503, 504})
"""What OTLP exporters send again."""

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0


class Report(msgspec.Struct):
    """What became of a load. Requests, unless a name says otherwise."""

    seconds: float = 0.0
    intended: int = 0
    accepted: int = 0
    accepted_spans: int = 0
    redelivered: int = 0
    """Of the accepted, those that were sent twice on purpose."""

    refused: Counter[int] = msgspec.field(default_factory=Counter[int])
    """Answers other than 200 by status, every attempt counted."""

    broken: int = 0
    """Attempts that got no answer."""

    retried: int = 0
    """Attempts after the first."""

    given_up: int = 0
    rejected: int = 0
    """Refused for good, by a status that exporters do not try again."""

    rejected_spans: int = 0
    """Spans left out of requests that were accepted in part."""

    words: str = ""
    """What the first refusal said."""

    waits: Histogram = msgspec.field(default_factory=Histogram)
    """From the intended time of sending to the accepting answer, retries included."""

    late: Histogram = msgspec.field(default_factory=Histogram)
    """How late this program itself was."""

    def told(self) -> dict[str, Any]:
        """For a program: everything, latencies in milliseconds."""
        plain = {
            name: getattr(self, name) for name in self.__struct_fields__ if name not in {"waits", "late"}
        }
        plain["refused"] = {str(status): count for status, count in sorted(self.refused.items())}
        return {**plain, "milliseconds": self.waits.told(), "generator_late_milliseconds": self.late.told()}


class Sender:
    """A load against one server."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        connections: int = 16,
        give_up: float = 60.0,
        timeout: float = 10.0,
        ledger: Ledger | None = None,
    ) -> None:
        """`timeout` is that of one attempt, `give_up` that of a request with all its attempts, in seconds."""
        self.report = Report()
        self._url = url.rstrip("/")
        self._headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        self._free = asyncio.Semaphore(connections)
        self._connections = connections
        self._give_up = give_up
        self._timeout = timeout
        self._ledger = ledger
        self._chance = random.Random(0)  # noqa: S311 - moments of retries

    async def run(self, requests: AsyncIterable[Prepared]) -> Report:
        """Send them all, in the order of their times, and wait for what became of each."""
        connector = aiohttp.TCPConnector(limit=self._connections)
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            started = 0.0
            async with asyncio.TaskGroup() as group:
                async for request in requests:
                    # The clock starts with the first request that is ready to be sent.
                    started = started or time.perf_counter() - request.at
                    due = started + request.at
                    if (wait := due - time.perf_counter()) > 0:
                        await asyncio.sleep(wait)
                    self.report.late.add(max(0.0, time.perf_counter() - due))
                    self.report.intended += 1
                    group.create_task(self._deliver(session, request, due))
            self.report.seconds = time.perf_counter() - started
        return self.report

    async def _deliver(self, session: aiohttp.ClientSession, request: Prepared, due: float) -> None:
        """Until it is accepted, refused for good, or given up."""
        wait = _FIRST_WAIT
        while True:
            async with self._free:
                retry_after = await self._attempt(session, request, due)
            if retry_after is None:
                return
            pause = max(retry_after, wait * self._chance.uniform(0.5, 1.5))
            if time.perf_counter() + pause - due > self._give_up:
                self.report.given_up += 1
                return
            self.report.retried += 1
            wait = min(_LONGEST_WAIT, 2 * wait)
            await asyncio.sleep(pause)

    async def _attempt(self, session: aiohttp.ClientSession, request: Prepared, due: float) -> float | None:
        """Nothing when it is over, else how many seconds to wait at least."""
        report = self.report
        try:
            async with session.post(
                self._url + request.path, data=request.body, headers=self._headers
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            report.broken += 1
            return 0.0
        if answer.status == 200:  # noqa: PLR2004 - HTTP's own number
            self._accepted(request, due, body)
            return None
        report.refused[answer.status] += 1
        report.words = report.words or f"{answer.status}: {body[:300].decode(errors='replace')}"
        if answer.status not in RETRIED:
            report.rejected += 1
            return None
        return _seconds(answer.headers.get("retry-after", ""))

    def _accepted(self, request: Prepared, due: float, body: bytes) -> None:
        report = self.report
        report.waits.add(time.perf_counter() - due)
        report.accepted += 1
        report.redelivered += request.again
        if not request.ids:
            return
        refused = ExportTraceServiceResponse.FromString(body).partial_success
        if refused.rejected_spans:
            # Which ones is not told: none of them counts as acknowledged.
            report.rejected_spans += refused.rejected_spans
            report.words = report.words or refused.error_message
            return
        report.accepted_spans += request.spans
        if self._ledger is not None:
            self._ledger.acknowledged(request.ids)


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdigit() else 0.0

"""A closed-loop load of N requests in flight over kept connections.

Cheap enough to share a core with the mock judge.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httptools
import msgspec


class Report(msgspec.Struct, frozen=True):
    """What was measured. Latencies are seconds, sorted."""

    seconds: float
    latencies: list[float]
    failures: int

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """A latency percentile, in milliseconds."""
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class Connection(asyncio.Protocol):
    """One request in flight, again and again."""

    def __init__(self, run: "Run") -> None:
        """Belongs to a run."""
        self.run = run

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport: Any = transport
        self.send()

    def send(self) -> None:
        """Send the next request, or close when the run is over."""
        if self.run.is_over():
            self.transport.close()
            return
        self.parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.started = time.perf_counter()
        self.transport.write(self.run.next_request())

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls back."""
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Collect."""
        self.body += body

    def on_message_complete(self) -> None:
        """Book the answer and go on."""
        self.run.book(time.perf_counter() - self.started, self.parser.get_status_code(), self.body)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the run."""
        self.run.closed(exc)


class Run:
    """A load of `in_flight` requests for `seconds` after `warm_up` seconds."""

    def __init__(
        self, request: Callable[[int], bytes], in_flight: int, seconds: float, warm_up: float
    ) -> None:
        """`request` makes the n-th request's bytes."""
        self.request = request
        self.in_flight = in_flight
        self.count = 0
        self.failures = 0
        self.latencies: list[float] = []
        now = time.perf_counter()
        self.begin = now + warm_up
        self.end = self.begin + seconds
        self.open = in_flight
        self.done = asyncio.Event()
        self.at_begin: Callable[[], None] = lambda: None
        self.at_end: Callable[[], None] = lambda: None

    def is_over(self) -> bool:
        """Whether no more requests are sent."""
        return time.perf_counter() >= self.end

    def next_request(self) -> bytes:
        """Each request differs, so that no cache answers."""
        self.count += 1
        return self.request(self.count)

    def book(self, latency: float, status: int, body: bytes) -> None:
        """Count what ended inside the window."""
        now = time.perf_counter()
        if self.begin <= now <= self.end:
            self.latencies.append(latency)
            if status != 200 or not body:  # noqa: PLR2004 -- HTTP's own number
                self.failures += 1

    def closed(self, exc: Exception | None) -> None:
        """A connection ended; a broken one counts."""
        self.failures += exc is not None or not self.is_over()
        self.open -= 1
        if not self.open:
            self.done.set()

    async def go(self, port: int) -> Report:
        """Run the load against a port on loopback."""
        loop = asyncio.get_running_loop()
        for _ in range(self.in_flight):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
        loop.call_later(self.begin - time.perf_counter(), self.at_begin)
        loop.call_later(self.end - time.perf_counter(), self.at_end)
        await self.done.wait()
        return Report(self.end - self.begin, sorted(self.latencies), self.failures)

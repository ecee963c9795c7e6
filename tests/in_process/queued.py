"""Invocations to queue, and a meter to look at."""

import asyncio
import threading
from collections.abc import Sequence

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.invocation import Invocation, Seen
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.evaluated import Target
from spanjudge.telemetry.monitoring import Monitoring


def an_invocation(trace_id: str = "", source: object = None) -> Invocation:
    return Invocation(
        kind="LLMInvocation",
        read=lambda: Seen(subject=Subject(input="What is two and two?", output="Four.")),
        target=Target(trace_id=trace_id),
        source=source,
    )


class Gate:
    """Work that waits until it is let through; `begun` counts, and can be waited for from any thread."""

    def __init__(self) -> None:
        self.seen: list[Invocation] = []
        self.most = 0
        self._begun = threading.Condition()
        self._open: asyncio.Event | None = None
        self._at_once = 0

    async def work(self, invocation: Invocation) -> None:
        if self._open is None:
            self._open = asyncio.Event()
        self._at_once += 1
        self.most = max(self.most, self._at_once)
        try:
            with self._begun:
                self.seen.append(invocation)
                self._begun.notify_all()
            await self._open.wait()
        finally:
            self._at_once -= 1

    def wait_for(self, count: int) -> None:
        with self._begun:
            assert self._begun.wait_for(lambda: len(self.seen) >= count, 10)

    def renew(self) -> None:
        """On another loop."""
        self._open = None

    def open(self) -> None:
        async def let_through() -> None:
            if self._open is None:
                self._open = asyncio.Event()
            self._open.set()

        background().run(let_through())


class Measured:
    """Monitoring whose metrics can be looked at."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)
        self.monitoring = Monitoring(meter_provider=self.provider)

    def points(self, name: str) -> Sequence[NumberDataPoint]:
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == f"gen_ai.evaluation.client.{name}"
            for point in metric.data.data_points
            if isinstance(point, NumberDataPoint)
        ]

    @property
    def queue_size(self) -> float:
        return sum(point.value for point in self.points("queue.size"))

    @property
    def errors(self) -> dict[str, float]:
        return {
            str((point.attributes or {})["error.type"]): point.value
            for point in self.points("enqueue.errors")
        }

"""Carries results to an OTLP backend: log records and the data points of four gauges."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from spanjudge.exporters import otlp_json, otlp_wire
from spanjudge.exporters.destinations import Destination
from spanjudge.exporters.otlp_answers import TooLargeError
from spanjudge.exporters.otlp_http import HttpTransport
from spanjudge.exporters.otlp_messages import Accepted
from spanjudge.pipeline.ports import ExportError
from spanjudge.telemetry.evaluated import Evaluated
from spanjudge.telemetry.metrics import ExportMetrics
from spanjudge.telemetry.routes import Route

_log = logging.getLogger(__name__)

MOST_BYTES = 3_000_000
"""Longer requests are sent in parts: a gRPC receiver takes 4 MiB unless it was told otherwise."""

_MOST_REMEMBERED = 65_536


class Transport(Protocol):
    """A way over the network for the requests of one route."""

    route: Route

    async def send(self, body: bytes) -> Accepted:
        """Send one request. Raises `ExportError` and `TooLargeError`."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class OtlpExporter:
    """One destination. Log records and data points go at the same time, each by its own route.

    When one of the two arrives and the other does not, the batch counts as not carried; what did arrive is
    not sent again when the results come again, in this batch or another.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        resource: Mapping[str, Any],
        metrics: ExportMetrics | None = None,
    ) -> None:
        """`resource` are the attributes of who exports (`telemetry.providers.resource_attributes`).

        Raises `SettingsError` for certificate files that are none.
        """
        self.name = destination.name
        self._ways = [
            _Way(_transport(route), destination.name, _encoder(route, resource), metrics or ExportMetrics())
            for route in destination.routes
        ]

    async def export(self, batch: Sequence[Evaluated]) -> None:
        """Carry a batch away.

        What the backend refuses within a request it takes is logged and counted. Raises `ExportError`.
        """
        if not batch:
            return
        problems = await asyncio.gather(*(way.carry(batch) for way in self._ways))
        found = [problem for problem in problems if problem is not None]
        if found:
            raise _worst(found, self.name)
        for way in self._ways:
            way.forget(batch)

    async def aclose(self) -> None:
        """Close connections."""
        await asyncio.gather(*(way.aclose() for way in self._ways))


class _Way:
    """One signal of a destination."""

    def __init__(self, transport: Transport, name: str, encode: "_Encode", metrics: ExportMetrics) -> None:
        self._transport = transport
        self._name = name
        self._metrics = metrics
        self._signal = transport.route.signal
        self._encode = encode
        self._settled: dict[str, None] = {}

    async def carry(self, batch: Sequence[Evaluated]) -> ExportError | None:
        """Send what is not settled yet; an error is given back, so that the other signal is not disturbed."""
        left = [each for each in batch if each.id not in self._settled] if self._settled else batch
        try:
            if left:
                await self._send(left)
        except ExportError as error:
            word = "postponed" if error.retryable else "failed"
            self._metrics.count(self._name, self._signal, word, len(left))
            return error
        return None

    def forget(self, batch: Sequence[Evaluated]) -> None:
        """All of the batch has arrived: it does not come again."""
        for each in batch:
            self._settled.pop(each.id, None)

    def _settle(self, batch: Sequence[Evaluated]) -> None:
        """Note what has arrived, as long as the other signal has not."""
        self._settled.update((each.id, None) for each in batch)
        while len(self._settled) > _MOST_REMEMBERED:
            del self._settled[next(iter(self._settled))]

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _send(self, batch: Sequence[Evaluated]) -> None:
        body = self._encode(batch)
        if len(body) > MOST_BYTES and len(batch) > 1:
            await self._halves(batch)
            return
        try:
            answer = await self._transport.send(body)
        except TooLargeError:
            if len(batch) > 1:
                await self._halves(batch)
                return
            _log.error(
                "%s: result %s is not exported: its %s are too large for the backend (%d bytes)",
                self._name,
                batch[0].id,
                self._signal,
                len(body),
            )
            self._metrics.count(self._name, self._signal, "failed", 1)
            self._settle(batch)
            return
        self._account(answer, len(batch))
        self._settle(batch)

    async def _halves(self, batch: Sequence[Evaluated]) -> None:
        middle = len(batch) // 2
        await self._send(batch[:middle])
        await self._send(batch[middle:])

    def _account(self, answer: Accepted, results: int) -> None:
        self._metrics.count(self._name, self._signal, "accepted", results)
        if answer.rejected:
            self._metrics.count(self._name, self._signal, "rejected", answer.rejected)
        if answer.rejected or answer.words:
            _log.warning(
                "%s: the backend refused %d of the %s of %d results%s",
                self._name,
                answer.rejected,
                "log records" if self._signal == "logs" else "data points",
                results,
                answer.words,
            )


_Encode = Callable[[Sequence[Evaluated]], bytes]


def _encoder(route: Route, resource: Mapping[str, Any]) -> _Encode:
    if route.protocol == "http/json":
        json_request = otlp_json.logs_request if route.signal == "logs" else otlp_json.metrics_request
        return lambda batch: json_request(batch, resource)
    request = otlp_wire.logs_request if route.signal == "logs" else otlp_wire.metrics_request
    encoded = otlp_wire.resource(resource)
    return lambda batch: request(batch, encoded)


def _transport(route: Route) -> Transport:
    if route.protocol != "grpc":
        return HttpTransport(route)
    from spanjudge.exporters.otlp_grpc import GrpcTransport  # noqa: PLC0415  gRPC only where it is spoken

    return GrpcTransport(route)


def _worst(problems: Sequence[ExportError], name: str) -> ExportError:
    """One error for the batch: retryable when any of them is, after the longest wait of these."""
    retryable = [problem for problem in problems if problem.retryable]
    counted = retryable or list(problems)
    waits = [problem.retry_after for problem in counted if problem.retry_after is not None]
    return ExportError(
        f"{name}: {'; '.join(str(problem) for problem in counted)}",
        retryable=bool(retryable),
        retry_after=max(waits) if waits else None,
    )

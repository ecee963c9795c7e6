"""OTLP over gRPC: `TraceService/Export` and `LogsService/Export`, on a port of their own.

https://opentelemetry.io/docs/specs/otlp/#otlpgrpc: UNAVAILABLE with `RetryInfo` tells a sender to come again,
INVALID_ARGUMENT not to. TLS is the business of a collector or proxy in front.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.pipeline.ports import Receiving
from spanjudge.receivers import answer
from spanjudge.receivers.limits import ByteBudget, OtlpLimits
from spanjudge.receivers.otlp_http import Accepts, check
from spanjudge.receivers.reception import Reception, Signal
from spanjudge.receivers.refusal import RefusalError
from spanjudge.receivers.unpacking import is_packed

SERVICES: dict[str, Signal] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
}

_HANDSHAKE_MS = 15_000
_STREAMS_PER_CONNECTION = 100
_HIGHEST_PORT = 65_535

_Export = Callable[[AsyncIterator[bytes], Any], Awaitable[bytes]]


class OtlpGrpc:
    """A running receiver; `serve_grpc` makes one. `port` is the one it listens on."""

    def __init__(self, server: Any, reception: Reception, port: int) -> None:
        """Take over a server that has been started."""
        self._server = server
        self._reception = reception
        self.port = port

    async def stop(self, seconds: float = 5.0) -> None:
        """Take nothing more, and give what is under way this long to end."""
        await self._server.stop(seconds)
        self._reception.close()


async def serve_grpc(
    receiving: Receiving,
    tokens: Accepts,
    host: str,
    port: int,
    *,
    limits: OtlpLimits | None = None,
    budget: ByteBudget | None = None,
) -> OtlpGrpc:
    """Listen, in the running event loop. Port 0 takes a free one; `budget` is given when others share it.

    Raises `SettingsError` when the address cannot be had, and `MissingExtraError` without grpcio.
    """
    try:
        aio: Any = importlib.import_module("grpc.aio")
    except ImportError:
        raise MissingExtraError("OTLP over gRPC", "server") from None
    if not 0 <= port <= _HIGHEST_PORT:
        raise SettingsError(f"SPANJUDGE_GRPC_PORT={port} is no port: use 1 to 65535, or 0 for a free one.")
    limits = limits or OtlpLimits()
    reception = Reception(receiving, "grpc", limits=limits, budget=budget or ByteBudget())
    server = aio.server(
        options=[
            # Bodies are unpacked here, within limits; gRPC itself looks at the packed size only.
            ("grpc.per_message_decompression", 0),
            ("grpc.max_receive_message_length", limits.body_bytes),
            ("grpc.max_metadata_size", 16_384),
            ("grpc.max_concurrent_streams", _STREAMS_PER_CONNECTION),
            ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
            # Otherwise two servers could listen on one port and share its requests.
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers(_exports(reception, tokens, limits))
    try:
        bound: int = server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except RuntimeError:
        reception.close()
        raise SettingsError(
            f"Cannot listen on {host} port {port} for OTLP over gRPC, probably because another process does: "
            "stop that one, or set SPANJUDGE_GRPC_PORT to a free port (0 takes any)."
        ) from None
    await server.start()
    return OtlpGrpc(server, reception, bound)


def _exports(reception: Reception, tokens: Accepts, limits: OtlpLimits) -> tuple[Any, ...]:
    """The methods, as gRPC wants them: without (de)serialisers they take and give bytes."""
    grpc: Any = importlib.import_module("grpc")
    slots = asyncio.Semaphore(limits.grpc_receiving)
    return tuple(
        grpc.method_handlers_generic_handler(
            # One message is a stream of one, and a stream is read when its sender is known, not before.
            service,
            {
                "Export": grpc.stream_unary_rpc_method_handler(
                    _export(grpc, reception, tokens, limits, slots, signal)
                )
            },
        )
        for service, signal in SERVICES.items()
    )


def _export(  # noqa: PLR0917  # one caller, above
    grpc: Any,
    reception: Reception,
    tokens: Accepts,
    limits: OtlpLimits,
    slots: asyncio.Semaphore,
    signal: Signal,
) -> _Export:
    async def export(messages: AsyncIterator[bytes], context: Any) -> bytes:
        try:
            _check(tokens, context)
            with reception.budget.open() as charge:
                async with slots:
                    body = await _message(messages, limits)
                charge.take(len(body))
                packed = is_packed(body)
                taken = await reception.take(signal, body, charge, json=False, packed=packed)
            return answer.response(signal, taken, json=False)
        except RefusalError as error:
            reception.refused(error)
            refusal = error
        except Exception as error:  # noqa: BLE001  # whatever it is, the sender gets an answer
            refusal = reception.failed(error)
        return await _abort(grpc, context, refusal)

    return export


def _check(tokens: Accepts, context: Any) -> None:
    metadata: Any = context.invocation_metadata() or ()
    headers = [
        (key.encode(), value if isinstance(value, bytes) else value.encode()) for key, value in metadata
    ]
    check(tokens, headers, "metadata “authorization”")


async def _message(messages: AsyncIterator[bytes], limits: OtlpLimits) -> bytes:
    try:
        async with asyncio.timeout(limits.read_seconds):
            async for body in messages:
                return body
    except TimeoutError:
        raise RefusalError(
            "slow",
            f"The request did not arrive within {limits.read_seconds:g} s: send it faster, or less of it.",
        ) from None
    raise RefusalError("malformed", "The call came without a request.")


async def _abort(grpc: Any, context: Any, refusal: RefusalError) -> bytes:
    """End the call with a status; this never returns normally."""
    number = answer.CODES[refusal.kind]
    code = next(code for code in grpc.StatusCode if code.value[0] == number)
    trailers: list[tuple[str, bytes]] = []
    if refusal.retry_after is not None:
        trailers = [
            ("grpc-status-details-bin", answer.status(refusal, json=False)),
            # Where the Python exporter looks for it.
            ("google.rpc.retryinfo-bin", answer.retry_info(refusal.retry_after).SerializeToString()),
        ]
    await context.abort(code, str(refusal), trailing_metadata=tuple(trailers))
    return b""

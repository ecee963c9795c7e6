"""How much telemetry is taken at once: of one request, and of all that are under way."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from spanjudge.receivers.refusal import RefusalError

_RETRY_SECONDS = 1.0


class OtlpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender of telemetry may ask of the server. Sizes are bytes, times seconds.

    `body_bytes` is a body as it is sent, `unpacked_bytes` what becomes of it when it was packed.
    `read_seconds` is for a whole body. `thread_bytes`: longer bodies are decoded beside the event loop.
    `grpc_receiving` is how many messages of gRPC may be on their way in at once.
    """

    body_bytes: int = 20_000_000
    unpacked_bytes: int = 64_000_000
    read_seconds: float = 30.0
    thread_bytes: int = 65_536
    grpc_receiving: int = 16


class ByteBudget:
    """The bytes of all bodies under way, however many requests and protocols they come by.

    A body counts from its first piece until its spans are stored, packed and unpacked size alike. Over
    the budget requests are refused for a moment instead of filling the memory.
    """

    def __init__(self, most: int = 128_000_000) -> None:
        """`most` has to have room for the largest body, packed and unpacked."""
        self._most = most
        self._lock = threading.Lock()
        self.used = 0

    @contextmanager
    def open(self) -> Generator["Charge"]:
        """What one request takes, given back at the end of the block."""
        charge = Charge(self)
        try:
            yield charge
        finally:
            with self._lock:
                charge.is_open = False
                self.used -= charge.bytes

    def take(self, charge: "Charge", count: int) -> None:
        """More for a request. Raises `RefusalError` (overloaded) when there is no room, or it has ended."""
        with self._lock:
            if charge.is_open and self.used + count <= self._most:
                self.used += count
                charge.bytes += count
                return
        raise RefusalError(
            "overloaded",
            "Too many bytes are under way at once: send this again in a moment, or smaller requests.",
            retry_after=_RETRY_SECONDS,
        )


class Charge:
    """What one request has taken of a budget. Threads may share it."""

    def __init__(self, budget: ByteBudget) -> None:
        """Nothing so far."""
        self._budget = budget
        self.bytes = 0
        self.is_open = True

    def take(self, count: int) -> None:
        """Take more. Raises `RefusalError` (overloaded)."""
        self._budget.take(self, count)

"""The way in that all protocols share: decode, hand over, and say what was not taken."""

import asyncio
import logging
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import msgspec
from opentelemetry import metrics

from spanjudge.pipeline.ports import OverloadedError, Receiving, StoreError
from spanjudge.receivers.limits import ByteBudget, Charge, OtlpLimits
from spanjudge.receivers.refusal import RefusalError
from spanjudge.receivers.unpacking import too_large, unpack
from spanjudge.spans.otlp import (
    LogsRead,
    OtlpError,
    OtlpTooLargeError,
    ReceivedLog,
    ReceivedSpan,
    SpansRead,
    read_logs,
    read_spans,
)
from spanjudge.version import __version__

logger = logging.getLogger(__name__)

Signal = Literal["traces", "logs"]

STORE_RETRY_SECONDS = 5.0
"""When to come again after the store failed."""

_LOG_SECONDS = 10.0
_LONGEST_MESSAGE = 1_000


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request: `rejected` spans or log records, and `message` to the sender about it."""

    rejected: int = 0
    message: str = ""


class Reception:
    """Takes requests of one protocol in, and hands their spans and log records over."""

    def __init__(
        self, receiving: Receiving, protocol: str, *, limits: OtlpLimits, budget: ByteBudget
    ) -> None:
        """`budget` is shared by all protocols; `protocol` is a word for metrics and logs."""
        self._receiving = receiving
        self._protocol = protocol
        self._limits = limits
        self.budget = budget
        # Python runs one thread at a time: the second one lets small bodies pass a big one.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix=f"otlp-{protocol}")
        self._items = metrics.get_meter("spanjudge", __version__).create_counter(
            "spanjudge.receiver.items", unit="1", description="Spans and log records that came in, by outcome"
        )
        self._requests = metrics.get_meter("spanjudge", __version__).create_counter(
            "spanjudge.receiver.refused", unit="1", description="Requests that were refused, by reason"
        )
        self._logged: dict[str, float] = {}

    async def take(self, signal: Signal, body: bytes, charge: Charge, *, json: bool, packed: bool) -> Taken:
        """Decode a body and hand it over; when this returns everything is stored.

        `charge` already covers the body as it is. Raises `RefusalError`.
        """
        read = partial(self._read, signal, body, charge, json=json, packed=packed)
        if len(body) > self._limits.thread_bytes or packed:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, read)
        else:
            found = read()
        spans: Sequence[ReceivedSpan] = found.spans if isinstance(found, SpansRead) else ()
        logs: Sequence[ReceivedLog] = found.logs if isinstance(found, LogsRead) else ()
        if spans or logs:
            await self._hand_over(spans, logs)
        message = " ".join(found.problems)[:_LONGEST_MESSAGE]
        self._count(signal, len(spans) + len(logs), "accepted")
        self._count(signal, found.rejected, "rejected")
        if isinstance(found, LogsRead):
            self._count(signal, found.ignored, "ignored")
        if found.rejected:
            self._log("OTLP items rejected", message)
        return Taken(rejected=found.rejected, message=message)

    def refused(self, refusal: RefusalError) -> None:
        """Count and log a request that was refused."""
        self._requests.add(1, {"protocol": self._protocol, "reason": refusal.kind})
        self._log("OTLP request refused", str(refusal))

    def failed(self, error: BaseException) -> RefusalError:
        """An error of our own, logged with its place and without anything that was sent."""
        logger.error(
            "OTLP request failed inside: %s\n%s",
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        return RefusalError("internal", "The server failed inside: its log says where.")

    def close(self) -> None:
        """End the threads; nothing may be taken afterwards."""
        self._threads.shutdown(wait=False)

    def _read(
        self, signal: Signal, body: bytes, charge: Charge, *, json: bool, packed: bool
    ) -> SpansRead | LogsRead:
        if packed:
            body = unpack(body, self._limits, charge)
        elif len(body) > self._limits.body_bytes:
            raise too_large(self._limits)
        try:
            return read_spans(body, json=json) if signal == "traces" else read_logs(body, json=json)
        except OtlpTooLargeError as error:
            raise RefusalError("too_large", f"{error} Send fewer spans in one request.") from None
        except OtlpError as error:
            raise RefusalError("malformed", str(error)) from None

    async def _hand_over(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog]) -> None:
        try:
            await self._receiving.receive(spans, logs)
        except OverloadedError as error:
            raise RefusalError("overloaded", str(error), retry_after=error.retry_after) from error
        except StoreError as error:
            # What the store says is for the log: it may name files and hosts.
            self._log("OTLP request not stored", str(error))
            raise RefusalError(
                "unavailable",
                "The store does not take anything now: send this again.",
                retry_after=STORE_RETRY_SECONDS,
            ) from error

    def _count(self, signal: Signal, count: int, outcome: str) -> None:
        if count:
            self._items.add(count, {"signal": signal, "protocol": self._protocol, "outcome": outcome})

    def _log(self, what: str, why: str) -> None:
        """One line for each kind of trouble every ten seconds: a sender repeats its mistakes."""
        now = time.monotonic()
        if now - self._logged.get(what, -_LOG_SECONDS) >= _LOG_SECONDS:
            self._logged[what] = now
            logger.warning(what, extra={"protocol": self._protocol, "reason": why})

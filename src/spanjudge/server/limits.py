"""How much of a request is taken, and how long it may take to arrive."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from spanjudge.remote_scorer.problem import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may ask of the server. Sizes are bytes, times seconds.

    `body_bytes` holds for a compressed body before and after unpacking. `read_seconds` is for the whole
    body, `head_seconds` for the request line and headers. The client in the field sends at most 40,000
    characters a field.
    """

    body_bytes: int = 4_000_000
    read_seconds: float = 20.0
    head_bytes: int = 65_536
    head_seconds: float = 15.0
    keep_alive_seconds: float = 30.0
    connections: int = 10_000


class ClientGoneError(Exception):
    """The connection ended before the request did; nobody is there to be answered."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], limits: Limits) -> bytes:
    """The request's body, unpacked when it is gzip or deflate.

    A body that is too long is refused at its announcement, or at the piece that is one too many; the rest
    is thrown away by the HTTP server as it arrives and is never held.

    Raises `Problem` (INPUT_TOO_LONG, REQUEST_TIMEOUT, UNSUPPORTED_MEDIA_TYPE, INVALID_JSON) and
    `ClientGoneError`.
    """
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in (b"", b"identity", b"gzip", b"x-gzip", b"deflate"):
        raise Problem(
            "UNSUPPORTED_MEDIA_TYPE",
            "This Content-Encoding is not understood: send the body as it is, or packed with gzip.",
        )
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > limits.body_bytes:
        raise too_long(limits)
    try:
        async with asyncio.timeout(limits.read_seconds):
            body = await _read(receive, limits)
    except TimeoutError:
        raise Problem(
            "REQUEST_TIMEOUT",
            f"The body did not arrive within {limits.read_seconds:g} s: send it faster, or less of it.",
        ) from None
    return _unpacked(body, limits) if encoding not in (b"", b"identity") else body


def too_long(limits: Limits) -> Problem:
    """The body is longer than it may be."""
    return Problem(
        "INPUT_TOO_LONG",
        f"The body is longer than {limits.body_bytes:,} bytes: send less of the span.",
    )


async def _read(receive: Receive, limits: Limits) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > limits.body_bytes:
            raise too_long(limits)
        if not message.get("more_body", False):
            if not pieces:
                return piece
            pieces.append(piece)
            return b"".join(pieces)
        pieces.append(piece)


def _unpacked(body: bytes, limits: Limits) -> bytes:
    # 32 takes gzip and zlib headers alike.
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, limits.body_bytes + 1)
    except zlib.error:
        raise Problem(
            "INVALID_JSON", "Content-Encoding says the body is packed, and it cannot be unpacked."
        ) from None
    if len(plain) > limits.body_bytes:
        raise too_long(limits)
    if not unpacker.eof:
        raise Problem("INVALID_JSON", "The packed body ends too early: it was cut off on its way.")
    return plain

"""Packed bodies, unpacked within limits: little data can hide much of it."""

import zlib

from spanjudge.receivers.limits import Charge, OtlpLimits
from spanjudge.receivers.refusal import RefusalError

_PIECE = 1_048_576
_GZIP = b"\x1f\x8b"
_ZLIB_METHOD = 0x08
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


def unpack(body: bytes, limits: OtlpLimits, charge: Charge) -> bytes:
    """What a gzip (of several members, too) or zlib body holds.

    Raises `RefusalError`: malformed, too large, or overloaded.
    """
    pieces: list[bytes] = []
    size = 0
    waiting = body
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        while True:
            piece = unpacker.decompress(waiting, _PIECE)
            size += len(piece)
            if size > limits.unpacked_bytes:
                raise too_large(limits)
            charge.take(len(piece))
            pieces.append(piece)
            waiting = unpacker.unconsumed_tail
            if unpacker.eof:
                waiting = unpacker.unused_data
                if not waiting.rstrip(b"\0"):  # padding is allowed
                    return b"".join(pieces)
                unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
            elif not waiting and len(piece) < _PIECE:
                raise RefusalError("malformed", "The packed body ends too early: it was cut off on its way.")
    except zlib.error:
        raise RefusalError(
            "malformed", "The body is said to be packed, and cannot be unpacked: it is damaged."
        ) from None


def is_packed(body: bytes) -> bool:
    """Whether this is gzip or zlib data; a message of OTLP never begins like that."""
    return body.startswith(_GZIP) or (
        len(body) > 1 and body[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(body[:2], "big") % 31 == 0
    )


def too_large(limits: OtlpLimits) -> RefusalError:
    """A body is larger than it may be, packed or unpacked."""
    return RefusalError(
        "too_large",
        f"The body is larger than {limits.body_bytes:,} bytes ({limits.unpacked_bytes:,} unpacked): "
        "send fewer spans in one request.",
    )

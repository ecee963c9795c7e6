"""OTLP over HTTP: `POST /v1/traces` and `POST /v1/logs`, protobuf and JSON, as plain ASGI.

https://opentelemetry.io/docs/specs/otlp/#otlphttp: what is taken is answered with 200 and the response
message in the request's encoding, which tells of rejected spans; what is not with an error status and a
`google.rpc.Status`. 503 tells a sender to come again, 400 and 413 not to.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Literal, Protocol

from spanjudge.pipeline.ports import Receiving
from spanjudge.receivers import answer
from spanjudge.receivers.limits import ByteBudget, Charge, OtlpLimits
from spanjudge.receivers.reception import Reception, Signal
from spanjudge.receivers.refusal import Kind, RefusalError
from spanjudge.receivers.unpacking import too_large

PATHS: dict[str, Signal] = {"/v1/traces": "traces", "/v1/logs": "logs"}
"""Where OTLP exporters send to."""

PROTOBUF, JSON = b"application/x-protobuf", b"application/json"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_STATUS: dict[Kind, int] = {
    "malformed": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "method": 405,
    "slow": 408,
    "too_large": 413,
    "media_type": 415,
    "internal": 500,
    "overloaded": 503,
    "unavailable": 503,
}
_ENCODINGS = {PROTOBUF: False, b"application/protobuf": False, JSON: True}
_PLAIN, _PACKED = (b"", b"identity"), (b"gzip", b"x-gzip", b"deflate")
_CHARSETS = (b"utf-8", b"utf8", b"us-ascii")


class Accepts(Protocol):
    """Who may send."""

    def accepts(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the headers (names in lower case) carry a token."""
        ...

    def allows(self, headers: Iterable[tuple[bytes, bytes]], scope: Literal["ingest"]) -> bool:
        """Whether the headers carry a token that may do this."""
        ...


class ClientGoneError(Exception):
    """The connection ended before the request did; nobody is there to be answered."""


class OtlpHttp:
    """The ASGI application of `PATHS`."""

    def __init__(
        self,
        receiving: Receiving,
        tokens: Accepts,
        *,
        limits: OtlpLimits | None = None,
        budget: ByteBudget | None = None,
    ) -> None:
        """`budget` is given when other receivers share it."""
        self._tokens = tokens
        self._limits = limits or OtlpLimits()
        self._reception = Reception(receiving, "http", limits=self._limits, budget=budget or ByteBudget())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        json = _media_type(headers) != PROTOBUF
        try:
            await self._answer(scope, headers, receive, send)
        except ClientGoneError:
            return
        except RefusalError as refusal:
            self._reception.refused(refusal)
            await _refuse(send, refusal, json=json)
        except Exception as error:  # noqa: BLE001  # whatever it is, the sender gets an answer
            await _refuse(send, self._reception.failed(error), json=json)

    def close(self) -> None:
        """End its threads."""
        self._reception.close()

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        signal = PATHS["/v1/" + scope["path"].rstrip("/").rpartition("/")[2]]
        if scope["method"] != "POST":
            raise RefusalError("method", "This path takes POST only: it is for OTLP exporters.")
        check(self._tokens, scope["headers"], "header “Authorization”")
        json = _is_json(headers)
        packed = _is_packed(headers)
        with self._reception.budget.open() as charge:
            body = await self._body(receive, headers, charge)
            taken = await self._reception.take(signal, body, charge, json=json, packed=packed)
        await _send(send, 200, answer.response(signal, taken, json=json), json=json)

    async def _body(self, receive: Receive, headers: dict[bytes, bytes], charge: Charge) -> bytes:
        """The body as it was sent; the rest of a refused one is thrown away by the HTTP server."""
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced[:20]) > self._limits.body_bytes:
            raise too_large(self._limits)
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGoneError
                    piece: bytes = message.get("body", b"")
                    charge.take(len(piece))
                    if charge.bytes > self._limits.body_bytes:
                        raise too_large(self._limits)
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        except TimeoutError:
            raise RefusalError(
                "slow",
                f"The body did not arrive within {self._limits.read_seconds:g} s: "
                "send it faster, or less of it.",
            ) from None


def check(tokens: Accepts, headers: list[tuple[bytes, bytes]], place: str) -> None:
    """Raise `RefusalError` unless a token of the headers may send; `place` is where an exporter puts it."""
    if tokens.allows(headers, "ingest"):
        return
    if tokens.accepts(headers):
        raise RefusalError(
            "forbidden",
            "This token lacks the scope “ingest”: use one that has it (spanjudge tokens new --scope ingest).",
        )
    raise RefusalError(
        "unauthorized",
        f"The token is missing or wrong: set the exporter's {place} to “Bearer …” with "
        "the value of O2_JUDGE_AUTH_TOKEN (OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…).",
    )


def _media_type(headers: dict[bytes, bytes]) -> bytes:
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _is_json(headers: dict[bytes, bytes]) -> bool:
    """Whether the body is JSON, otherwise it is protobuf. Raises `RefusalError`."""
    kind = _ENCODINGS.get(_media_type(headers))
    if kind is None:
        raise RefusalError(
            "media_type",
            "The Content-Type is not taken here: send application/x-protobuf or application/json.",
        )
    for parameter in headers.get(b"content-type", b"").lower().split(b";")[1:]:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip(b' "') not in _CHARSETS:
            raise RefusalError("media_type", "The charset is not taken here: JSON is sent as UTF-8.")
    return kind


def _is_packed(headers: dict[bytes, bytes]) -> bool:
    """Whether the body has to be unpacked. Raises `RefusalError`."""
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in _PLAIN and encoding not in _PACKED:
        raise RefusalError(
            "media_type",
            "The Content-Encoding is not taken here: send gzip, deflate, or nothing packed "
            "(OTEL_EXPORTER_OTLP_COMPRESSION=gzip).",
        )
    return encoding in _PACKED


async def _refuse(send: Send, refusal: RefusalError, *, json: bool) -> None:
    status = _STATUS[refusal.kind]
    more: list[tuple[bytes, bytes]] = []
    if refusal.retry_after is not None:
        more.append((b"retry-after", str(max(1, round(refusal.retry_after))).encode()))
    if refusal.kind == "unauthorized":
        more.append((b"www-authenticate", b'Bearer realm="spanjudge"'))
    elif refusal.kind == "method":
        more.append((b"allow", b"POST"))
    elif refusal.kind == "media_type":
        more.append((b"accept", b"application/x-protobuf, application/json"))
        more.append((b"accept-encoding", b"gzip, deflate"))
    elif refusal.kind == "slow":
        # A body that was not waited for cannot be told from the next request; so the connection ends.
        more.append((b"connection", b"close"))
    await _send(send, status, answer.status(refusal, json=json), more, json=json)


async def _send(
    send: Send, status: int, body: bytes, more: Iterable[tuple[bytes, bytes]] = (), *, json: bool
) -> None:
    headers = [
        (b"content-type", JSON if json else PROTOBUF),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""OTLP over HTTP, protobuf and JSON."""

import asyncio
import base64
import io
import os
import ssl
import time
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
from google.protobuf.message import DecodeError
from yarl import URL

from spanjudge.exporters import otlp_answers
from spanjudge.exporters.otlp_messages import Accepted, accepted, response_type
from spanjudge.judging.models.wire import proxy_of
from spanjudge.telemetry.routes import Route
from spanjudge.version import __version__

_LARGEST_ANSWER = 65_536
_TOO_LARGE = 413
_GZIP = 31
"""`wbits` that make zlib write the gzip format."""

_FILE_LIKE = 524_288
"""Bytes from which aiohttp wants a body in pieces."""

_OFF_THE_LOOP = 65_536
"""Bytes from which compressing takes milliseconds, and is done in a thread."""


class HttpTransport:
    """Carries the requests of one route. Connections are opened with the first one."""

    def __init__(self, route: Route, *, now: Callable[[], float] = time.time) -> None:
        """Raises `SettingsError` for certificate files that are none."""
        self.route = route
        self._now = now
        self._tls = tls_context(route) if route.is_secure else None
        self._headers = {
            **route.headers,
            "content-type": "application/json" if route.protocol == "http/json" else "application/x-protobuf",
            "user-agent": f"spanjudge/{__version__}",
        }
        if route.compression == "gzip":
            self._headers["content-encoding"] = "gzip"
        self._url = URL(route.url)
        if self._url.user is not None:
            credentials = f"{self._url.user}:{self._url.password or ''}".encode()
            self._headers.setdefault("authorization", f"Basic {base64.b64encode(credentials).decode()}")
            self._url = self._url.with_user(None)
        self._proxy = proxy_of(self._url)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, body: bytes) -> Accepted:
        """Send one request, encoded as the route's protocol has it.

        Raises `ExportError` and `TooLargeError`.
        """
        if self.route.compression == "gzip":
            off = len(body) > _OFF_THE_LOOP
            body = await asyncio.to_thread(_gzip, body) if off else _gzip(body)
        status, headers, answer = await self._post(body)
        if 200 <= status < 300:  # noqa: PLR2004  HTTP: all is well
            return self._read(answer, headers.get("content-type", ""))
        if status == _TOO_LARGE:
            raise otlp_answers.TooLargeError
        raise otlp_answers.http_error(
            self.route,
            status,
            _words(answer, headers.get("content-type", "")),
            retry_after=headers.get("retry-after"),
            now=self._now(),
        )

    async def aclose(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes) -> tuple[int, Any, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.route.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            async with self._session.post(
                self._url,
                data=body if len(body) < _FILE_LIKE else io.BytesIO(body),
                headers=self._headers,
                ssl=self._tls if self._tls is not None else True,
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                return response.status, response.headers, await response.content.read(_LARGEST_ANSWER)
        except TimeoutError:
            raise otlp_answers.timed_out(self.route) from None
        except aiohttp.ClientSSLError as error:
            raise otlp_answers.not_connected(self.route, _why(error), tls=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise otlp_answers.not_connected(self.route, _why(error)) from None

    def _read(self, answer: bytes, kind: str) -> Accepted:
        """What a good answer says of records that were refused. An unreadable one says nothing."""
        message = response_type(self.route.signal)()
        if "json" in kind:
            return _read_json(self.route, answer, message)
        try:
            message.ParseFromString(answer)
        except DecodeError:
            return Accepted()
        return accepted(self.route, message)


def _read_json(route: Route, answer: bytes, message: Any) -> Accepted:
    # Imported here: it takes a tenth of the server's start, for a protocol that few choose.
    from google.protobuf import json_format  # noqa: PLC0415  see above

    try:
        json_format.Parse(answer or b"{}", message, ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError):
        return Accepted()
    return accepted(route, message)


def tls_context(route: Route) -> ssl.SSLContext:
    """System trust, or the route's certificate; with the client's own where there is one.

    Raises `SettingsError`.
    """
    from spanjudge.errors import SettingsError  # noqa: PLC0415  only where files are bad

    try:
        context = ssl.create_default_context(cafile=route.certificate)
    except (ssl.SSLError, OSError):
        raise SettingsError(f"{route.named('CERTIFICATE')} is no file of PEM certificates") from None
    if route.client_certificate and route.client_key:
        try:
            context.load_cert_chain(route.client_certificate, route.client_key)
        except (ssl.SSLError, OSError):
            raise SettingsError(
                f"{route.named('CLIENT_CERTIFICATE')} and {route.named('CLIENT_KEY')} are no PEM files of a "
                "certificate and its key"
            ) from None
    return context


def _gzip(body: bytes) -> bytes:
    """Level 1: results repeat themselves so much that higher levels gain a tenth for three times the work."""
    compressor = zlib.compressobj(1, wbits=_GZIP)
    return compressor.compress(body) + compressor.flush()


def _words(answer: bytes, kind: str) -> str:
    """What an error's body says: a `google.rpc.Status`, JSON, or text."""
    if "protobuf" in kind:
        from google.rpc.status_pb2 import Status  # noqa: PLC0415

        try:
            return Status.FromString(answer).message
        except DecodeError:
            return ""
    if "html" in kind:
        return ""
    return answer.decode("utf-8", "replace")


def _why(error: BaseException) -> str:
    """The reason in few words; never an address with a password in it."""
    inner = getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {inner.verify_message}"
    if isinstance(inner, ssl.SSLError):
        return f"TLS: {inner.reason or 'no agreement'}".replace("_", " ").lower()
    if isinstance(inner, OSError) and inner.errno is not None and inner.errno > 0:
        return os.strerror(inner.errno).lower()
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return type(error).__name__

"""The one way every judge model of ours speaks HTTP: JSON in, JSON out, one session an event loop.

This is the hot path: proxies, TLS and the parsed address are looked up once an address, never once a
call, which is why aiohttp's own `trust_env` (two thread hops and a read of `~/.netrc` a request) stays off.
"""

import asyncio
import base64
import json
import os
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from yarl import URL

from spanjudge.errors import SettingsError
from spanjudge.judging.models.model import JudgeModelError
from spanjudge.version import __version__

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""A judge's answer is a few kilobytes; more is another kind of server, or an attack."""

CONNECT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 600.0
# How long it may take in all is `asyncio.timeout`'s to watch, which takes a quarter of what aiohttp's takes.
_WITH_CONNECT_LIMIT = aiohttp.ClientTimeout(
    total=None, sock_connect=CONNECT_SECONDS, ceil_threshold=LONGEST_WAIT_SECONDS
)
_WITHOUT_LIMITS = aiohttp.ClientTimeout(total=None)

_CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    # An answer is smaller than what compressing it would save.
    "Accept-Encoding": "identity",
    "User-Agent": f"spanjudge/{__version__}",
}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class WireReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, whatever the status. Header names are looked up in any letter case.

    `body` is the parsed JSON, or the text when it is no JSON (`is_json` tells them apart, since JSON can
    be a text as well).
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool


class _Target(msgspec.Struct, frozen=True):
    """An address and how it is reached."""

    url: URL
    shown: str
    tls: ssl.SSLContext | bool
    proxy: URL | None
    proxy_headers: dict[str, str]


class Wire:
    """A judge model's share of the sessions; `aclose` gives it back.

    All models of an event loop use one session, so that they share connections, the DNS cache and the
    connector's memory. The session is closed with its last user.
    """

    def __init__(self) -> None:
        """Opens nothing: the first call does."""
        self.headers: Mapping[str, str] = {}
        """Of the latest answer, whatever its status; looked up in any letter case."""
        self._targets: dict[str, _Target] = {}

    def prepare(self, url: str) -> _Target:
        """Look up now how an address is reached, so that a bad one stops the start and not the first call.

        Raises `SettingsError` for an address that is none and for CA files that are not there.
        """
        target = self._targets[url] = _target(url)
        return target

    async def post_json(
        self, url: str, headers: Mapping[str, str], body: object, deadline: float
    ) -> WireReply:
        """POST `body` as JSON. `deadline` is a `time.monotonic()` moment.

        Raises `JudgeModelError`: `judge_timeout` when the deadline passes first, `judge_unavailable` when
        there is no connection or it breaks, `judge_answer_invalid` when the answer is too large. Any HTTP
        status is an answer. No header and no query string is ever part of an error's text.
        """
        return await self._send(url, headers, to_json(body), deadline)

    async def aclose(self) -> None:
        """Close the session of every loop this was the last user of."""
        for loop, shared in list(sessions.items()):
            shared.users.discard(self)
            if not shared.users:
                del sessions[loop]
                await _close(shared.session, loop)

    async def _send(self, url: str, headers: Mapping[str, str], data: bytes, deadline: float) -> WireReply:
        try:
            target = self._targets.get(url) or self.prepare(url)
        except SettingsError as error:
            raise JudgeModelError("judge_unavailable", str(error)) from error
        seconds = min(deadline - time.monotonic(), LONGEST_WAIT_SECONDS)
        if seconds <= 0:
            raise JudgeModelError("judge_timeout", "no time was left to ask the judge", retryable=True)
        # Without a tunnel the proxy reads the request's own headers.
        plain_proxy = target.proxy is not None and target.url.scheme == "http"
        session = await _session_for(self)
        try:
            async with (
                asyncio.timeout(seconds),
                session.post(
                    target.url,
                    data=data,
                    headers={**headers, **target.proxy_headers} if plain_proxy else headers,
                    ssl=target.tls,
                    proxy=target.proxy,
                    proxy_headers=target.proxy_headers or None,
                    allow_redirects=False,
                    timeout=_WITH_CONNECT_LIMIT if seconds > CONNECT_SECONDS else _WITHOUT_LIMITS,
                ) as response,
            ):
                self.headers = response.headers
                raw = await _read(response, target)
                return _reply(response.status, response.headers, raw)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _as_judge_error(error, target, seconds) from error


class _Shared:
    """A loop's session and who uses it."""

    __slots__ = ("session", "users")

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.users: set[Wire] = set()


sessions: dict[asyncio.AbstractEventLoop, _Shared] = {}
"""Every open session, by its loop."""


async def _session_for(user: Wire) -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    shared = sessions.get(loop)
    if shared is None or shared.session.closed:
        await _forget_dead_loops()
        shared = sessions.get(loop)
    if shared is None or shared.session.closed:
        session = aiohttp.ClientSession(
            # Concurrency is bounded one storey up, per model; here a limit would only hide it.
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
        )
        shared = sessions[loop] = _Shared(session)
    shared.users.add(user)
    return shared.session


async def _forget_dead_loops() -> None:
    """A loop that ended without `aclose` (`asyncio.run` per call) took its connections with it."""
    for loop in [loop for loop in sessions if loop.is_closed()]:
        await _close(sessions.pop(loop).session, loop)


_parents: list[dict[asyncio.AbstractEventLoop, _Shared]] = []


def _leave_to_the_parent() -> None:
    """After a fork these are the parent's: to close or await anything of theirs here would disturb both."""
    _parents.append(dict(sessions))
    sessions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


async def close_session() -> None:
    """Close this loop's session, whoever uses it; the next call opens another."""
    shared = sessions.pop(asyncio.get_running_loop(), None)
    if shared is not None:
        await shared.session.close()


async def _close(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> None:
    if loop.is_closed() or loop is asyncio.get_running_loop():
        await session.close()
    else:
        # It lives in another thread, and only there its connections may be touched.
        asyncio.run_coroutine_threadsafe(session.close(), loop)


def _target(url: str) -> _Target:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SettingsError(
            f"O2_JUDGE_URL does not lead to an address of the form http(s)://HOST…: {url.partition('?')[0]!r}"
        )
    proxy = proxy_of(parsed)
    proxy_headers: dict[str, str] = {}
    if proxy is not None and proxy.user is not None:
        credentials = f"{proxy.user}:{proxy.password or ''}".encode()
        proxy_headers = {"Proxy-Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
        proxy = proxy.with_user(None)
    secure = parsed.scheme == "https" or (proxy is not None and proxy.scheme == "https")
    tls = _tls(*(os.environ.get(name) for name in _CA_VARIABLES)) if secure else True
    return _Target(parsed, str(parsed.origin()), tls, proxy, proxy_headers)


def proxy_of(url: URL) -> URL | None:
    """The proxy the environment names for this address (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`)."""
    address = getproxies().get(url.scheme)
    if not address or proxy_bypass(url.host or ""):
        return None
    return URL(address if "://" in address else f"http://{address}")


@lru_cache(maxsize=4)
def _tls(file: str | None, folder: str | None, bundle: str | None) -> ssl.SSLContext:
    """System trust plus what the environment adds; a path that is not there stops here, by its name."""
    for name, path in zip(_CA_VARIABLES, (file, folder, bundle), strict=True):
        if path and not Path(path).exists():
            raise SettingsError(f"{name}={path!r} does not exist; name a PEM file or unset it")
    # OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR.
    context = ssl.create_default_context()
    if bundle:
        try:
            if Path(bundle).is_dir():
                context.load_verify_locations(capath=bundle)
            else:
                context.load_verify_locations(cafile=bundle)
        except OSError as error:
            raise SettingsError(
                f"REQUESTS_CA_BUNDLE={bundle!r} holds no certificates in PEM form: {error}"
            ) from error
    return context


def to_json(body: object) -> bytes:
    """JSON bytes. Half surrogate pairs, which UTF-8 cannot carry, become question marks."""
    try:
        return _encode(body)
    except UnicodeEncodeError:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_decode)
        return text.encode("utf-8", "replace")


async def _read(response: aiohttp.ClientResponse, target: _Target) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            if response.status >= 400:  # noqa: PLR2004 - the border HTTP itself draws
                break
            raise JudgeModelError(
                "judge_answer_invalid",
                f"{target.shown} answered with more than {MAX_REPLY_BYTES // 2**20} MB; "
                "that is no judge model's answer: check O2_JUDGE_URL",
                status=response.status,
            )
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _reply(status: int, headers: Mapping[str, str], raw: bytes) -> WireReply:
    # DeepSeek keeps a waiting connection open with blank lines; some servers of Windows begin with a mark.
    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        return WireReply(status=status, headers=headers, body=_decode(text), is_json=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return WireReply(status=status, headers=headers, body=text.decode("utf-8", "replace"), is_json=False)


def _as_judge_error(error: Exception, target: _Target, seconds: float) -> JudgeModelError:
    """In plain words; built from the address only, so that no key can get in."""
    where = target.shown
    if target.proxy is not None:
        where += f" through the proxy {target.proxy.origin()}"
    retryable = True
    match error:
        case aiohttp.ConnectionTimeoutError() if seconds > CONNECT_SECONDS:
            message = (
                f"no connection to the judge at {where} within {CONNECT_SECONDS:.0f} s: "
                "check O2_JUDGE_URL, the network and the proxy settings"
            )
        case TimeoutError():
            return JudgeModelError(
                "judge_timeout",
                f"the judge at {where} did not answer within {seconds:.1f} s",
                retryable=True,
            )
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            retryable = False
            message = (
                f"no secure connection to {where} ({_tls_reason(error)}): for a certificate of a private "
                "authority name its PEM file in SSL_CERT_FILE; for a server without TLS put http:// "
                "in O2_JUDGE_URL"
            )
        case aiohttp.ClientHttpProxyError():
            message = f"HTTP {error.status} on the way to {where}: check HTTPS_PROXY and NO_PROXY"
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno or 0
            reason = os.strerror(number) if number > 0 else error.os_error.strerror or "name not known"
            message = (
                f"no connection to the judge at {where} ({reason}): "
                "check O2_JUDGE_URL and that the server runs"
            )
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | OSError():
            message = f"the judge at {where} closed the connection before its answer was complete"
        case _:
            retryable = False
            message = f"no valid HTTP answer from {where} ({type(error).__name__}): check O2_JUDGE_URL"
    return JudgeModelError("judge_unavailable", message, retryable=retryable)


def _tls_reason(error: aiohttp.ClientError) -> str:
    cause: object = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, ssl.SSLError):
        return cause.reason or "TLS failed"
    return "TLS failed"

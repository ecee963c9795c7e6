"""The server as one ASGI application.

Evaluations and probes are answered here in plain ASGI, because they are asked for thousands of times a
second or must answer right after the start. Everything else is a FastAPI application that is
imported and built when it is first asked for.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from spanjudge.errors import SpanjudgeError
from spanjudge.remote_scorer.problem import Answer, Problem
from spanjudge.remote_scorer.scorer import RemoteScorer
from spanjudge.server.access import Access
from spanjudge.server.auth import Scope as Right
from spanjudge.server.auth import Tokens
from spanjudge.server.errors import (
    elsewhere,
    forbidden,
    internal,
    not_allowed,
    not_found,
    respond,
    unauthorized,
)
from spanjudge.server.health import Health, ServerInfo
from spanjudge.server.limits import App, ClientGoneError, Limits, Receive, Scope, Send, read_body
from spanjudge.server.web import Web

if TYPE_CHECKING:
    from fastapi import APIRouter

access = logging.getLogger("spanjudge.access")

EVALUATE_METHODS = ("POST", "PUT", "PATCH")
EVALUATE_ALLOWED = "POST, PUT, PATCH, OPTIONS"
PROBE_ALLOWED = "GET, HEAD, OPTIONS"
Lifespan = Callable[[], AbstractAsyncContextManager[None]]


def build(  # the composition root hands over all there is
    scorer: RemoteScorer | None,
    tokens: Tokens,
    info: ServerInfo,
    limits: Limits,
    ready: Callable[[], str | None],
    *,
    routers: Sequence[Callable[[], "APIRouter"]] = (),
    access: Access | None = None,
    web: Web | None = None,
    receivers: Mapping[str, App] | None = None,
    lifespan: Lifespan | None = None,
    access_log: bool = False,
) -> App:
    """The ASGI application.

    Without a `scorer` it answers probes and receivers alone: everything else is for other processes.
    `ready` says why requests should not come here now, or nothing. `routers` build further pages of the
    FastAPI application when it is first needed. `access` guards those under `/api/v1`, `web` is the user
    interface. `receivers` are applications of their own by their path
    (`/v1/traces`): they check tokens and answer every error themselves. `lifespan` is entered before the
    first request and left after the last one. `access_log` writes one record a request to
    `spanjudge.access`, its facts as attributes: method, path, status, seconds – never headers or bodies.
    """
    return Server(
        scorer,
        tokens,
        info,
        limits,
        ready,
        routers,
        access,
        web,
        receivers or {},
        lifespan,
        access_log=access_log,
    )


class Server:
    """See `build`."""

    def __init__(  # noqa: PLR0917  # see `build`
        self,
        scorer: RemoteScorer | None,
        tokens: Tokens,
        info: ServerInfo,
        limits: Limits,
        ready: Callable[[], str | None],
        routers: Sequence[Callable[[], "APIRouter"]],
        access: Access | None,
        web: Web | None,
        receivers: Mapping[str, App],
        lifespan: Lifespan | None,
        *,
        access_log: bool,
    ) -> None:
        """See `build`."""
        self._scorer = scorer
        self._tokens = tokens
        self._limits = limits
        self._info = info
        self._routers = routers
        self._access = access
        self._web = web
        self._receivers = dict(receivers)
        self._lifespan = lifespan
        self._access_log = access_log
        self._pages: App | None = None
        self._pages_lock = asyncio.Lock()
        health = Health(info, ready)
        guarded, free = (health.health, True), (health.version, False)
        self._probes: dict[str, tuple[Callable[[], Answer], bool]] = {
            "/health": guarded,
            "/healthz": guarded,
            "/v1/health": guarded,
            "/ready": (health.ready, True),
            "/version": free,
            "/v1/version": free,
            "/livez": (health.livez, False),
            "/readyz": (health.readyz, False),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._live(receive, send)
        elif kind == "http":
            if self._access_log:
                await self._logged(scope, receive, send)
            else:
                await self._guarded(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "no websockets here"})

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and answer too when that fails."""
        try:
            await self._route(scope, receive, send)
        except ClientGoneError:
            return
        except Problem as problem:
            # A body that was not waited for cannot be told from the next request; so the connection ends.
            close = [(b"connection", b"close")] if problem.word == "REQUEST_TIMEOUT" else []
            await respond(send, problem.answer(), close, body=scope["method"] != "HEAD")
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            await respond(send, internal(error).answer(), body=scope["method"] != "HEAD")

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :] or "/"
        receiver = self._receivers.get(path.rstrip("/"))
        if receiver is not None:
            await receiver(scope, receive, send)
            return
        probe = self._probes.get(path.rstrip("/"))
        if probe is not None:
            await self._probe(scope, send, *probe)
            return
        scorer = self._scorer
        if scorer is None:
            raise elsewhere("serve pages and scores", "api")
        if path.startswith("/evaluate"):
            name = _scorer_name(scope, path, root)
            if name is not None:
                await self._evaluate(scorer, scope, receive, send, name)
                return
        elif path == "/weave/evaluate" or path.startswith("/weave/evaluate/"):
            name = path.removeprefix("/weave/evaluate").strip("/")
            await self._evaluate(scorer, scope, receive, send, name)
            return
        if self._web is not None and self._web.has(path, scope):
            await self._web(scope, path, send)
            return
        await self._page(scorer, scope, receive, send)

    async def _evaluate(
        self, scorer: RemoteScorer, scope: Scope, receive: Receive, send: Send, name: str
    ) -> None:
        method = scope["method"]
        if method not in EVALUATE_METHODS:
            await _refuse_method(send, method, EVALUATE_ALLOWED)
            return
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        self._check(raw, "score")
        headers = dict(raw)
        body = await read_body(receive, headers, self._limits)
        _check_type(headers.get(b"content-type", b""), body)
        key = headers.get(b"idempotency-key", b"").decode("latin-1")
        question = scorer.evaluate(body, scorer_name=name or None, idempotency_key=key or None)
        if scorer.keeps_results:
            answer = await question
        else:
            answer = await _while_connected(receive, question)
        await respond(send, answer)

    async def _probe(self, scope: Scope, send: Send, answer: Callable[[], Answer], guarded: bool) -> None:  # noqa: FBT001  # straight from the table of probes
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await _refuse_method(send, method, PROBE_ALLOWED)
            return
        if guarded:
            self._check(scope["headers"], "score")
        await respond(send, answer(), body=method != "HEAD")

    def _check(self, headers: list[tuple[bytes, bytes]], right: Right) -> None:
        """Raise `Problem` (UNAUTHORIZED, FORBIDDEN) unless a token of the headers may do this."""
        grant = self._tokens.grant(headers)
        if grant is None:
            raise unauthorized()
        if not grant.allows(right):
            raise forbidden(right)

    async def _page(self, scorer: RemoteScorer, scope: Scope, receive: Receive, send: Send) -> None:
        started = complete = False

        async def watched(message: Any) -> None:
            nonlocal started, complete
            started = True
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        pages = self._pages or await self._load_pages(scorer)
        try:
            await pages(scope, receive, watched)
        except Exception as error:
            if complete:
                return  # FastAPI answered, logged, and raised it again for others to see
            if started:
                internal(error)
                raise ClientGoneError from None  # too late for an answer: the connection ends
            raise

    async def _load_pages(self, scorer: RemoteScorer) -> App:
        """Import FastAPI in a thread, so that evaluations under way do not wait for it."""
        async with self._pages_lock:
            if self._pages is None:
                self._pages = await asyncio.to_thread(self._build_pages, scorer)
        return self._pages

    def _build_pages(self, scorer: RemoteScorer) -> App:
        from spanjudge.server.pages import pages  # noqa: PLC0415  # half a second nobody should wait for at start

        return pages(self._info, scorer.evaluators, [router() for router in self._routers], self._access)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._lifespan is None:
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        phase = "startup"
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except Exception as error:  # noqa: BLE001  # ASGI has a message for it
            # Our own messages hold no content; others might.
            why = str(error) if isinstance(error, SpanjudgeError) else type(error).__name__
            await send({"type": f"lifespan.{phase}.failed", "message": why})
            return
        await send({"type": "lifespan.shutdown.complete"})

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._guarded(scope, receive, watched)
        finally:
            access.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"][:200],
                    "status": status,
                    "seconds": round(time.perf_counter() - started, 6),
                },
            )


def _scorer_name(scope: Scope, path: str, root: str) -> str | None:
    """The scorer named in the path, "" for none there, `None` when the path is another one."""
    if path in ("/evaluate", "/evaluate/"):
        return ""
    if not path.startswith("/evaluate/"):
        return None
    # From the path as it was sent: a name may hold an escaped slash.
    raw: bytes | None = scope.get("raw_path")
    if raw is not None and b"%" in raw:
        sent = raw.decode("latin-1").removeprefix(root)
        path = sent if sent.startswith("/evaluate/") else path
    name = path.removeprefix("/evaluate/").removesuffix("/")
    if "/" in name:
        raise not_found()
    return unquote(name)


def _check_type(content_type: bytes, body: bytes) -> None:
    """Raise `Problem` (UNSUPPORTED_MEDIA_TYPE) for what is no JSON under any type."""
    if not content_type or b"json" in content_type:
        return
    kind = content_type.partition(b";")[0].strip().lower()
    if kind.startswith(b"text/") or kind == b"application/octet-stream":
        return
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b""):
        raise Problem(
            "UNSUPPORTED_MEDIA_TYPE",
            "The body is not JSON, and its Content-Type says so too: send a JSON object as application/json.",
        )


async def _while_connected(receive: Receive, question: Any) -> Answer:
    """The answer, unless the client leaves first: then the question is dropped.

    Raises `ClientGoneError`.
    """
    asked = asyncio.ensure_future(question)
    gone = asyncio.ensure_future(_disconnect(receive))
    try:
        await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise ClientGoneError
        return asked.result()
    finally:
        asked.cancel()
        gone.cancel()
        await asyncio.gather(asked, gone, return_exceptions=True)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse_method(send: Send, method: str, allowed: str) -> None:
    headers = [(b"allow", allowed.encode())]
    if method == "OPTIONS":
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await respond(send, not_allowed(allowed).answer(), headers, body=method != "HEAD")

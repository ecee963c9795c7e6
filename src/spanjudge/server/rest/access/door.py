"""The door of the REST API: who asks, and a body that can be read, before any route is tried.

A body is taken from those only who are known, within its size and time; it is JSON, without what no
database and no UTF-8 can carry.
"""

import json
import re
from typing import Any, NoReturn, cast

from spanjudge.remote_scorer.problem import Problem
from spanjudge.server.access import ENTRY, SAFE_METHODS, Access, Denied, same_origin
from spanjudge.server.errors import SECURITY_HEADERS
from spanjudge.server.limits import App, Limits, Message, Receive, Scope, Send, read_body
from spanjudge.server.rest.problems.problem import MEDIA_TYPE, ApiProblem, FieldError
from spanjudge.server.rest.problems.problems import problem_of

API = "/api/v1"
SESSION = f"{API}/session"
BODY_BYTES = 12_000_000
"""A prompt of ten megabytes still gets the answer that says which field is too long."""

DEEPEST = 100
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class RestDoor:
    """ASGI: lets requests under `/api/v1` in, and everything else past."""

    def __init__(self, app: App, access: Access, limits: Limits | None = None) -> None:
        """`limits` are those of a body."""
        self._app = app
        self._access = access
        self._limits = limits or Limits(body_bytes=BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path != API and not path.startswith(f"{API}/"):
            await self._app(scope, receive, send)
            return
        try:
            _check_path(scope, path)
            self._enter(scope, path)
            inner = await self._body(scope, receive) if scope["method"] not in SAFE_METHODS else receive
        except (Denied, ApiProblem, Problem) as refused:
            await _answer(send, problem_of(refused), body=scope["method"] != "HEAD")
            return
        renewal = self._access.renewal(scope)

        async def renewing(message: Message) -> None:
            if message["type"] == "http.response.start" and renewal is not None:
                names = {name for name, _ in message["headers"]}
                if b"set-cookie" not in names:
                    message["headers"] = [*message["headers"], (b"set-cookie", renewal.encode())]
            await send(message)

        await self._app(scope, inner, renewing if renewal is not None else send)

    def _enter(self, scope: Scope, path: str) -> None:
        method: str = scope["method"]
        if method == "OPTIONS":
            return
        if path.rstrip("/") == SESSION and method in ("POST", "DELETE"):
            # Who signs in has nothing yet; who signs out may have lost it.
            if not same_origin(scope["headers"]):
                raise Denied(403, "This request comes from a page of another origin.", "cross_origin")
            return
        scope[ENTRY] = self._access.enter(scope)

    async def _body(self, scope: Scope, receive: Receive) -> Receive:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = await read_body(receive, headers, self._limits)
        if body:
            _check_type(headers.get(b"content-type", b""))
            check(body)
            kept = [(name, value) for name, value in scope["headers"] if name not in _OF_PACKING]
            scope["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again


def _check_path(scope: Scope, path: str) -> None:
    """Raise `ApiProblem` for what no database can look for."""
    query: bytes = scope.get("query_string", b"")
    if "\0" in path or b"%00" in query:
        raise ApiProblem(422, "The address holds a NUL character: take it out.")


_OF_PACKING = frozenset({b"content-encoding", b"content-length"})


def check(body: bytes) -> None:
    """Raise `ApiProblem` for what is no JSON, or JSON that cannot be kept."""
    try:
        value: object = json.loads(body, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise ApiProblem(400, "The body is not UTF-8.", code="not_json") from None
    except json.JSONDecodeError as error:
        raise ApiProblem(
            400,
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            code="not_json",
        ) from None
    except ValueError as error:
        raise ApiProblem(400, f"The body is not JSON: {error}.", code="not_json") from None
    deep = body.count(b"[") + body.count(b"{") > DEEPEST
    if deep or _SUSPECT.search(body):
        _look_through(value)


def _look_through(value: object) -> None:
    waiting: list[tuple[str, int, object]] = [("", 0, value)]
    while waiting:
        path, depth, found = waiting.pop()
        if depth > DEEPEST:
            raise _too_deep()
        if isinstance(found, str):
            _check_text(path, found)
        elif isinstance(found, dict):
            for key, inner in cast("dict[str, object]", found).items():
                _check_text(path, key)
                waiting.append((f"{path}.{key}" if path else key, depth + 1, inner))
        elif isinstance(found, list):
            entries = cast("list[object]", found)
            waiting += [(f"{path}[{number}]", depth + 1, inner) for number, inner in enumerate(entries)]


def _check_text(path: str, text: str) -> None:
    if "\0" in text:
        words = "holds a NUL character, which cannot be kept: take it out"
    elif not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        words = "holds half of a character (a lone surrogate), which cannot be kept: take it out"
    else:
        return
    shown = path.removeprefix("definition.").encode("utf-8", "replace").decode().replace("\0", "?")
    told = f"{shown} {words}." if shown else f"The body {words}."
    raise ApiProblem(422, told, errors=[FieldError(shown, words)])


def _too_deep() -> ApiProblem:
    return ApiProblem(400, f"The body is nested deeper than {DEEPEST} levels: send it flatter.")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _check_type(content_type: bytes) -> None:
    kind = content_type.partition(b";")[0].strip().lower()
    if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
        raise ApiProblem(415, "Send the body as JSON, with “Content-Type: application/json”.")


async def _answer(send: Send, problem: ApiProblem, *, body: bool) -> None:
    text = problem.body()
    headers: list[tuple[bytes, Any]] = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(text)).encode()),
        *SECURITY_HEADERS,
        *((name.encode(), value.encode()) for name, value in problem.headers.items()),
    ]
    if problem.status == 408:  # noqa: PLR2004  # the status is its own name
        # A body that was not waited for cannot be told from the next request; so the connection ends.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": text if body else b""})

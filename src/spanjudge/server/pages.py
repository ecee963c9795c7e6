"""What is read by people and their tools: the OpenAPI document, its page, and whatever routers are added."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from spanjudge.errors import EvaluatorError, SettingsError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.ports import StoreError, UnknownEvaluatorError
from spanjudge.remote_scorer.problem import Answer, Problem, encode
from spanjudge.server import openapi, reference_page
from spanjudge.server.access import Access
from spanjudge.server.errors import SECURITY_HEADERS, internal, not_allowed, not_found, of_status
from spanjudge.server.health import ServerInfo
from spanjudge.server.limits import App, Receive, Scope, Send
from spanjudge.server.rest.access.door import API, RestDoor
from spanjudge.server.rest.document import document as rest_document
from spanjudge.server.rest.problems.problem import NOTHING_HERE, ApiProblem
from spanjudge.server.rest.problems.problems import problem_of, problem_response


def pages(
    info: ServerInfo,
    evaluators: Mapping[str, Evaluator],
    routers: Sequence[APIRouter],
    access: Access | None = None,
) -> App:
    """The application for every path that is not answered in plain ASGI.

    With `access`, nothing under `/api/v1` but signing in is answered for who is not known.
    """
    app = FastAPI(
        title="Spanjudge",
        version=info.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(GZipMiddleware, minimum_size=4096, compresslevel=3)
    for router in routers:
        app.include_router(router)

    @functools.cache  # the routes are the same as long as the server runs
    def document() -> dict[str, Any]:
        own = openapi.document(info.version, evaluators)
        added, schemas = rest_document.paths(app, info.version)
        own["paths"] |= added
        own["components"]["schemas"] |= schemas
        if access is not None:
            own["components"]["securitySchemes"] |= rest_document.schemes(access.sessions.cookie)
        return own

    async def openapi_json() -> Response:
        return Response(encode(document()), media_type="application/json")

    async def docs() -> HTMLResponse:
        page, policy = reference_page.page(document())
        return HTMLResponse(page, headers={"content-security-policy": policy})

    app.add_api_route("/openapi.json", openapi_json, include_in_schema=False)
    app.add_api_route("/docs", docs, include_in_schema=False)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Problem, _problem)
    for told in (ApiProblem, StoreError, UnknownEvaluatorError, SettingsError, EvaluatorError):
        app.add_exception_handler(told, _told)
    app.add_exception_handler(Exception, _unexpected)
    shaped = _Shaped(app)
    return RestDoor(shaped, access) if access is not None else shaped


class _Shaped:
    """FastAPI with HEAD and OPTIONS on every path and the security headers on every answer."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await self._options(scope, receive, send)
            return
        head = method == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def shaped(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in SECURITY_HEADERS if header[0] not in present),
                ]
            elif head:
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, shaped)

    async def _options(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = _allowed(self._app, scope)
        if not allowed:
            if not _is_api(scope):
                raise not_found()
            await problem_response(ApiProblem(404, NOTHING_HERE))(scope, receive, send)
            return
        headers = [(b"allow", allowed.encode()), *SECURITY_HEADERS]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _allowed(app: FastAPI, scope: Scope) -> str:
    """The methods that the path of a request takes; empty when it is no path of ours."""
    allowed: set[str] = set()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        asked = {**scope, "method": method}
        if any(route.matches(asked)[0].value == 2 for route in app.routes):  # noqa: PLR2004  # Match.FULL
            allowed.add(method)
    if not allowed:
        return ""
    return ", ".join(sorted(allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())))


def _is_api(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path == API or path.startswith(f"{API}/")


async def _told(request: Request, error: Exception) -> Response:
    del request
    return problem_response(problem_of(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # it is registered for nothing else
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004  # the status is its own name
        # The framework names the methods of one route alone.
        headers["Allow"] = _allowed(request.app, request.scope)
    if _is_api(request.scope):
        return problem_response(problem_of(HTTPException(error.status_code, error.detail, headers)))
    if error.status_code == 404:  # noqa: PLR2004  # the status is its own name
        return _response(not_found().answer())
    if error.status_code == 405:  # noqa: PLR2004  # the status is its own name
        return _response(not_allowed(headers["Allow"]).answer(), headers)
    return _response(of_status(error.status_code, str(error.detail)), headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # it is registered for nothing else
    if _is_api(request.scope):
        return problem_response(problem_of(error))
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    return _response(of_status(422, f"{where}: {first['msg']}"))


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  # it is registered for nothing else
    if _is_api(request.scope):
        return problem_response(problem_of(error))
    return _response(error.answer())


async def _unexpected(request: Request, error: Exception) -> Response:
    if _is_api(request.scope):
        return problem_response(problem_of(error))
    return _response(internal(error).answer())


def _response(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    return Response(answer.body, answer.status, headers, media_type="application/json")

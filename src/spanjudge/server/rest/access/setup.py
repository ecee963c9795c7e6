"""`/api/v1/setup`: what snippets are made of, and files that are ready for other platforms."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from spanjudge.errors import SettingsError
from spanjudge.remote_scorer.export import PLACEHOLDER, archive, openobserve_files
from spanjudge.server.access import by_https
from spanjudge.server.auth import Grant
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.shapes.session import Setup
from spanjudge.server.rest.shapes.times import instant

ZIP = "application/zip"
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>\d{1,5}))?")
_FILE = {"content-disposition": 'attachment; filename="spanjudge-openobserve.zip"'}
_ZIP_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A ZIP with `openobserve/score-configs/NAME.json` and `openobserve/scorers/NAME.json`",
        "content": {ZIP: {"schema": {"type": "string", "contentMediaType": ZIP}}},
    }
}


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1/setup", tags=["Setup"])
    access = parts.access

    @own.get("", summary="What snippets are made of", dependencies=[Depends(access.require("read"))])
    async def setup(request: Request) -> Setup:
        """Addresses of the server as the client sees them, its judge, and whether spans have come."""
        newest = await parts.queries.newest_span()
        model = parts.judges["default"].model
        grpc_port = parts.facts.grpc_port()
        host, port = _host(request)
        scheme = "https" if by_https(request.scope) else "http"
        return Setup(
            http=f"{scheme}://{host}{f':{port}' if port else ''}",
            grpc=None if grpc_port is None else f"{host}:{grpc_port}",
            version=parts.facts.version,
            judge=f"{model.provider} {model.model}".strip(),
            scorers=sorted(parts.scorers),
            received=0 if newest is None else newest.count,
            last_service="" if newest is None else newest.service,
            last_received=None if newest is None else instant(newest.received_ns),
        )

    @own.get(
        "/openobserve",
        summary="Files for OpenObserve",
        response_class=Response,
        responses=_ZIP_ANSWER,
        dependencies=[Depends(access.require("read"))],
    )
    async def openobserve(request: Request) -> Response:
        """A score configuration and a remote scorer for each evaluator of the Remote Scorer, to import there.

        Where the scorers need a token, the files say `PUT-A-TOKEN-OF-SPANJUDGE-HERE`.
        """
        return Response(_archive(parts, request, PLACEHOLDER), media_type=ZIP, headers=_FILE)

    @own.post(
        "/openobserve",
        summary="Files for OpenObserve, with a token",
        response_class=Response,
        responses=_ZIP_ANSWER,
    )
    async def openobserve_ready(
        request: Request, _: Annotated[Grant, Depends(access.require("admin"))]
    ) -> Response:
        """The same files with a new token in them, which has the scope `score` alone."""
        if access.issued is None:
            raise ApiProblem(
                503, "This server keeps no tokens: they stand in its settings.", code="tokens_file"
            )
        try:
            token, _ = await access.issued.make(("score",), now_ns=parts.now(), name="OpenObserve")
        except SettingsError as error:
            raise ApiProblem(503, str(error), code="tokens_file") from None
        await access.reload()
        return Response(_archive(parts, request, token), media_type=ZIP, headers=_FILE)

    return own


def _archive(parts: Parts, request: Request, token: str) -> bytes:
    host, port = _host(request)
    scheme = "https" if by_https(request.scope) else "http"
    endpoint = f"{scheme}://{host}{f':{port}' if port else ''}/evaluate"
    return archive(openobserve_files(parts.scorers, endpoint, token))


def _host(request: Request) -> tuple[str, str]:
    """Host and port as the client wrote them, if they are such; the port is empty for the usual one."""
    for name in ("x-forwarded-host", "host"):
        found = _HOST.fullmatch(request.headers.get(name, "").strip())
        if found is not None:
            return found["name"], found["port"] or ""
    server: tuple[str, int] = request.scope.get("server") or ("localhost", 80)
    host = f"[{server[0]}]" if ":" in server[0] else server[0]
    return host, str(server[1])

"""`/api/v1/session`: sign in with a token, see who is signed in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from spanjudge.server.access import ENTRY, Entry, by_https
from spanjudge.server.attempts import Attempts, address_of
from spanjudge.server.auth import Grant
from spanjudge.server.rest.access.guard import Known
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes.session import Session, SignIn
from spanjudge.server.rest.shapes.times import instant

NEEDED = "read"
"""What a token must allow to be of any use to the pages."""


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(prefix="/api/v1", tags=["Access"])
    access, version = parts.access, parts.facts.version
    attempts = Attempts()

    @own.post(
        "/session",
        summary="Sign in",
        responses={
            401: {"description": "The token is unknown, or has expired or been revoked"},
            429: {"description": "Too many wrong tokens; see `Retry-After`"},
        },
    )
    async def sign_in(body: SignIn, request: Request, response: Response) -> Session:
        """Exchange a token for a session's cookie, which lasts for 7 days without use and 30 in all.

        The token must have the scope `read` or `admin`. Unsafe requests with the cookie need the header
        `X-Spanjudge-CSRF`, with any value.
        """
        address = address_of(request.scope)
        wait = attempts.wait(address)
        if wait > 0:
            raise ApiProblem(
                429, f"Too many wrong tokens: try again in {wait:.0f} s.", code="too_many", retry_after=wait
            )
        grant = access.tokens.known(body.token)
        if grant is None:
            attempts.failed(address)
            words = "is unknown, or has expired or been revoked"
            raise ApiProblem(
                401, f"The token {words}.", code="token_unknown", errors=[FieldError("token", words)]
            )
        if not grant.allows(NEEDED):
            words = f"lacks the scope “{NEEDED}”, without which there is nothing to see"
            raise ApiProblem(
                403, f"The token {words}.", code="scope_missing", errors=[FieldError("token", words)]
            )
        session = access.sessions.begin(grant)
        response.headers["set-cookie"] = access.cookie(session, secure=by_https(request.scope))
        return _shape(Entry(grant, session), version)

    @own.get("/session", summary="Who is signed in")
    async def session(request: Request, grant: Annotated[Grant, Depends(Known(access))]) -> Session:
        """What the token or the cookie allows, and until when."""
        entry: Entry | None = request.scope.get(ENTRY)
        return _shape(entry or Entry(grant), version)

    @own.delete("/session", summary="Sign out", status_code=204)
    async def sign_out(request: Request) -> Response:
        """Take the cookie back, whether it still holds or not."""
        gone = access.no_cookie(secure=by_https(request.scope))
        return Response(status_code=204, headers={"set-cookie": gone})

    return own


def _shape(entry: Entry, version: str) -> Session:
    grant, session = entry.grant, entry.session
    ends = grant.expires_ns if session is None else session.expires * 1_000_000_000
    return Session(
        scopes=grant.every_scope(),
        name=grant.name,
        expires=None if ends is None else instant(ends),
        version=version,
        by="token" if session is None else "cookie",
    )

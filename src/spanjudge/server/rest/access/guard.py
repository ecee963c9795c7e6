"""The guard of a route: which scope it needs, for the request and for the OpenAPI document."""

from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from spanjudge.server.access import ENTRY, Access, Denied, Entry
from spanjudge.server.auth import Grant, Scope
from spanjudge.server.rest.problems.problem import ApiProblem

KNOWN = "known"
"""Stands for a scope where every token will do."""


class Requires(SecurityBase):
    """A FastAPI dependency that gives the `Grant` of who asks. `scope` is what it must allow."""

    def __init__(self, access: Access, scope: Scope) -> None:
        """See `Access.require`."""
        self._access = access
        self.scope: Scope = scope
        # What FastAPI writes into its document; `document.py` reads it there.
        self.model = HTTPBase(scheme="bearer")
        self.scheme_name: str = scope

    async def __call__(self, request: Request) -> Grant:
        """Raises `ApiProblem` 401 and 403."""
        entry = _entry(self._access, request)
        if not entry.grant.allows(self.scope):
            raise ApiProblem(
                403,
                f"This token lacks the scope “{self.scope}”: use one that has it "
                f"(spanjudge tokens new --scope {self.scope}).",
                code="scope_missing",
                extra={"scope": self.scope},
            )
        return entry.grant


class Known(SecurityBase):
    """A FastAPI dependency that gives the `Grant` of who asks, whatever it allows."""

    def __init__(self, access: Access) -> None:
        """For what everybody may know who is known."""
        self._access = access
        self.model = HTTPBase(scheme="bearer")
        self.scheme_name = KNOWN

    async def __call__(self, request: Request) -> Grant:
        """Raises `ApiProblem` 401."""
        return _entry(self._access, request).grant


def _entry(access: Access, request: Request) -> Entry:
    entry: Entry | None = request.scope.get(ENTRY)
    try:
        return entry or access.enter(request.scope)
    except Denied as denied:
        raise ApiProblem(denied.status, denied.detail, code=denied.code) from None

"""`/api/v1/tokens`: tokens with scopes, of which only hashes are kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from spanjudge.errors import SettingsError
from spanjudge.server.access import Access
from spanjudge.server.auth import SCOPES, Grant, Scope
from spanjudge.server.issued_tokens import IssuedTokens
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.shapes.session import MadeToken, NewToken, TokenList, TokenRow
from spanjudge.server.rest.shapes.times import instant

_DAY_NS = 86_400 * 1_000_000_000


def router(parts: Parts) -> APIRouter:
    """The routes."""
    access = parts.access
    own = APIRouter(prefix="/api/v1/tokens", tags=["Access"], dependencies=[Depends(access.require("admin"))])

    @own.get("", summary="The tokens")
    async def listing() -> TokenList:
        """Those that were issued, oldest first. What the settings hold is counted only."""
        file = access.issued.file if access.issued is not None and parts.facts.shared_store else None
        return TokenList(
            items=[_row(grant) for grant in access.tokens.issued],
            from_settings=access.tokens.from_settings,
            only_in=None if file is None else str(file),
        )

    @own.post("", summary="Make a token", status_code=201)
    async def make(body: NewToken) -> MadeToken:
        """Make a token; it is shown in this answer and never again."""
        now = parts.now()
        ends = None if body.expires_days is None else now + body.expires_days * _DAY_NS
        scopes: list[Scope] = [scope for scope in SCOPES if scope in body.scopes]
        try:
            token, grant = await _issued(access).make(scopes, now_ns=now, name=body.name, expires_ns=ends)
        except SettingsError as error:
            raise ApiProblem(503, str(error), code="tokens_file") from None
        await access.reload()
        return MadeToken(token=token, row=_row(grant))

    @own.delete("/{token_id}", summary="Revoke a token", status_code=204)
    async def revoke(
        token_id: Annotated[
            str, Path(max_length=64, description="Its `id` in the list.", examples=["3f9a2c1b"])
        ],
    ) -> None:
        """End a token, and with it the sessions begun with it; other processes follow in seconds."""
        try:
            found = await _issued(access).revoke(token_id)
        except SettingsError as error:
            raise ApiProblem(503, str(error), code="tokens_file") from None
        if not found:
            raise ApiProblem(404, "There is no issued token of this id: see the list.", code="unknown_token")
        await access.reload()

    return own


def _issued(access: Access) -> IssuedTokens:
    if access.issued is None:
        raise ApiProblem(503, "This server keeps no tokens: they stand in its settings.", code="tokens_file")
    return access.issued


def _row(grant: Grant) -> TokenRow:
    return TokenRow(
        id=grant.id,
        name=grant.name,
        scopes=[scope for scope in SCOPES if scope in grant.scopes],
        created=instant(grant.created_ns),
        expires=None if grant.expires_ns is None else instant(grant.expires_ns),
    )

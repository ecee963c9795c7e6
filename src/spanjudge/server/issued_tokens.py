"""Tokens that were issued, of which only hashes are kept: in a file, or in the store for all processes on it.

A token is 256 random bits, so a plain SHA-256 of it tells nothing that could be tried out.
"""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from spanjudge.pipeline.coordination import KeptToken, KeptTokens
from spanjudge.server.auth import SCOPES, Grant, Scope

PREFIX = "spj_"
"""Every token made here begins so: people and secret scanners know it by that."""

LONGEST_NAME = 100


class IssuedTokens(Protocol):
    """Where hashes of tokens are kept. Raises `SettingsError` or `StoreError` when that cannot be done."""

    @property
    def place(self) -> str:
        """Where that is, in words."""
        ...

    @property
    def file(self) -> Path | None:
        """The file, if it is one: who cannot read it does not know the tokens."""
        ...

    def state(self) -> object | None:
        """Changes when the tokens do; nothing when only reading them tells."""
        ...

    async def read(self) -> list[Grant]:
        """The tokens, expired ones too."""
        ...

    async def make(
        self, scopes: Sequence[Scope], *, now_ns: int, name: str = "", expires_ns: int | None = None
    ) -> tuple[str, Grant]:
        """A new token, and what is kept of it."""
        ...

    async def revoke(self, token_id: str) -> bool:
        """Take a token away; whether there was one of this id."""
        ...


class StoredTokens:
    """`IssuedTokens` in the store: every process on it knows them."""

    place = "the database"
    file: Path | None = None

    def __init__(self, kept: KeptTokens) -> None:
        """Nothing is read yet."""
        self._kept = kept

    def state(self) -> object | None:
        """Nothing: others change them."""
        return None

    async def read(self) -> list[Grant]:
        """The tokens, expired ones too. Raises `StoreError`."""
        return [_grant_of(token) for token in await self._kept.tokens()]

    async def make(
        self, scopes: Sequence[Scope], *, now_ns: int, name: str = "", expires_ns: int | None = None
    ) -> tuple[str, Grant]:
        """A new token; its hash is stored. Raises `StoreError`."""
        token, grant = new_token(scopes, now_ns=now_ns, name=name, expires_ns=expires_ns)
        await self.take(grant)
        return token, grant

    async def take(self, grant: Grant) -> None:
        """Keep one that was made elsewhere; one of its id that is there stays. Raises `StoreError`."""
        await self._kept.keep_token(
            KeptToken(
                id=grant.id,
                digest=grant.digest,
                scopes=",".join(scope for scope in SCOPES if scope in grant.scopes),
                name=grant.name,
                created_ns=grant.created_ns,
                expires_ns=grant.expires_ns,
            )
        )

    async def revoke(self, token_id: str) -> bool:
        """Take a token away; whether there was one of this id. Raises `StoreError`."""
        return await self._kept.drop_token(token_id)


def new_token(
    scopes: Sequence[Scope], *, now_ns: int, name: str = "", expires_ns: int | None = None
) -> tuple[str, Grant]:
    """A token, and what is to be kept of it. Times are told in whole seconds."""
    token = PREFIX + secrets.token_urlsafe(32)
    return token, Grant(
        id=secrets.token_hex(4),
        digest=hashlib.sha256(token.encode()).digest(),
        scopes=frozenset(scopes),
        name=" ".join(name.replace("\0", " ").encode("utf-8", "replace").decode().split())[:LONGEST_NAME],
        created_ns=_whole_seconds(now_ns),
        expires_ns=None if expires_ns is None else _whole_seconds(expires_ns),
        issued=True,
    )


def _grant_of(token: KeptToken) -> Grant:
    # A scope that a newer version wrote allows nothing here.
    scopes = token.scopes.split(",")
    return Grant(
        id=token.id,
        digest=token.digest,
        scopes=frozenset(scope for scope in SCOPES if scope in scopes),
        name=token.name,
        created_ns=token.created_ns,
        expires_ns=token.expires_ns,
        issued=True,
    )


def _whole_seconds(ns: int) -> int:
    return ns // 1_000_000_000 * 1_000_000_000

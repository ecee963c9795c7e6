"""Tokens that were made, for commands: in a file, or in the store that several machines share."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

from spanjudge.server.file_tokens import FileTokens
from spanjudge.server.issued_tokens import IssuedTokens, StoredTokens
from spanjudge.store.store import open_store


@contextlib.asynccontextmanager
async def open_issued(file: Path | None, database_url: str) -> AsyncGenerator[IssuedTokens]:
    """In the file, or in the store where there is none: for a command, which has no store open.

    Raises `StoreError`.
    """
    if file is not None:
        yield FileTokens(file)
        return
    async with _stored(database_url) as stored:
        yield stored


async def carry_over(file: Path | None, database_url: str) -> int:
    """Store the tokens of a file too; how many there are. Raises `StoreError` and `SettingsError`."""
    grants = await FileTokens(file).read() if file is not None else []
    if grants:
        async with _stored(database_url) as stored:
            for grant in grants:
                await stored.take(grant)
    return len(grants)


@contextlib.asynccontextmanager
async def _stored(database_url: str) -> AsyncGenerator[StoredTokens]:
    store = await open_store(database_url)
    try:
        yield StoredTokens(store.coordination)
    finally:
        await store.aclose()

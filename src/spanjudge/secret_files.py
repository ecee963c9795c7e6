"""Secrets that live in files: the key behind the fences, and tokens that change while the server runs."""

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from spanjudge.errors import SettingsError
from spanjudge.pipeline.ports import StoreError
from spanjudge.server.auth import Grant, Tokens
from spanjudge.server.issued_tokens import IssuedTokens

logger = logging.getLogger("spanjudge.secrets")

SECRET_BYTES = 32

_State = tuple[int, int, int] | None
"""When, where and how large a file is; nothing for none."""


def fence_key(secret: str | None, folder: Path, *, must_keep: bool) -> bytes:
    """The key of the fences: from the setting, or kept in the data folder so that it survives a restart.

    A folder that cannot be written is a `SettingsError` with `must_keep`; otherwise the key lasts as long
    as the process, and the log says so.
    """
    if secret is not None:
        return hashlib.sha256(secret.encode()).digest()
    file = folder / "secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _kept(file)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if must_keep:
            raise SettingsError(
                f"SPANJUDGE_DATA_DIR={str(folder)!r}: {file} cannot be kept there ({reason}); give a folder "
                "this process may write"
            ) from None
        logger.warning(
            "the fence key cannot be kept and lasts for this process only; set SPANJUDGE_DATA_DIR or "
            "SPANJUDGE_SECRET",
            extra={"file": str(file), "reason": reason},
        )
        return secrets.token_bytes(SECRET_BYTES)


def _kept(file: Path) -> bytes:
    """Read the key, or make it: whole or not at all, by whichever process comes first."""
    if not file.exists():
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".secret")  # readable by its owner only
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as draft:
                draft.write(secrets.token_hex(SECRET_BYTES))
            with contextlib.suppress(FileExistsError):
                os.link(name, file)
        finally:
            Path(name).unlink()
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != SECRET_BYTES:
        raise SettingsError(
            f"{file} does not hold the key that was written there: delete it, and a new one is made"
        )
    return key


class TokenFile:
    """The tokens of a file and those issued on top of the environment's, read again when they change.

    The file holds tokens that may do everything, one a line; of those `issued` there are hashes with scopes.
    """

    def __init__(
        self,
        path: Path | None,
        fixed: tuple[str, ...],
        issued: IssuedTokens | None = None,
        *,
        grants: Sequence[Grant] = (),
    ) -> None:
        """`grants` are what `issued` holds: see `open_tokens`.

        Raises `SettingsError` when the file cannot be read or there is no token at all.
        """
        self._path = path
        self._fixed = fixed
        self.issued = issued
        self._seen = _state(path)
        self._issued_seen: object | None = None
        self._trouble = ""
        self._reading = asyncio.Lock()
        try:
            self.tokens = Tokens(self._all(), grants)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = "it holds no token" if type(error) is ValueError else "it cannot be read"
            raise SettingsError(
                f"SPANJUDGE_AUTH_TOKENS_FILE={str(path)!r}: {reason}; one token a line"
            ) from None

    async def look(self) -> None:
        """Take over what has changed; what is wrong with it changes nothing and is logged."""
        if _state(self._path) != self._seen:
            self._reload_file()
        await self._follow(anyway=False)

    async def reload(self) -> None:
        """Read everything again."""
        if self._path is None and self.issued is None:
            logger.info("no token file is set: SPANJUDGE_AUTH_TOKENS_FILE names one")
            return
        self._reload_file()
        await self._follow(anyway=True)

    def _reload_file(self) -> None:
        if self._path is None:
            return
        self._seen = _state(self._path)
        try:
            self.tokens.replace(self._all())
        except (OSError, UnicodeDecodeError, ValueError) as error:
            _not_used(str(self._path), "no token in it" if type(error) is ValueError else "cannot be read")
        else:
            logger.info("tokens read again", extra={"tokens": len(self.tokens.live())})

    async def _follow(self, *, anyway: bool) -> None:
        issued = self.issued
        if issued is None:
            return
        # Whoever made a token reads behind what was being read before it.
        async with self._reading:
            state = issued.state()
            if state is not None and state == self._issued_seen and not anyway:
                return
            try:
                grants = await issued.read()
            except (SettingsError, StoreError) as error:
                if str(error) != self._trouble:
                    _not_used(issued.place, str(error))
                self._trouble = str(error)
                return
            finally:
                self._issued_seen = state
            self._trouble = ""
            if tuple(grants) != self.tokens.issued:
                self.tokens.issue(grants)
                logger.info("tokens read again", extra={"tokens": len(self.tokens.live())})

    def _all(self) -> tuple[str, ...]:
        lines = self._path.read_text(encoding="utf-8-sig").splitlines() if self._path is not None else []
        inside = (line.partition("#")[0].strip() for line in lines)
        return (*self._fixed, *(token for token in inside if token))


async def open_tokens(
    path: Path | None, fixed: tuple[str, ...], issued: IssuedTokens | None = None
) -> TokenFile:
    """With what is issued now. Raises `SettingsError` as `TokenFile`, and what reading `issued` raises."""
    return TokenFile(path, fixed, issued, grants=await issued.read() if issued is not None else ())


def _not_used(place: str, reason: str) -> None:
    logger.warning(
        "tokens could not be read again, those before stay good",
        extra={"place": place, "reason": reason},
    )


def _state(path: Path | None) -> _State:
    if path is None:
        return None
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_ino, state.st_size)

"""Secrets that live in files: the key behind the fences, and tokens that change while the server runs."""

import contextlib
import hashlib
import logging
import os
import secrets
import tempfile
from pathlib import Path

from spanjudge.errors import SettingsError
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
    """The tokens of two files on top of those of the environment, read again when a file changes.

    One holds tokens that may do everything, one a line; the other, `issued`, hashes of tokens with scopes.
    """

    def __init__(self, path: Path | None, fixed: tuple[str, ...], issued: IssuedTokens | None = None) -> None:
        """Raises `SettingsError` when a file cannot be read or there is no token at all."""
        self._path = path
        self._fixed = fixed
        self.issued = issued
        self._seen = self._states()
        grants = _read_issued(issued)
        try:
            self.tokens = Tokens(self._all(), grants)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = "it holds no token" if type(error) is ValueError else "it cannot be read"
            raise SettingsError(
                f"SPANJUDGE_AUTH_TOKENS_FILE={str(path)!r}: {reason}; one token a line"
            ) from None

    def look(self) -> None:
        """Read the files again if one has changed; what is wrong with it changes nothing and is logged."""
        if self._states() != self._seen:
            self.reload()

    def reload(self) -> None:
        """Read the files again."""
        if self._path is None and self.issued is None:
            logger.info("no token file is set: SPANJUDGE_AUTH_TOKENS_FILE names one")
            return
        self._seen = self._states()
        taken = self._reload_issued()
        if self._path is not None:
            taken = self._reload_plain(self._path) and taken
        if taken:
            logger.info("tokens read again", extra={"tokens": len(self.tokens.live())})

    def _reload_plain(self, path: Path) -> bool:
        try:
            self.tokens.replace(self._all())
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = "no token in it" if type(error) is ValueError else "cannot be read"
            _not_used(path, reason)
            return False
        return True

    def _reload_issued(self) -> bool:
        if self.issued is None:
            return True
        try:
            self.tokens.issue(_read_issued(self.issued))
        except SettingsError as error:
            _not_used(self.issued.path, str(error))
            return False
        return True

    def _states(self) -> tuple[_State, _State]:
        return _state(self._path), _state(self.issued.path if self.issued else None)

    def _all(self) -> tuple[str, ...]:
        lines = self._path.read_text(encoding="utf-8-sig").splitlines() if self._path is not None else []
        inside = (line.partition("#")[0].strip() for line in lines)
        return (*self._fixed, *(token for token in inside if token))


def _read_issued(issued: IssuedTokens | None) -> list[Grant]:
    if issued is None:
        return []
    try:
        return issued.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(
            f"SPANJUDGE_TOKENS_FILE={str(issued.path)!r}: it cannot be read ({reason})"
        ) from None


def _not_used(path: Path, reason: str) -> None:
    logger.warning(
        "the token file is not used, the tokens before it stay good",
        extra={"file": str(path), "reason": reason},
    )


def _state(path: Path | None) -> _State:
    if path is None:
        return None
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_ino, state.st_size)

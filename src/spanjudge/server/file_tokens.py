"""The file of tokens that were issued: one line a token, with its hash, its scopes and its end.

ID HASH SCOPES CREATED EXPIRES NAME
"""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from spanjudge.errors import SettingsError
from spanjudge.server.auth import SCOPES, Grant, Scope
from spanjudge.server.issued_tokens import new_token

HEADER = (
    "# Tokens of Spanjudge, written by `spanjudge tokens`. Only hashes: a token was shown when it was made.\n"
)
_NO_END = "-"
_ID = re.compile(r"[0-9a-z-]{4,40}")


class FileTokens:
    """`IssuedTokens` in a file; whole or not at all, whoever writes it. One that is not there holds none."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self.path = path

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def file(self) -> Path | None:
        """The file."""
        return self.path

    def state(self) -> object | None:
        """When it was written, where and how large it is."""
        try:
            state = self.path.stat()
        except OSError:
            return ()
        return (state.st_mtime_ns, state.st_ino, state.st_size)

    async def read(self) -> list[Grant]:
        """The tokens, expired ones too. Raises `SettingsError` for a file that is none, or cannot be read."""
        try:
            return await asyncio.to_thread(self._read)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError(
                f"SPANJUDGE_TOKENS_FILE={self.place!r}: it cannot be read ({reason})"
            ) from None

    async def make(
        self, scopes: Sequence[Scope], *, now_ns: int, name: str = "", expires_ns: int | None = None
    ) -> tuple[str, Grant]:
        """A new token and its line, which is kept; the token itself is not.

        Raises `SettingsError` when the file cannot be written.
        """
        token, grant = new_token(scopes, now_ns=now_ns, name=name, expires_ns=expires_ns)
        await asyncio.to_thread(self._change, lambda grants: [*grants, grant])
        return token, grant

    async def revoke(self, token_id: str) -> bool:
        """Take a token away; whether there was one of this id. Raises `SettingsError` as `make`."""
        return await asyncio.to_thread(
            self._change, lambda grants: [grant for grant in grants if grant.id != token_id]
        )

    def _read(self) -> list[Grant]:
        try:
            lines = self.path.read_text(encoding="utf-8-sig").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except UnicodeDecodeError:
            raise SettingsError(
                f"{self.path}: this is no file of tokens: `spanjudge tokens` writes it"
            ) from None
        return [
            self._grant(line, number)
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]

    def _change(self, change: Callable[[list[Grant]], list[Grant]]) -> bool:
        """Write what comes of the tokens; whether that is something else."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path.with_name(f"{self.path.name}.lock")):
                before = self._read()
                grants = change(before)
                if grants != before:
                    self._write(grants)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError(
                f"{self.path}: tokens cannot be kept there ({reason}); SPANJUDGE_TOKENS_FILE names a file "
                "this process may write"
            ) from None
        return grants != before

    def _write(self, grants: Sequence[Grant]) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".tokens")  # for its owner only
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as draft:
                draft.write(HEADER + "".join(f"{_line(grant)}\n" for grant in grants))
                draft.flush()
                os.fsync(draft.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _grant(self, line: str, number: int) -> Grant:
        fields = line.split(maxsplit=5)
        try:
            token_id, digest, scopes, created, expires = fields[:5]
            known: frozenset[Scope] = frozenset(scope for scope in SCOPES if scope in scopes.split(","))
            good = (
                _ID.fullmatch(token_id)
                and digest.startswith("sha256:")
                and len(digest) == len("sha256:") + 64
            )
            if not good or len(known) != len(set(scopes.split(","))):
                raise ValueError  # noqa: TRY301  # every way in which a line is wrong is told below
            return Grant(
                id=token_id,
                digest=bytes.fromhex(digest.removeprefix("sha256:")),
                scopes=known,
                name=fields[5].strip() if len(fields) > 5 else "",  # noqa: PLR2004  # the name comes last
                created_ns=_ns(created),
                expires_ns=None if expires == _NO_END else _ns(expires),
                issued=True,
            )
        except ValueError:
            raise SettingsError(
                f"{self.path}:{number}: expected ID sha256:HASH SCOPES CREATED EXPIRES NAME, as "
                "`spanjudge tokens new` writes it; mend the line or take it out"
            ) from None


def _line(grant: Grant) -> str:
    scopes = ",".join(scope for scope in SCOPES if scope in grant.scopes)
    expires = _NO_END if grant.expires_ns is None else _instant(grant.expires_ns)
    digest = f"sha256:{grant.digest.hex()}"
    return f"{grant.id} {digest} {scopes} {_instant(grant.created_ns)} {expires} {grant.name}".rstrip()


def _instant(ns: int) -> str:
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ns(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return int(moment.timestamp()) * 1_000_000_000


@contextlib.contextmanager
def _locked(file: Path) -> Generator[None]:
    """One writer at a time, over processes; where the system has no such lock, the last one wins."""
    try:
        import fcntl  # noqa: PLC0415  # there is none on Windows
    except ImportError:
        yield
        return
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

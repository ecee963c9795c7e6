"""The folder of model files: what is there and whole, who may write, and whether there is room."""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.judging.models.embedded.catalogue import KnownModel

if os.name == "nt":
    import msvcrt
else:
    import fcntl

_MARGIN = 64 * 1024 * 1024
_LOCK_POLL_SECONDS = 0.25


class FetchError(SpanjudgeError):
    """A model file could not be had; the message says what was tried, why it failed, and what to do."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        """`retryable`: the same may work later without anybody's doing."""
        super().__init__(message)
        self.retryable = retryable


class _Verified(msgspec.Struct, frozen=True):
    size: int
    mtime_ns: int
    sha256: str


class ModelFolder:
    """One folder of model files, one of them wanted."""

    def __init__(self, folder: Path, model: KnownModel) -> None:
        """The folder need not exist yet."""
        self.folder = folder
        self.model = model
        self.file = folder / model.file
        self._marker = folder / f"{model.file}.verified"

    def part(self, way: str) -> Path:
        """The unfinished file of one way; it survives an interruption."""
        return self.folder / f"{self.model.file}.{way}.part"

    async def whole(self) -> bool:
        """Whether the file is there with the right sum; it is read again only when it has changed."""
        state = _state(self.file)
        if state is None or state.st_size != self.model.size:
            return False
        now = _Verified(state.st_size, state.st_mtime_ns, self.model.sha256)
        if self._marked() == now:
            return True
        if await asyncio.to_thread(sha256, self.file) != self.model.sha256:
            return False
        self._mark(now)
        return True

    async def accept(self, part: Path) -> str | None:
        """Check an unfinished file's sum and give it its name; else remove it and say what is wrong."""
        return await asyncio.to_thread(self._accept, part)

    def _accept(self, part: Path) -> str | None:
        size = part.stat().st_size
        if size != self.model.size:
            part.unlink()
            return f"the file has {size:,} bytes instead of {self.model.size:,}"
        found = sha256(part)
        if found != self.model.sha256:
            part.unlink()
            expected = self.model.sha256
            return f"the file's SHA-256 is {found[:12]}… instead of {expected[:12]}…; it was thrown away"
        part.replace(self.file)
        state = self.file.stat()
        self._mark(_Verified(state.st_size, state.st_mtime_ns, self.model.sha256))
        return None

    def _marked(self) -> _Verified | None:
        try:
            return msgspec.json.decode(self._marker.read_bytes(), type=_Verified)
        except (OSError, msgspec.DecodeError):
            return None

    def _mark(self, verified: _Verified) -> None:
        # A read-only folder only costs another look at the next start.
        with contextlib.suppress(OSError):
            self._marker.write_bytes(msgspec.json.encode(verified))

    def prepare(self) -> None:
        """Make the folder, or say why it cannot be used."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FetchError(
                f"the folder {self.folder} for the model file cannot be made ({error.strerror}); "
                "SPANJUDGE_DATA_DIR names another"
            ) from error
        if not os.access(self.folder, os.W_OK):
            raise FetchError(
                f"the folder {self.folder} for the model file cannot be written; "
                "SPANJUDGE_DATA_DIR names another"
            )

    def need_room(self, size: int) -> None:
        """Raise `FetchError` when `size` more bytes do not fit on the disk."""
        free = shutil.disk_usage(self.folder).free
        if free < size + _MARGIN:
            raise FetchError(
                f"not enough disk space in {self.folder}: {_gigabytes(size + _MARGIN)} are needed and "
                f"{_gigabytes(free)} are free; make room, or name another folder with SPANJUDGE_DATA_DIR"
            )

    @asynccontextmanager
    async def locked(self, waiting: Callable[[], None]) -> AsyncGenerator[None]:
        """Hold the file's lock: two processes do not fetch twice. `waiting` is called if one waits."""
        with (self.folder / f"{self.model.file}.lock").open("a+b") as lock:
            told = False
            while not _try_lock(lock.fileno()):
                if not told:
                    waiting()
                    told = True
                await asyncio.sleep(_LOCK_POLL_SECONDS)
            yield  # closing the file gives the lock back


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def disk_full(error: OSError) -> bool:
    """Whether the disk (or the user's share of it) ran full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def _try_lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"

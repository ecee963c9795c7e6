"""The child process that runs the embedded model, seen from the parent.

The child runs llama.cpp's own HTTP server (through `xllamacpp`) on a Unix socket in a private folder, or,
where there are none, on a loopback port that wants a key. The parent's event loop only waits on a
connection; closing it stops the generation.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import weakref
from collections import deque
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from spanjudge.errors import MissingExtraError
from spanjudge.judging.models.embedded import process
from spanjudge.judging.models.embedded.options import EmbeddedOptions, usable_cores
from spanjudge.judging.models.model import JudgeModelError

_BATCH = 256
"""Prompt tokens read at a time; a cancelled question leaves only after the batch it is in."""
_LONGEST_SOCKET_PATH = 100
_LAST_WORDS = 12


class EmbeddedEngine:
    """One child process with one loaded model file."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str | None, key: str) -> None:
        """Use `open`."""
        self._process = process
        self._folder = folder
        self._key = key
        self._session: aiohttp.ClientSession | None = None
        self.busy = asyncio.Event()
        self._origin = ""
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._listener = asyncio.create_task(self._listen())
        if folder:  # also when the program ends without closing: then asyncio kills the child
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.returncode is None

    @classmethod
    async def open(cls, path: Path, options: EmbeddedOptions) -> "EmbeddedEngine":
        """Start the child and wait until the model is loaded.

        Raises `MissingExtraError` without the runtime, `JudgeModelError` when the file cannot be loaded.
        """
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtraError("the embedded judge", "embedded")
        key = secrets.token_hex(16)
        folder = _socket_folder()
        try:
            process = await _spawn()
        except BaseException:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        engine = cls(process, folder, key)
        orders = {
            "path": str(path),
            "folder": folder,
            "key": key,
            "context": options.context,
            "slots": 1,
            "batch": _BATCH,
            "threads": options.threads or usable_cores(),
            "cache_mib": options.cache_mib,
        }
        try:
            await engine._connect(orders, options.start_seconds)
        except BaseException:
            await engine.aclose()
            raise
        return engine

    async def _connect(self, orders: dict[str, Any], seconds: float) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened with a pipe
        assert self._process.stdout is not None  # noqa: S101 - opened with a pipe
        try:
            async with asyncio.timeout(seconds):
                self._process.stdin.write(json.dumps(orders).encode() + b"\n")
                await self._process.stdin.drain()
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise JudgeModelError(
                "judge_unavailable",
                f"the embedded judge did not load {orders['path']} within {seconds:g} s; "
                "is the machine short of memory?",
                retryable=True,
            ) from None
        except (BrokenPipeError, ConnectionResetError):
            line = b""
        if not line:
            raise self.death("ended while it loaded the model")
        answer = json.loads(line)
        if "error" in answer:
            raise JudgeModelError("judge_unavailable", _refusal(str(orders["path"]), str(answer["error"])))
        if self._folder:
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(
                str(Path(self._folder) / process.SOCKET_NAME)
            )
            self._origin = "http://embedded"
        else:
            connector = aiohttp.TCPConnector()
            self._origin = answer["address"]
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def ask(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post to one of the server's routes. No time limit: the caller has the deadline.

        Raises `JudgeModelError`: retryable `judge_unavailable` when the process ended, `input_too_long`,
        or `internal` for what the server refuses.
        """
        if self._session is None or not self.alive:
            raise self.death("is not running")
        self.busy.set()
        try:
            async with self._session.post(
                f"{self._origin}{route}",
                data=msgspec.json.encode(body),
                headers={"Content-Type": "application/json"},
            ) as response:
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, OSError):
            # The broken connection is noticed before the process's end is.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self._process.wait()
            raise self.death("ended during the question") from None
        finally:
            self.busy.clear()
        answer: dict[str, Any] = msgspec.json.decode(raw)
        if status == 200:  # noqa: PLR2004 - HTTP's OK
            return answer
        error: dict[str, Any] = answer.get("error") or {}
        if error.get("type") == "exceed_context_size_error":
            raise JudgeModelError("input_too_long", str(error.get("message")))
        raise JudgeModelError(
            "internal", f"the embedded judge's runtime refused {route}: {error.get('message')}"
        )

    def death(self, when: str) -> JudgeModelError:
        """The error that says how the process ended; the same question may succeed in a new one."""
        status = self._process.returncode
        if status is None:
            how = ""
        elif status < 0:
            how = f" (signal {-status}; 9 often means that memory ran out)"
        else:
            how = f" (exit status {status})"
        words = f"; it said: {' | '.join(self._last_words)}" if self._last_words else ""
        return JudgeModelError(
            "judge_unavailable",
            f"the embedded judge's process {when}{how}; it is started again at the next question{words}",
            retryable=True,
        )

    async def _listen(self) -> None:
        """Keep the runtime's last lines for an error message; they never reach the user's terminal."""
        assert self._process.stderr is not None  # noqa: S101 - opened with a pipe
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:  # a line longer than the stream's limit
                continue
            if not line:
                return
            self._last_words.append(line.decode(errors="replace").strip()[:300])

    async def aclose(self) -> None:
        """End the process and remove its socket."""
        if self._session is not None:
            await self._session.close()
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        await self._listener
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._folder:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


async def _spawn() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(Path(process.__file__)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Ctrl-C in a terminal reaches the parent only, which then ends the child in order.
        start_new_session=True,
        env=_environment(),
    )


def _refusal(path: str, reason: str) -> str:
    if "libgomp" in reason:
        return f"the embedded judge needs the system library libgomp ({reason}): apt install libgomp1"
    if reason.startswith("ImportError"):
        return f"the embedded judge's runtime cannot be loaded on this machine ({reason})"
    return (
        f"the embedded judge cannot load {path} ({reason}); "
        "is it a whole GGUF model file, and is there memory for it?"
    )


def _environment() -> dict[str, str]:
    """The child's environment: its computing threads sleep while they wait for each other.

    The default is to spin, which on cores shared with anything else made a token take 0.3 to 1.4 s instead of
    0.1 s: the thread that is waited for does not get the core on which the others spin.
    """
    return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}


def _socket_folder() -> str | None:
    """A folder only this user can enter, or `None` where Unix sockets cannot be used."""
    if not hasattr(socket, "AF_UNIX") or os.name == "nt":
        return None
    for parent in (None, "/tmp"):  # noqa: S108 - mkdtemp makes a private folder
        folder = tempfile.mkdtemp(prefix="spanjudge-", dir=parent)
        if len(os.fsencode(folder)) + len(process.SOCKET_NAME) < _LONGEST_SOCKET_PATH:
            return folder
        Path(folder).rmdir()
    return None

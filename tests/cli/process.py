"""The `spanjudge` command as a real process."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

KEY = "sk-planted-key-0123456789"
TOKEN = "planted-token-0123456789"


def environment(folder: Path, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings, with the data folder in a folder of the test."""
    plain = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("O2_JUDGE_", "SPANJUDGE_", "OTEL_")) and name != "HF_ENDPOINT"
    }
    own = {
        "SPANJUDGE_DATA_DIR": str(folder),
        "SPANJUDGE_GRPC_PORT": "0",
        "XDG_CACHE_HOME": str(folder),
        "NO_PROXY": "127.0.0.1",
    }
    return plain | own | dict(changes or {})


def judge_at(url: str) -> dict[str, str]:
    """The settings of a judge at the mock judge's address."""
    return {
        "O2_JUDGE_PROVIDER": "openai",
        "O2_JUDGE_MODEL": "gpt-5.4-mini",
        "O2_JUDGE_API_KEY": KEY,
        "O2_JUDGE_URL": f"{url}/v1",
    }


@asynccontextmanager
async def python(
    *arguments: str, env: Mapping[str, str], host: str = ""
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A Python process whose standard output and error are pipes; it does not outlive the test.

    `host` is the network namespace to run it in.
    """
    inside = ("ip", "netns", "exec", host) if host else ()
    process = await asyncio.create_subprocess_exec(
        *inside,
        sys.executable,
        *arguments,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def running(
    *arguments: str, env: Mapping[str, str], host: str = ""
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """The command, running."""
    return python("-m", "spanjudge", *arguments, env=env, host=host)


async def spanjudge(*arguments: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run the command to its end: exit code, standard output, standard error."""
    async with running(*arguments, env=env) as process:
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


class Served:
    """A server that listens: its address, and every line it wrote to standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.address = ""
        self.lines: list[str] = []
        self._reading: asyncio.Task[None] | None = None
        self._new = asyncio.Condition()

    async def read(self) -> None:
        assert self.process.stderr is not None
        self._reading = asyncio.create_task(self._read(self.process.stderr))
        self.address = (await self.logged("listening"))["address"]

    async def logged(self, message: str, count: int = 1) -> dict[str, Any]:
        """The first log record with this message, waited for; with `count`, the one after that many."""
        async with self._new:
            await self._new.wait_for(lambda: len(self._with(message)) >= count)
            return self._with(message)[count - 1]

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        code = await self.process.wait()
        if self._reading is not None:
            await self._reading
        return code

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def _with(self, message: str) -> list[dict[str, Any]]:
        records = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [record for record in records if record["message"] == message]

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            async with self._new:
                self.lines.append(line.decode().rstrip())
                self._new.notify_all()
        assert self.address, f"the server ended before it listened: {self.log}"


@asynccontextmanager
async def serving(
    *arguments: str,
    env: Mapping[str, str],
    command: str = "serve",
    host: str = "",
    address: str = "127.0.0.1",
) -> AsyncGenerator[Served]:
    """`spanjudge serve` (or `worker`) on a free port of an address; `host` is a network namespace."""
    async with running(command, "--host", address, "--port", "0", *arguments, env=env, host=host) as process:
        served = Served(process)
        async with asyncio.timeout(30):
            await served.read()
        yield served
        await served.end()

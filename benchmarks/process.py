"""Processes under measurement: started on a core of their own, watched through /proc."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child process; `core` is the CPU it is bound to, `None` for any."""

    def __init__(
        self,
        *arguments: str,
        core: int | None,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        """Start it, with this Python unless another one is named."""
        self.started = time.perf_counter()
        cores = os.sched_getaffinity(0) if core is None else {core}
        self.child = subprocess.Popen(
            [python, *arguments],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            start_new_session=True,
        )

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far, user and system, of the process and its children."""
        return sum(int(fields[11]) + int(fields[12]) for _, fields in self._family()) / TICKS

    @property
    def resident(self) -> float:
        """Resident memory in MB, of the process and its children."""
        pages = 0
        for pid, _ in self._family():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/statm", encoding="ascii") as file:
                pages += int(file.read().split()[1])
        return pages * PAGE / 1_048_576

    def _family(self) -> Iterator[tuple[str, list[str]]]:
        """Process id and the fields after the name in `/proc/PID/stat`, of all in the child's session."""
        for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  # read in a hot loop
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
                if int(fields[3]) == self.child.pid:
                    yield pid, fields

    def wait_for(self, port: int, request: bytes = b"", seconds: float = 60) -> float:
        """Seconds from start until `request` (or a connection) is answered on `port`."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.child.args} ended with {self.child.returncode}")
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                    if not request:
                        return time.perf_counter() - self.started
                    connection.sendall(request)
                    if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                        return time.perf_counter() - self.started
            except OSError:
                pass
            time.sleep(0.002)
        raise TimeoutError(f"{self.child.args} did not answer on port {port}")

    def __enter__(self) -> Self:
        """Start happened already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, with its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

"""Processes under measurement: started on a core of their own, watched through /proc."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child process; `core` is the CPU it is bound to."""

    def __init__(self, *arguments: str, core: int, environment: Mapping[str, str] | None = None) -> None:
        """Start it with this Python."""
        self.started = time.perf_counter()
        self.child = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far, user and system."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def resident(self) -> float:
        """Resident memory in MB."""
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

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
        """Kill it."""
        self.child.kill()
        self.child.wait()

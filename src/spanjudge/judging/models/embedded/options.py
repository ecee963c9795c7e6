"""How the embedded judge uses the machine."""

import os
from pathlib import Path

import msgspec


class EmbeddedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the embedded judge uses the machine.

    `context`: tokens of prompt and answer together. `threads`: computing threads; `None` is one for each
    physical core this process may use. `cache_mib`: memory (MiB) for the prefixes of earlier subjects.
    `start_seconds`: how long loading the file may take.
    """

    context: int = 8192
    threads: int | None = None
    cache_mib: int = 256
    start_seconds: float = 180.0


def usable_cores() -> int:
    """Physical cores this process may use: its CPU set, without hyper-threads, within a container's quota."""
    if hasattr(os, "sched_getaffinity"):
        logical = sorted(os.sched_getaffinity(0))
    else:
        logical = list(range(os.cpu_count() or 1))
    siblings: set[str] = set()
    for cpu in logical:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            siblings.add(topology.read_text().strip())
        except OSError:
            siblings.add(str(cpu))
    cores = len(siblings)
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, round(int(quota) / int(period)))
    except (OSError, ValueError):
        pass
    return max(1, cores)

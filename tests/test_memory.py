"""Memory of a process that lives for months."""

import os
import platform
import subprocess
import sys

import pytest

from tests.parts import is_required

# Each thread asks for memory while the others have theirs; an arena of glibc is a mapping at 64 MB's bounds.
PROGRAM = """
import sys, threading
from spanjudge.app import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
together = threading.Barrier(9)

def work():
    kept = [bytearray(20_000) for _ in range(50)]
    together.wait()
    together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for one in threads:
    one.start()
together.wait()
with open("/proc/self/maps") as file:
    maps = [line.split() for line in file]
together.wait()
starts = [int(line[0].partition("-")[0], 16) for line in maps if line[1] == "rw-p" and len(line) == 5]
print(sum(start % 0x4000000 == 0 for start in starts))
"""


def arenas(how: str, **environment: str) -> int:
    """How many there are beside the first, which is the heap, when eight threads have taken memory."""
    kept = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", PROGRAM, how],
        capture_output=True,
        text=True,
        check=True,
        env=kept | environment,
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc" and not is_required(), reason="arenas are glibc's")
def test_threads_share_two_arenas_unless_the_environment_says_how_many() -> None:
    assert arenas("each its own") >= 8
    assert arenas("shared") == 1
    assert arenas("shared", MALLOC_ARENA_MAX="4") == 3

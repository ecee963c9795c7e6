"""Hosts of the tests' own on this machine: network namespaces, whose cable to the database can be cut."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Generator
from typing import Self

NOBODY = "02:00:00:00:00:99"
"""A hardware address that no host has: what is sent there is swallowed, and nobody is told."""


def is_there() -> bool:
    """Whether this machine lets us make hosts."""
    return os.getuid() == 0 and shutil.which("ip") is not None and _tries("netns", "list")


def _tries(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603, S607  # our own words; Debian's and others' folders differ


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607  # our own words; Debian's and others' folders differ
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


class Host:
    """A network namespace with two cables to us: one for everything, one to the database alone.

    `here` and `there` are the ends of the first, `database` our end of the second.
    """

    def __init__(self, number: int) -> None:
        """`number` from 0 to 62 makes its addresses."""
        base = number * 4
        # Two runs of the tests on one machine have different networks.
        net = os.getpid() % 200
        self.name = f"spanjudge-{net}-{number}"
        self.here, self.there = f"10.213.{net}.{base + 1}", f"10.213.{net}.{base + 2}"
        self.database, self._to_database = f"10.214.{net}.{base + 1}", f"10.214.{net}.{base + 2}"
        self._cables = (f"sj{net}f{number}", f"sj{net}d{number}")

    def make(self) -> None:
        """Make it and plug it in."""
        self.take_away()
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")
        ends = ((self.here, self.there), (self.database, self._to_database))
        for cable, (ours, theirs) in zip(self._cables, ends, strict=True):
            _ip("link", "add", "name", cable, "type", "veth", "peer", "name", "far", "netns", self.name)
            _ip("-n", self.name, "link", "set", "far", "name", f"{cable}b")
            _ip("address", "add", f"{ours}/30", "dev", cable)
            _ip("-n", self.name, "address", "add", f"{theirs}/30", "dev", f"{cable}b")
            _ip("link", "set", cable, "up")
            _ip("-n", self.name, "link", "set", f"{cable}b", "up")

    def take_away(self) -> None:
        """With its cables; a second time too."""
        _tries("netns", "delete", self.name)
        for cable in self._cables:
            _tries("link", "delete", cable)

    @contextlib.contextmanager
    def cut_off(self) -> Generator[None]:
        """From the database: what either sends is swallowed, without a word to anybody."""
        cable = self._cables[1]
        ours = ("neighbour", "replace", self._to_database, "lladdr", NOBODY, "dev", cable, "nud", "permanent")
        theirs = (
            "neighbour", "replace", self.database, "lladdr", NOBODY, "dev", f"{cable}b", "nud", "permanent"
        )  # fmt: skip
        _ip(*ours)
        _ip("-n", self.name, *theirs)
        try:
            yield
        finally:
            _ip("neighbour", "delete", self._to_database, "dev", cable)
            _ip("-n", self.name, "neighbour", "delete", self.database, "dev", f"{cable}b")

    def __enter__(self) -> Self:
        self.make()
        return self

    def __exit__(self, *_: object) -> None:
        self.take_away()

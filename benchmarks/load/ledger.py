"""Which spans a server has acknowledged: a line each, written after the answer and before anything else.

A test that kills a server reads it to know what must be there afterwards. The file outlives the load
generator too: a line is with the kernel when the next request is answered.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

TRACE_ID, SPAN_ID = 16, 8
"""Bytes."""


class Ledger:
    """A file of acknowledged spans, `TRACE_ID SPAN_ID` in hexadecimal a line."""

    def __init__(self, path: Path) -> None:
        """The file is made; one that is there is added to."""
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
        self.spans = 0

    def acknowledged(self, ids: bytes) -> None:
        """These spans, 24 bytes each."""
        lines = "".join(f"{trace} {span}\n" for trace, span in pairs(ids)).encode()
        os.write(self._file, lines)
        self.spans += len(ids) // (TRACE_ID + SPAN_ID)

    def __enter__(self) -> Self:
        """Open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        os.close(self._file)


def pairs(ids: bytes) -> Iterator[tuple[str, str]]:
    """Trace id and span id in hexadecimal of 24 bytes each."""
    for start in range(0, len(ids), TRACE_ID + SPAN_ID):
        middle = start + TRACE_ID
        yield ids[start:middle].hex(), ids[middle : middle + SPAN_ID].hex()


def read(path: Path) -> set[tuple[str, str]]:
    """The spans of a ledger. A last line that was cut off by a crash is left out."""
    text = path.read_text(encoding="ascii")
    whole = text[: text.rfind("\n") + 1]
    return {(line[:32], line[33:]) for line in whole.splitlines()}


def missing(path: Path, stored: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """What was acknowledged and is not there."""
    return read(path).difference(stored)

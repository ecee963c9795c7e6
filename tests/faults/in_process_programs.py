"""Running the programs of `in_process_child.py` to their end."""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass

from tests.cli.process import python
from tests.mock_judge import MockJudge

SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """A program that has ended: its exit code, the lines it said, and standard error."""

    code: int | None
    lines: list[str]
    err: str

    @property
    def evaluated(self) -> dict[str, int]:
        """How many of each name had both their results."""
        return dict(Counter(name for name, _ in self._results))

    @property
    def processes(self) -> dict[str, set[str]]:
        """The processes that evaluated each name."""
        found: dict[str, set[str]] = {}
        for name, process in self._results:
            found.setdefault(name, set()).add(process)
        return found

    @property
    def _results(self) -> list[tuple[str, str]]:
        words = [line.split() for line in self.lines]
        return [
            (found[0].rpartition("-")[0], found[1])
            for found in words
            if found[2:] == ["EvaluationResult", "EvaluationResult"]
        ]


def environment() -> dict[str, str]:
    """This process's, without settings of a judge or of OpenTelemetry, and past any proxy."""
    plain = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("O2_JUDGE_", "SPANJUDGE_", "OTEL_", "PYTHONASYNCIO"))
    }
    return plain | {"NO_PROXY": "127.0.0.1,localhost"}


async def run(program: str, judge: MockJudge, *options: str) -> Ended:
    """Run one, with options of the interpreter."""
    arguments = (*options, "-m", "tests.faults.in_process_child", program, judge.url)
    async with asyncio.timeout(SECONDS), python(*arguments, env=environment()) as process:
        out, err = await process.communicate()
    return Ended(process.returncode, out.decode().splitlines(), err.decode())

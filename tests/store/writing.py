"""A process that commits until it is killed: `python -m tests.store.writing URL`.

Before the first commit and after each it prints how many are on disk.
"""

import asyncio
import sys

from spanjudge.pipeline.ports import Intake
from spanjudge.store.store import open_store
from tests.contracts.stored import NOW, job, lease, log, span

SPANS = 40


def intake(number: int) -> Intake:
    """Spans, logs and jobs of one commit."""
    first = number * SPANS
    return Intake(
        spans=[span(n, of=number + 1) for n in range(first, first + SPANS)],
        logs=[log(n, of=number + 1) for n in range(first, first + SPANS)],
        jobs=[job(n, of=number + 1) for n in range(first, first + SPANS)],
    )


async def main(url: str, start: int) -> None:
    """Commit, and lease now and then."""
    store = await open_store(url)
    print(start, flush=True)  # noqa: T201  # read by the test
    for number in range(start, 100_000):
        await store.commit([intake(number)], now_ns=NOW)
        print(number + 1, flush=True)  # noqa: T201  # read by the test
        await lease(store, owner=f"writer-{start}", limit=SPANS // 2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))

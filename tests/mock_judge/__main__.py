"""`python -m tests.mock_judge --port N [--delay-ms N]`: the mock judge as a process, on every wire.

It is the model of an application too: what asks for no answer's shape gets a plain text.
"""

import argparse
import asyncio
import contextlib

from tests.mock_judge import anthropic
from tests.mock_judge.application import application
from tests.mock_judge.behaviour import Behaviour
from tests.mock_judge.server import MockJudge


async def serve(port: int, delay: float) -> None:
    judge = MockJudge(record=False, wires={"/v1/messages": anthropic.message})
    judge.always(application(judge=Behaviour(seconds=delay)))
    await judge.start(port)
    print(f"mock judge on {judge.url}", flush=True)  # noqa: T201 - who starts it waits for this line
    try:
        await asyncio.Event().wait()
    finally:
        await judge.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A judge model that is none.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="how long each answer takes")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.delay_ms / 1000))


if __name__ == "__main__":
    main()

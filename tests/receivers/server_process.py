"""A server of its own process that takes OTLP and forgets it.

`python -m tests.receivers.server_process BUDGET`, which is for the bytes of all bodies under way. Prints the
ports of HTTP and gRPC, and runs until its input ends.
"""

import asyncio
import sys
from collections.abc import Sequence

from spanjudge.receivers.limits import ByteBudget
from spanjudge.receivers.otlp_grpc import serve_grpc
from spanjudge.receivers.otlp_http import PATHS, OtlpHttp
from spanjudge.server.auth import Tokens
from spanjudge.server.run import new_event_loop
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan
from tests.server.running import TOKEN, running


class Reading:
    """Looks at everything, as matching does, and keeps nothing."""

    async def receive(self, spans: Sequence[ReceivedSpan], logs: Sequence[ReceivedLog]) -> None:
        del logs
        for span in spans:
            assert span.raw.attributes is not None
        await asyncio.sleep(0)


async def main() -> None:
    budget, tokens = ByteBudget(int(sys.argv[1])), Tokens([TOKEN])
    app = OtlpHttp(Reading(), tokens, budget=budget)
    grpc = await serve_grpc(Reading(), tokens, "127.0.0.1", 0, budget=budget)
    async with running(receivers=dict.fromkeys(PATHS, app)) as server:
        sys.stdout.write(f"{server.port} {grpc.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
    await grpc.stop(1)
    app.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())

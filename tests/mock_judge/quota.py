"""A provider that really keeps to its limits: calls and tokens in any minute, and calls at once."""

import asyncio
from collections import deque
from collections.abc import Callable

from tests.mock_judge.behaviour import Behaviour, Received, rate_limited
from tests.mock_judge.server import MockJudge

MINUTE = 60.0


class Quota:
    """A rule of the mock judge: what goes beyond the limits is refused with 429.

    `accepted` and `refused` count calls, `accepted_at` holds the moments of those accepted. The clock is the
    event loop's. `retry_after`: a refusal says when to come again. `told`: each answer's headers tell what is
    left.
    """

    def __init__(
        self,
        server: MockJudge,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        at_once: int | None = None,
        retry_after: bool = True,
        told: bool = False,
    ) -> None:
        self.accepted = 0
        self.refused = 0
        self.accepted_at: list[float] = []
        self._server = server
        self._requests = requests
        self._tokens = tokens
        self._at_once = at_once
        self._retry_after = retry_after
        self._told = told
        self._lately: deque[tuple[float, int]] = deque()
        self._spent = 0

    def __call__(self, received: Received) -> Behaviour | None:
        now = asyncio.get_running_loop().time()
        while self._lately and self._lately[0][0] <= now - MINUTE:
            self._spent -= self._lately.popleft()[1]
        tokens = len(received.raw) // 4 + 40
        full = [
            self._requests is not None and len(self._lately) >= self._requests,
            self._tokens is not None and self._spent + tokens > self._tokens,
        ]
        if self._at_once is not None and self._server.in_flight > self._at_once:
            self.refused += 1
            return rate_limited(**({"retry-after": "1"} if self._retry_after else {}))
        if any(full):
            self.refused += 1
            wait = self._lately[0][0] + MINUTE - now if self._lately else MINUTE
            return rate_limited(**({"retry-after": f"{wait:.3f}"} if self._retry_after else {}))
        self._lately.append((now, tokens))
        self._spent += tokens
        self.accepted += 1
        self.accepted_at.append(now)
        return None

    def answering(
        self, behaviour: Callable[[Received], Behaviour] | Behaviour
    ) -> Callable[[Received], Behaviour]:
        """The answer to what is accepted, with headers that tell what is left when the provider tells it."""

        def step(received: Received) -> Behaviour:
            answer = behaviour if isinstance(behaviour, Behaviour) else behaviour(received)
            if not self._told or self._requests is None:
                return answer
            now = asyncio.get_running_loop().time()
            last = self._lately[-1][0] if self._lately else now
            headers = {
                "x-ratelimit-limit-requests": str(self._requests),
                "x-ratelimit-remaining-requests": str(self._requests - len(self._lately)),
                "x-ratelimit-reset-requests": f"{max(0.0, last + MINUTE - now):.3f}s",
            }
            return Behaviour(seconds=answer.seconds, headers=headers)

        return step

    def most_in_a_minute(self) -> int:
        """The most calls accepted in any minute."""
        most, begin = 0, 0
        for end, moment in enumerate(self.accepted_at):
            while self.accepted_at[begin] <= moment - MINUTE:
                begin += 1
            most = max(most, end - begin + 1)
        return most

"""Questions to a limiter, and who asks them; time is the event loop's."""

import asyncio

from spanjudge.judging.models.limits.limiter import Limiter
from spanjudge.judging.models.limits.pace import CallLimits, Turn
from spanjudge.judging.models.limits.rank import Rank, ranked
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.usage import Usage


def question(flow: str = "quality", characters: int = 700) -> JudgeRequest:
    return JudgeRequest(
        system="", subject="x" * characters, question="", schema={}, schema_name="v", flow=flow
    )


def limiter(
    *, provider: str = "openai", requests: int = 0, tokens: int = 0, concurrency: int = 64
) -> Limiter:
    limits = CallLimits(requests=requests, tokens=tokens, concurrency=concurrency)
    return Limiter(limits, provider=provider, clock=asyncio.get_running_loop().time)


async def a_turn(limits: Limiter, asked: JudgeRequest) -> Turn:
    """As the model chain gets it."""
    return limits.enter(asked) or await limits.turn(asked)


def now() -> float:
    return asyncio.get_running_loop().time()


async def waiting(limits: Limiter, count: int) -> None:
    while limits.state.waiting < count:  # noqa: ASYNC110 - a turn of the loop is all it takes
        await asyncio.sleep(0)


class Ask:
    """A caller: questions one after the other, each under way for a while."""

    def __init__(self, limits: Limiter, seconds: float = 0.2) -> None:
        self.limits = limits
        self.seconds = seconds
        self.sent: list[tuple[float, float]] = []
        self.whose: list[str] = []
        self.waits: dict[str, list[float]] = {}

    async def once(self, flow: str = "quality", rank: Rank = Rank.LIVE, usage: Usage | None = None) -> None:
        asked = question(flow)
        began = now()
        with ranked(rank):
            turn = await a_turn(self.limits, asked)
        self.sent.append((now(), usage.input + usage.output if usage else 1))
        self.whose.append(flow)
        self.waits.setdefault(flow, []).append(now() - began)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.limits.gave_up(turn)
            raise
        self.limits.answered(turn, asked, usage)

    def most(self) -> float:
        """The most that was sent in any minute."""
        moments = [moment for moment, _ in self.sent]
        return max(
            sum(amount for moment, amount in self.sent if begin <= moment < begin + 60 - 1e-6)
            for begin in moments
        )

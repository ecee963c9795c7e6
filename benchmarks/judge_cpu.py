"""CPU that the judge itself takes for one evaluation: everything but the model."""

import asyncio
import time

from spanjudge import Judge, Subject
from spanjudge.evaluators import gallery
from spanjudge.judging.models.model import JudgeReply, JudgeRequest, Traits
from spanjudge.judging.usage import Usage

ROUNDS, CALLS = 7, 1000
TEXT = "The quick brown fox jumps over the lazy dog. " * 40
SUBJECTS = {
    "1,800 characters, ASCII": Subject(input="What does the fox do?", output=TEXT),
    "1,800 characters, other signs": Subject(input="Was tut der Fuchs?", output=TEXT.replace("o", "ö")),
    "18,000 characters": Subject(input="What does the fox do?", output=TEXT * 10),
}


class Instant:
    """Answers at once."""

    provider = model = "instant"
    traits = Traits()

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """The same answer each time."""
        return JudgeReply(
            text='{"explanation": "It does what was asked, with a small gap.", "score": "0.75"}',
            model=request.schema_name,
            usage=Usage(input=900, output=30),
            cost_usd=0.001,
        )

    async def aclose(self) -> None:
        """Nothing to close."""


async def milliseconds(judge: Judge, subject: Subject) -> float:
    """CPU of one judgement, the mean of a round."""
    evaluators = [gallery.scorers()["helpfulness"]]
    started = time.process_time()
    for _ in range(CALLS):
        await judge.judge(subject, evaluators, timeout=30)
    return (time.process_time() - started) / CALLS * 1000


async def main() -> None:
    """The best round of each subject, as other processes only add to it."""
    judge = Judge(Instant())
    for name, subject in SUBJECTS.items():
        best = min([await milliseconds(judge, subject) for _ in range(ROUNDS)])
        print(f"{name:32} {best:.3f} ms")


asyncio.run(main())

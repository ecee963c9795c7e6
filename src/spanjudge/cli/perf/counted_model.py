"""A judge model that counts what is asked of it."""

from typing import Any

from spanjudge.judging.models.model import JudgeModel, JudgeModelError, JudgeReply, JudgeRequest
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.models.wrapped import WrappedModel
from spanjudge.judging.usage import Usage, total


class CountedModel(WrappedModel):
    """The same port, with questions, tokens and cost summed up. Used from one event loop.

    `calls` are the attempts that were sent, `retries` those after the first of a question. `unpriced` counts
    answers whose cost nobody knows.
    """

    def __init__(self, inner: JudgeModel) -> None:
        """`inner` is asked."""
        super().__init__(inner)
        self.questions = 0
        self.failed = 0
        self.under_way = 0
        self.most_at_once = 0
        self.usage: Usage | None = None
        self.cost_usd = 0.0
        self.unpriced = 0

    @property
    def calls(self) -> int:
        """Attempts, where the model or one inside it tells; else the questions."""
        model: Any = self.inner
        while model is not None:
            if isinstance(model, ResilientModel):
                return model.calls
            model = getattr(model, "inner", None)
        return self.questions

    @property
    def retries(self) -> int:
        """Attempts after the first; a question that never got a place made none at all."""
        return max(0, self.calls - self.questions)

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Ask the inner model."""
        self.questions += 1
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            reply = await self.inner.answer(request)
        except JudgeModelError as error:
            self.failed += 1
            if error.usage is not None:
                self._spend(error.usage, error.cost_usd)
            raise
        except BaseException:
            self.failed += 1
            raise
        finally:
            self.under_way -= 1
        self._spend(reply.usage, reply.cost_usd)
        return reply

    def _spend(self, usage: Usage | None, cost: float | None) -> None:
        if usage is not None:
            self.usage = total(self.usage, usage)
        if cost is None:
            self.unpriced += 1
        else:
            self.cost_usd += cost

"""A judge model that stays within its budget, whoever asks it."""

from spanjudge.judging.budget.estimate import tokens_of
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.models.model import JudgeModel, JudgeModelError, JudgeReply, JudgeRequest
from spanjudge.judging.models.wrapped import WrappedModel
from spanjudge.judging.usage import Usage

JUDGE = "default"
"""The judge's name in the ledger."""

_ANSWER = 400
"""Tokens an answer takes until the ledger has learnt better; less where less is allowed."""


class BudgetedModel(WrappedModel):
    """Each call is reserved before it is made; one that does not fit fails with `budget_exhausted`.

    For a process in which nothing is counted by evaluator: the ledger has limits for all together only.
    """

    def __init__(self, inner: JudgeModel, ledger: Ledger) -> None:
        """`ledger` knows the judge as `JUDGE`."""
        super().__init__(inner)
        self._ledger = ledger

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Answer one question, or raise `JudgeModelError`."""
        expected = Usage(
            input=tokens_of(request.system) + tokens_of(request.user),
            output=min(_ANSWER, request.max_output_tokens),
        )
        reservation, refused = await self._ledger.reserve(JUDGE, {"": expected})
        spent: tuple[Usage | None, float | None] = (None, None)
        try:
            if not refused:
                reply = await self.inner.answer(request)
                spent = (reply.usage, reply.cost_usd)
                return reply
        except JudgeModelError as error:
            spent = (error.usage, error.cost_usd)
            raise
        finally:
            self._ledger.settle(reservation, {"": spent})
        raise JudgeModelError("budget_exhausted", refused[""])

"""What stands around a judge model and is one itself."""

from spanjudge.judging.models.model import JudgeModel, JudgeReply, JudgeRequest, Traits


class WrappedModel:
    """The inner judge model, in everything that a subclass does not do differently."""

    def __init__(self, inner: JudgeModel) -> None:
        """`inner` is asked."""
        self.inner = inner

    @property
    def provider(self) -> str:
        """The inner model's."""
        return self.inner.provider

    @property
    def model(self) -> str:
        """The inner model's."""
        return self.inner.model

    @property
    def traits(self) -> Traits:
        """The inner model's."""
        return self.inner.traits

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Answer one question, or raise `JudgeModelError`."""
        return await self.inner.answer(request)

    async def aclose(self) -> None:
        """Close the inner model."""
        await self.inner.aclose()

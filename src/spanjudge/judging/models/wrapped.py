"""What stands around a judge model and is one itself."""

from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Starting(Protocol):
    """A judge model that has to be brought up before it can answer: the embedded one."""

    waiting_for: str | None

    async def start(self) -> None:
        """Bring it up."""
        ...


def innermost(model: JudgeModel) -> JudgeModel:
    """The judge model itself, without what is put around it."""
    while (inner := getattr(model, "inner", None)) is not None:
        model = inner
    return model

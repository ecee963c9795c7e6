"""A judge model that answers what it was told to: the fake, shipped for users' tests."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec

from spanjudge.judging.models.model import JudgeModelError, JudgeReply, JudgeRequest, Traits
from spanjudge.judging.usage import Usage

Answer = dict[str, Any] | str | JudgeReply | JudgeModelError
Script = Callable[[JudgeRequest], Answer | Awaitable[Answer]]


class ScriptedModel:
    """Answers every question by a function, or with the same answer each time.

    A dict is sent as JSON, a text as it is; an exception is raised. Without a script it fills the
    schema with its first label, `true`, or the lowest number. All questions are kept in `requests`.
    """

    provider = "scripted"

    def __init__(
        self,
        script: Script | Answer | None = None,
        *,
        model: str = "scripted",
        traits: Traits | None = None,
    ) -> None:
        """See the class."""
        self.model = model
        self.traits = traits or Traits()
        self.requests: list[JudgeRequest] = []
        self._script = script

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Play the script."""
        self.requests.append(request)
        answer: Any = self._script
        if answer is None:
            answer = fill(request.schema)
        elif callable(answer):
            answer = answer(request)
            if isinstance(answer, Awaitable):
                answer = await cast("Awaitable[Answer]", answer)
        if isinstance(answer, JudgeModelError):
            raise answer
        if isinstance(answer, JudgeReply):
            return answer
        text = answer if isinstance(answer, str) else msgspec.json.encode(answer).decode()
        words = len(request.system.split()) + len(request.user.split())
        return JudgeReply(text=text, model=self.model, usage=Usage(input=words, output=len(text.split())))

    async def aclose(self) -> None:
        """Nothing to give back."""


def fill(schema: dict[str, Any]) -> Any:
    """The simplest value that fits a schema of the common subset."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {key: fill(value) for key, value in schema.get("properties", {}).items()}
        case "array":
            return []
        case "boolean":
            return True
        case "number" | "integer":
            return 0
        case _:
            return "Scripted answer."

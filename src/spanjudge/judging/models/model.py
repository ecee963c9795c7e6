"""The port every judge model is behind: one method that answers one question."""

import time
from typing import Any, Protocol

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.judging.result import FailureCode
from spanjudge.judging.usage import Usage


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """How a judge model wants to be asked; measured per model, overridable by setting.

    `batches`: several criteria in one call do not cost agreement. `small`: short instructions, one
    criterion a call, calibrated answers (the embedded model). `max_subject_chars`: longer subjects are
    cut, field by field, before they are sent. `calibration` names the shipped calibrations that were
    learnt for this very model (`judging/calibrations/`).
    """

    batches: bool = True
    small: bool = False
    max_subject_chars: int = 120_000
    calibration: str | None = None


class JudgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a judge model.

    The prompt is in three pieces so that a provider's prefix cache can be used: `system` is the same
    for all calls, `subject` for all calls on one subject, `question` holds the criteria and the answer's
    shape. `schema` is a JSON schema in the subset every provider takes. `probability_of` is the path of
    the closed-label property whose label probabilities are wanted, when the API can give them.
    `leaning` is added to the log probabilities of that property's labels before one is picked, where the
    model can do so; the probabilities it tells are its own all the same.
    `deadline` is a `time.monotonic()` moment. `flow` is whose question it is, by the evaluators' names: flows
    that wait for the judge are served in turn.
    """

    system: str
    subject: str
    question: str
    schema: dict[str, Any]
    schema_name: str
    probability_of: tuple[str, ...] | None = None
    leaning: dict[str, float] = {}
    max_output_tokens: int = 1024
    deadline: float = float("inf")
    flow: str = ""

    @property
    def user(self) -> str:
        """Subject and question, as one user message."""
        return f"{self.subject}\n\n{self.question}" if self.subject else self.question

    @property
    def seconds_left(self) -> float:
        """Time left until the deadline; not below zero."""
        return max(0.0, self.deadline - time.monotonic())


class TokenAlternatives(msgspec.Struct, frozen=True):
    """One generated token and the most likely tokens at its place, each with its log probability."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class JudgeReply(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer. Cut, refused and empty answers are errors and never arrive here.

    `text` is the JSON text as the model gave it (it may still stand in prose or a code fence); `model` is
    the name the provider says it used; `tokens` spell `text` where the API gives probabilities; `cost_usd`
    is `None` when no price is known.
    """

    text: str
    model: str
    usage: Usage | None = None
    cost_usd: float | None = None
    tokens: tuple[TokenAlternatives, ...] = ()
    request_id: str | None = None


class JudgeModelError(SpanjudgeError):
    """The judge model gave no usable answer.

    `code` is one of the failure codes, `retry_after` seconds when the provider said how long,
    `usage` and `cost_usd` what was spent all the same, `status` the HTTP status if there was one.
    """

    def __init__(
        self,
        code: FailureCode,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        usage: Usage | None = None,
        cost_usd: float | None = None,
        model: str | None = None,
    ) -> None:
        """See the class."""
        super().__init__(message)
        self.code: FailureCode = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.status = status
        self.usage = usage
        self.cost_usd = cost_usd
        self.model = model


class SchemaRefusedError(JudgeModelError):
    """The provider refused the structured-output mode; the next mode may work."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        """Final only when no mode is left."""
        super().__init__("judge_answer_invalid", message, status=status)


class JudgeModel(Protocol):
    """A large language model that judges."""

    @property
    def provider(self) -> str:
        """The provider's name, as in the settings."""
        ...

    @property
    def model(self) -> str:
        """The model's name, as asked for."""
        ...

    @property
    def traits(self) -> Traits:
        """How it wants to be asked."""
        ...

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Answer one question, or raise `JudgeModelError`."""
        ...

    async def aclose(self) -> None:
        """Give back connections and processes. The model is of no use afterwards."""
        ...

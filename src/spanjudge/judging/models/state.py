"""How a judge model stands by its latest calls, without asking it."""

from typing import Literal

import msgspec

from spanjudge.judging.models.limits.limiter import LimiterState
from spanjudge.judging.models.model import JudgeModel, JudgeModelError
from spanjudge.judging.models.rate_limits import RateLimits, rate_limits
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.models.wrapped import Starting, innermost

_CAPABILITIES = {
    "json_schema": "JSON schema",
    "tool": "tool call",
    "json_object": "JSON mode",
    "text": "tagged text",
}
_NOT_ITS_FAULT = frozenset({"judge_refused", "judge_answer_invalid", "judge_answer_cut", "input_too_long"})
"""Somebody was there, and answered in a way that is no verdict."""


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """`ready`: the latest call was answered; `unknown`: there was none yet. `detail` says what is wrong.

    `last_ns` is nanoseconds since 1970. `capability` is how answers are made to keep to their form, as far as
    it was found out; `limits` are what the provider told, `limiter` is what is kept to.
    """

    state: Literal["ready", "starting", "unknown", "limited", "unavailable"]
    detail: str = ""
    last_ns: int | None = None
    capability: str = ""
    timeout: float | None = None
    limits: RateLimits = RateLimits()
    limiter: LimiterState | None = None


def state_of(model: JudgeModel) -> ModelState:
    """How a judge model stands, whatever is wrapped around it."""
    resilient, inside = resilient_of(model), innermost(model)
    state, detail = _state(resilient, inside)
    mode = getattr(inside, "mode", None)
    last_ns = resilient.last_ns if resilient else None
    return ModelState(
        state=state,
        detail=detail,
        last_ns=last_ns,
        # Before an answer it is only what is tried first.
        capability=_CAPABILITIES.get(str(mode), "") if last_ns is not None and mode else "",
        timeout=resilient.timeout if resilient else None,
        limits=rate_limits(model.provider, getattr(inside, "headers", {})),
        limiter=resilient.limiter.state if resilient else None,
    )


def _state(
    resilient: ResilientModel | None, inside: JudgeModel
) -> tuple[Literal["ready", "starting", "unknown", "limited", "unavailable"], str]:
    if isinstance(inside, Starting) and inside.waiting_for:
        return "starting", inside.waiting_for
    if resilient is None or resilient.last_ns is None:
        return "unknown", ""
    try:
        resilient.breaker.check()
    except JudgeModelError as error:
        return "unavailable", error.message
    error = resilient.last_error
    if error is None or error.code in _NOT_ITS_FAULT:
        return "ready", "" if error is None else error.message
    return ("limited" if error.code == "judge_rate_limited" else "unavailable"), error.message


def resilient_of(model: JudgeModel | None) -> ResilientModel | None:
    """The part of a judge model that knows its limits and its troubles, whatever is wrapped around it."""
    while model is not None and not isinstance(model, ResilientModel):
        model = getattr(model, "inner", None)
    return model

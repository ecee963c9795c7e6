"""One call of a judge model: a reply, or trouble with a code. Nothing but a cancellation gets past it."""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable

import msgspec

from spanjudge.judging.models.model import (
    JudgeModel,
    JudgeModelError,
    JudgeReply,
    JudgeRequest,
    SchemaRefusedError,
)
from spanjudge.judging.result import FailureCode
from spanjudge.judging.usage import Usage

_log = logging.getLogger(__name__)


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call gave no reply, in the terms of a failure. A `final` one would come again."""

    code: FailureCode
    message: str
    retryable: bool = False
    retry_after: float | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    final: bool = False


class JudgeCall(msgspec.Struct, frozen=True, kw_only=True):
    """One finished call, for who measures. `duration` is in seconds, `error_type` an exception's class.

    `started_ns` is when it began, in nanoseconds since 1970. `request` and `answer` are what was asked and
    what came of it: they quote what users wrote.
    """

    provider: str
    model: str
    evaluators: tuple[str, ...]
    duration: float
    usage: Usage | None = None
    cost_usd: float | None = None
    error_type: str | None = None
    started_ns: int = 0
    request: JudgeRequest | None = None
    answer: JudgeReply | Trouble | None = None


Observer = Callable[[JudgeCall], None]
"""Told of every call, failed ones too. It must not block; what it raises is logged and forgotten."""


async def call(
    model: JudgeModel, request: JudgeRequest, evaluators: tuple[str, ...], observer: Observer | None
) -> JudgeReply | Trouble:
    """Ask once, within the request's deadline."""
    started, started_ns = time.monotonic(), time.time_ns()
    answer, error = await _answer(model, request)
    if observer is not None:
        told = JudgeCall(
            provider=model.provider,
            model=model.model,
            evaluators=evaluators,
            duration=time.monotonic() - started,
            usage=answer.usage,
            cost_usd=answer.cost_usd,
            error_type=None if error is None else type(error).__qualname__,
            started_ns=started_ns,
            request=request,
            answer=answer,
        )
        try:
            observer(told)
        except Exception:  # noqa: BLE001  measuring must not cost a verdict
            _log.exception("the observer of judge calls failed")
    return answer


async def _answer(
    model: JudgeModel, request: JudgeRequest
) -> tuple[JudgeReply | Trouble, BaseException | None]:
    try:
        if request.deadline == float("inf"):
            return await model.answer(request), None
        async with asyncio.timeout(request.seconds_left):
            return await model.answer(request), None
    except JudgeModelError as error:
        return _told(error), error
    except TimeoutError as error:
        return _timeout(), error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return internal(error), error
    except Exception as error:  # noqa: BLE001  a model's fault leaves the other evaluators alone
        return internal(error), error


def internal(error: BaseException) -> Trouble:
    """Trouble of our own. The log gets the place and not the message, which may hold content."""
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected %s while judging\n%s", type(error).__name__, place)
    return Trouble(
        code="internal",
        message=f"unexpected {type(error).__name__} while judging; the log says where",
    )


def _told(error: JudgeModelError) -> Trouble:
    return Trouble(
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        retry_after=error.retry_after,
        usage=error.usage,
        cost_usd=error.cost_usd,
        model=error.model,
        final=isinstance(error, SchemaRefusedError),
    )


def _timeout() -> Trouble:
    return Trouble(
        code="judge_timeout",
        message="the judge did not answer in time; raise the timeout or take a faster judge model",
        retryable=True,
    )

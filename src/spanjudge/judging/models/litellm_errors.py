"""LiteLLM's exceptions, told apart by status and text: their classes are often wrong."""

import ast
import re
from collections.abc import Iterable
from typing import Any, cast

import msgspec

from spanjudge.judging.models.error_body import ErrorReport, read_error
from spanjudge.judging.models.model import JudgeModelError
from spanjudge.judging.models.provider_errors import Meaning, judge_error, meaning_of, refused_parameter

# “litellm.RateLimitError: RateLimitError: CohereException - {"message": …}”
_PREFIX = re.compile(r"^(?:\w+(?:\.\w+)*(?:Error|Exception)\b\s*[:\-]?\s*(?:\w+\s*-\s+)?)+")
_NO_CREDENTIALS = re.compile(
    r"invalid_grant|default credentials were not found|unable to locate credentials|NoCredentials"
    r"|RefreshError|could not automatically determine credentials|security token.{0,40}(invalid|expired)",
    re.IGNORECASE,
)
_NO_CONNECTION = re.compile(
    r"connection error|cannot connect|connection refused|server disconnected", re.IGNORECASE
)
_UNKNOWN_STATUS = 500
_FIRST_ERROR = 400


def refused(error: Exception, sent: Iterable[str]) -> str | None:
    """The optional parameter an error objects to, of those that were sent."""
    return refused_parameter(_report(error), sent)


def as_judge_error(error: Exception, *, provider: str, model: str, secret: str) -> JudgeModelError:
    """The judge's own error for anything LiteLLM raises; keys are never part of it."""
    kind = type(error).__name__
    report = _report(error)
    if kind == "Timeout" or isinstance(error, TimeoutError):
        return JudgeModelError(
            "judge_timeout", f"{provider} did not answer in time", retryable=True, status=None, model=model
        )
    meaning: Meaning | None = None
    if kind == "ContextWindowExceededError":
        meaning = "too_long"
    elif kind == "ContentPolicyViolationError":
        meaning = "refused"
    elif _NO_CREDENTIALS.search(report.text):
        meaning = "key"
    elif kind == "APIConnectionError" or _NO_CONNECTION.search(report.text):
        meaning = "overloaded" if meaning_of(report, provider) in ("overloaded", "request") else None
    return judge_error(report, provider=provider, model=model, secret=secret, meaning=meaning)


def _report(error: Exception) -> ErrorReport:
    """From the provider's own answer where it is still at hand, else from what LiteLLM made of it."""
    answer = _answer_behind(error)
    if answer is not None:
        headers = {str(name).lower(): str(value) for name, value in dict(answer.headers).items()}
        return read_error(answer.status_code, headers, _decoded(_text_of(answer)) or _body(error))
    status: object = getattr(error, "status_code", None)
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    return read_error(status if isinstance(status, int) else _UNKNOWN_STATUS, {}, _body(error))


def _answer_behind(error: BaseException | None) -> Any:
    """The HTTP answer an error began with; LiteLLM's own exceptions carry empty ones."""
    while error is not None:
        answer: Any = getattr(error, "response", None)
        if answer is not None and getattr(answer, "headers", None) and answer.status_code >= _FIRST_ERROR:
            return answer
        error = error.__cause__ or error.__context__
    return None


def _text_of(answer: Any) -> str:
    try:
        return str(answer.text)
    except Exception:  # noqa: BLE001 - a body that was not read or is gone: then LiteLLM's sentence has to do
        return ""


def _body(error: Exception) -> object:
    """The provider's own body where LiteLLM quotes it, else its sentence."""
    text = str(getattr(error, "message", None) or error).partition("Traceback (most recent call last)")[0]
    text = _PREFIX.sub("", text).strip()
    quoted = text[min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=0) :]
    for candidate in (text, quoted):
        decoded = _decoded(candidate)
        if isinstance(decoded, (dict, list)):
            return cast("object", decoded)
    return text


def _decoded(text: str) -> object:
    if text.startswith(("b'", 'b"')):  # bytes, written out
        try:
            raw: object = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return None
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None

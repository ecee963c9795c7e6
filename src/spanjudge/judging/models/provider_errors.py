"""What a provider's error means for a judge call, and what its user should do about it.

The order of the questions matters: a 429 can mean no money, a 413 can be called a rate limit, a 400 can
mean a bad key. Sources are the providers' own error tables; a status alone decides only what is left.
"""

import re
from collections.abc import Callable, Iterable
from typing import Literal

from spanjudge.judging.models.ended import ended
from spanjudge.judging.models.error_body import ErrorReport
from spanjudge.judging.models.model import JudgeModelError, SchemaRefusedError
from spanjudge.judging.result import FailureCode

Meaning = Literal[
    "key",
    "credit",
    "model",
    "too_long",
    "rate",
    "overloaded",
    "refused",
    "schema",
    "bad_json",
    "address",
    "request",
]

SHORTEST_SECRET = 8
"""Shorter “keys” are placeholders for servers without any, and words of ordinary sentences."""

_SCHEMA_FIELDS = frozenset(
    {"response_format", "output_config", "output_format", "format", "tools", "tool_choice"}
)

_CREDIT_CODES = frozenset(
    {
        "credit_balance_exhausted",
        "insufficient_quota",
        "billing_error",
        "billing_disabled",
        "billing_not_active",
        "billing_hard_limit_reached",
        "insufficient_balance",
    }
)
_CREDIT_CODE = re.compile(r"(spend|usage)_limit_(exceeded|reached)$|per_?day")
_CREDIT_STATUS = frozenset({400, 403, 412, 429})
_CREDIT_TEXT = re.compile(
    r"credit balance is too low|insufficient (balance|credits|funds)|specified api usage limits"
    r"|(account|organization)\b.{0,40}\bsuspended|spend(ing)? limit|\blimit: 0\b"
)

_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "request_too_large"})
_LONG_TEXT = re.compile(
    r"prompt is too long|input is too long|maximum context length|context (length|window|size)"
    r"|exceeds the (maximum number of|model's maximum|limit of \d+) ?(input )?tokens|request too large"
    r"|reduce the length|too many (input )?tokens|tokens\b.{0,60}\bmust be <="
)
_LONG_STATUS = frozenset({400, 403, 422, 429, 500})

_FILTER_CODES = frozenset(
    {"content_filter", "responsibleaipolicyviolation", "content_policy_violation", "moderation_blocked"}
)

_MODEL_CODES = frozenset(
    {"model_not_found", "deploymentnotfound", "not_found_error", "model_not_available", "invalid_model"}
)
_MODEL_TEXT = re.compile(
    r"invalid model\b|model not exist|model identifier is invalid|no such model|unknown model"
    r"|not a valid model|\bmodel\b.{0,160}\b(not found|does not exist|is not available|has been "
    r"(deprecated|retired|removed))"
    r"|unable to access model"
)
_MODEL_STATUS = frozenset({400, 403, 404, 410, 422})

_KEY_CODES = frozenset(
    {
        "invalid_api_key",
        "api_key_invalid",
        "authentication_error",
        "permission_error",
        "permission_denied",
        "unauthenticated",
        "unrecognizedclientexception",
        "accessdeniedexception",
    }
)
_KEY_TEXT = re.compile(r"api key not valid|(invalid|incorrect|missing) api[ _-]?key")

_BAD_JSON_CODES = frozenset({"json_validate_failed", "tool_use_failed"})

_SCHEMA_TEXT = re.compile(
    r"response_format|response format|output_config|output_format|json_?schema|\bschema\b|tool_choice"
    r"|\btools?\b|function call|structured[ _]output|\bgrammar\b|guided_|json mode"
    r"|additionalproperties|\b(oneof|anyof|allof|minitems|maxitems|minlength|maxlength)\b"
    r"|'(minimum|maximum|default)'"
)
_SCHEMA_STATUS = frozenset({400, 422, 501})
_NO_UPSTREAM = re.compile(r"no endpoints found\b.*\b(parameters|tool|response_format|structured)")

_BUSY_CODES = frozenset(
    {
        "overloaded_error",
        "server_is_overloaded",
        "service_tier_capacity_exceeded",
        "modelnotreadyexception",
        "serviceunavailableexception",
        "unavailable",
    }
)
_PASSING_STATUS = frozenset({408, 409, 425, 498, 499})
_TOO_MANY = 429
_SERVER_ERROR = 500
_NEVER_PASSING = frozenset({501, 505})


def meaning_of(report: ErrorReport, provider: str = "") -> Meaning:
    """What an error means; the first question that is answered with yes decides, else the status."""
    text = report.text.lower()
    for meaning, holds in _QUESTIONS:
        if holds(report, text, provider):
            return meaning
    return _by_status(report.status)


def _is_credit(report: ErrorReport, text: str, provider: str) -> bool:
    return (
        report.status == 402  # noqa: PLR2004 - “payment required”
        or bool(report.codes & _CREDIT_CODES)
        or any(_CREDIT_CODE.search(code) for code in report.codes)
        or (report.status == 412 and provider == "fireworks_ai")  # noqa: PLR2004 - its word for suspended
        or (report.status in _CREDIT_STATUS and _CREDIT_TEXT.search(text) is not None)
    )


def _is_filtered(report: ErrorReport, _text: str, _provider: str) -> bool:
    return bool(report.codes & _FILTER_CODES)


def _is_bad_json(report: ErrorReport, _text: str, _provider: str) -> bool:
    return bool(report.codes & _BAD_JSON_CODES)


def _is_too_long(report: ErrorReport, text: str, _provider: str) -> bool:
    # 413 at Groq is called a rate limit, and waiting never helps.
    return (
        report.status == 413  # noqa: PLR2004 - “content too large”
        or bool(report.codes & _LONG_CODES)
        or (report.status in _LONG_STATUS and _LONG_TEXT.search(text) is not None)
    )


def _is_busy(report: ErrorReport, _text: str, _provider: str) -> bool:
    return bool(report.codes & _BUSY_CODES)


def _is_without_upstream(_report: ErrorReport, text: str, _provider: str) -> bool:
    # OpenRouter's 404 for “nobody behind this model takes these parameters”.
    return _NO_UPSTREAM.search(text) is not None


def _is_model(report: ErrorReport, text: str, _provider: str) -> bool:
    return report.status in _MODEL_STATUS and (
        bool(report.codes & _MODEL_CODES) or _MODEL_TEXT.search(text) is not None
    )


def _is_key(report: ErrorReport, text: str, _provider: str) -> bool:
    return (
        report.status in (401, 403)
        or bool(report.codes & _KEY_CODES)
        or (report.status == 400 and _KEY_TEXT.search(text) is not None)  # noqa: PLR2004 - Gemini's
    )


def _is_schema(report: ErrorReport, text: str, provider: str) -> bool:
    if report.status not in _SCHEMA_STATUS:
        return False
    named = {re.split(r"[.\[]", field, maxsplit=1)[0] for field in report.fields}
    if named:
        # A field the provider names decides, whatever else its sentence speaks of.
        return bool(named & _SCHEMA_FIELDS)
    if provider == "ollama" and "format" in text:
        return True  # its field for a schema has this plain name
    return _SCHEMA_TEXT.search(text) is not None


_QUESTIONS: tuple[tuple[Meaning, Callable[[ErrorReport, str, str], bool]], ...] = (
    ("credit", _is_credit),
    ("refused", _is_filtered),
    ("bad_json", _is_bad_json),
    ("too_long", _is_too_long),
    ("overloaded", _is_busy),
    ("schema", _is_without_upstream),
    ("model", _is_model),
    ("key", _is_key),
    ("schema", _is_schema),
)


def _by_status(status: int) -> Meaning:
    if status == _TOO_MANY:
        return "rate"
    if status in _PASSING_STATUS or (status >= _SERVER_ERROR and status not in _NEVER_PASSING):
        return "overloaded"
    if status in (404, 410):
        return "model"
    if 300 <= status < 400 or status == 405:  # noqa: PLR2004 - a redirect, or no POST here
        return "address"
    return "request"


def refused_parameter(report: ErrorReport, sent: Iterable[str]) -> str | None:
    """Which of the optional parameters that were sent a 400 or 422 objects to; `None` when none is named."""
    if report.status not in (400, 422):
        return None
    names = list(sent)
    for field in report.fields:
        top = re.split(r"[.\[]", field, maxsplit=1)[0]
        for name in (field, top):
            if name in names:
                return name
    if any(field.split(".", 1)[0] in _SCHEMA_FIELDS for field in report.fields):
        return None
    # The first one in the sentence is what it is about.
    found = [
        (match.start(), name)
        for name in names
        if (match := re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", report.text))
    ]
    return min(found)[1] if found else None


_CODES: dict[Meaning, FailureCode] = {
    "key": "judge_key_refused",
    "credit": "judge_no_credit",
    "model": "judge_model_unknown",
    "too_long": "input_too_long",
    "rate": "judge_rate_limited",
    "overloaded": "judge_unavailable",
    "refused": "judge_refused",
    "schema": "judge_answer_invalid",
    "bad_json": "judge_answer_invalid",
    "address": "judge_unavailable",
    "request": "judge_unavailable",
}

_SENTENCES: dict[Meaning, str] = {
    "key": "{provider} refused the API key: check O2_JUDGE_API_KEY and what the key may do",
    "credit": "{provider} says there is no money or quota left: "
    "add credit or raise the limit at the provider, or use another key in O2_JUDGE_API_KEY",
    "model": "{provider} has no model “{model}”: check O2_JUDGE_MODEL",
    "too_long": "the prompt is too long for “{model}” at {provider}: "
    "use a model with a larger context or send less text",
    "rate": "{provider} limits the rate of calls",
    "overloaded": "{provider} is overloaded or failed",
    "refused": "{provider} refused to judge this content (content filter)",
    "schema": "{provider} does not take this form of structured output for “{model}”",
    "bad_json": "“{model}” at {provider} gave an answer that does not fit the schema",
    "address": "{provider} does not answer at this address: check O2_JUDGE_URL",
    "request": "{provider} refused the request: check O2_JUDGE_MODEL and O2_JUDGE_URL",
}


def judge_error(
    report: ErrorReport, *, provider: str, model: str, secret: str = "", meaning: Meaning | None = None
) -> JudgeModelError:
    """The error to raise: `SchemaRefusedError` for a refused schema, else `JudgeModelError` with its code.

    `secret` is the API key, taken out should the provider repeat it. `x-should-retry` overrules whether a
    passing trouble passes; a bad key, no money and a prompt too long never do.
    """
    meaning = meaning or meaning_of(report, provider)
    message = _message(report, meaning, provider, model)
    if len(secret) >= SHORTEST_SECRET:
        message = message.replace(secret, "…")
    if meaning == "schema":
        return SchemaRefusedError(message, status=report.status)
    retryable = meaning in ("rate", "overloaded")
    if meaning in ("rate", "overloaded", "request") and report.should_retry is not None:
        retryable = report.should_retry
    return JudgeModelError(
        _CODES[meaning],
        message,
        retryable=retryable,
        retry_after=report.retry_after if retryable else None,
        status=report.status,
        model=model,
    )


def _message(report: ErrorReport, meaning: Meaning, provider: str, model: str) -> str:
    sentence = _SENTENCES[meaning].format(provider=provider, model=model)
    if meaning == "model":
        sentence += _model_advice(provider, model)
    told = f"; it says: {report.text}" if report.text else ""
    request = f", request {report.request_id}" if report.request_id else ""
    return f"{sentence}{told} (HTTP {report.status}{request})"


def _model_advice(provider: str, model: str) -> str:
    end = ended(provider, model)
    if end is not None and end.is_past():
        return f" – {end.sentence()}"
    match provider:
        case "azure":
            return " (for Azure the name of the deployment) and the resource in O2_JUDGE_URL"
        case "ollama":
            return f", or fetch it: ollama pull {model}"
        case _:
            return " and O2_JUDGE_URL"

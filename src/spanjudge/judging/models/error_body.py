"""What a provider says went wrong, read from any of the nine shapes error bodies come in."""

import email.utils
import html
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

LONGEST_TEXT = 300

_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid")
_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|key|fw|tgp|xai)[-_][\w*.\-]{6,}|\bAIza[\w\-]{10,}|\bBearer\s+\S+")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_HTTP_ERRORS = range(400, 600)


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """An error as the provider told it.

    `codes` are all its machine-readable words (type, code, status, reason, error class) in lower case;
    `fields` the request's fields it names; `retry_after` in seconds. `text` is one short line without keys.
    """

    status: int
    text: str = ""
    codes: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()
    retry_after: float | None = None
    should_retry: bool | None = None
    request_id: str | None = None


class _Findings:
    """What was gathered while walking through a body."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.codes: set[str] = set()
        self.fields: list[str] = []
        self.status: int | None = None
        self.delay: float | None = None
        self.request_id: str | None = None

    def code(self, value: object) -> None:
        """Keep a word or a number; a number in the range of HTTP's errors is the true status."""
        if isinstance(value, bool) or value is None:
            return
        if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal()):
            number = int(value)
            if number in _HTTP_ERRORS:
                self.status = number
        elif isinstance(value, str) and value:
            self.codes.add(value.lower())

    def text(self, value: object) -> None:
        """Keep a sentence."""
        if isinstance(value, str) and value.strip():
            self.texts.append(value.strip())


def read_error(status: int, headers: Mapping[str, str], body: object) -> ErrorReport:
    """The report of an error answer; `body` is parsed JSON or text.

    An error inside a 200 has the status its own code tells, or 502 when it tells none: the provider
    behind the provider failed.
    """
    found = _Findings()
    _walk(body, found)
    amazon = headers.get("x-amzn-errortype")
    if amazon:
        found.code(amazon.partition(":")[0])
    if status < 300:  # noqa: PLR2004 - HTTP's own border
        status = found.status or 502
    should_retry = {"true": True, "false": False}.get(headers.get("x-should-retry", ""))
    return ErrorReport(
        status=status,
        text=_one_line(found.texts),
        codes=frozenset(found.codes),
        fields=tuple(dict.fromkeys(found.fields)),
        retry_after=retry_after(headers, found.delay),
        should_retry=should_retry,
        request_id=request_id_of(headers) or found.request_id,
    )


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The provider's own name for the call, to quote to its support."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def retry_after(headers: Mapping[str, str], delay: float | None = None) -> float | None:
    """Seconds to wait: `retry-after-ms`, `retry-after` (seconds or an HTTP date), the body's `delay`."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value:
        seconds = _number(value)
        if seconds is not None:
            return seconds
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return delay
        return max(0.0, moment.timestamp() - time.time())
    return delay


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _walk(body: object, found: _Findings) -> None:
    if isinstance(body, list):
        for part in cast("list[object]", body)[:3]:
            _walk(part, found)
    elif isinstance(body, dict):
        _walk_object(cast("dict[str, Any]", body), found)
    elif isinstance(body, str):
        found.text(_plain(body))


def _walk_object(body: dict[str, Any], found: _Findings) -> None:
    for name in ("request_id", "requestId"):
        if isinstance(body.get(name), str):
            found.request_id = body[name]
    for name in ("type", "code", "status", "reason"):
        found.code(body.get(name))
    param = body.get("param")
    if isinstance(param, str) and param:
        found.fields.append(param)
    for name in ("message", "error", "errors"):
        value = body.get(name)
        if name == "error" and isinstance(value, str) and isinstance(body.get("message"), str):
            # A gateway's {"error": "Unauthorized", "message": "…"}: the message tells more.
            found.code(value)
        else:
            _walk(value, found)
    _walk_detail(body.get("detail"), found)
    _walk_details(body.get("details"), found)
    inner = body.get("innererror")
    if isinstance(inner, dict):
        found.code(cast("dict[str, Any]", inner).get("code"))
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        _walk_metadata(cast("dict[str, Any]", metadata), found)


def _walk_detail(detail: object, found: _Findings) -> None:
    """FastAPI's: a sentence, or a list of fields and what is wrong with each."""
    if not isinstance(detail, list):
        _walk(detail, found)
        return
    for part in cast("list[object]", detail)[:5]:
        if not isinstance(part, dict):
            _walk(part, found)
            continue
        fault = cast("dict[str, Any]", part)
        loc: object = fault.get("loc")
        path = [str(step) for step in cast("list[object]", loc)] if isinstance(loc, list) else []
        if path[:1] == ["body"]:
            path = path[1:]
        if path:
            found.fields.append(".".join(path))
        found.code(fault.get("type"))
        # `input` holds what was sent, and is never repeated.
        found.text(f"{'.'.join(path)}: {fault.get('msg')}" if path else fault.get("msg"))


def _walk_details(details: object, found: _Findings) -> None:
    """Google's list of typed details, or Anthropic's object with an error code."""
    if isinstance(details, dict):
        found.code(cast("dict[str, Any]", details).get("error_code"))
        return
    if not isinstance(details, list):
        return
    for detail in cast("list[object]", details):
        if not isinstance(detail, dict):
            continue
        part = cast("dict[str, Any]", detail)
        found.code(part.get("reason"))
        delay = part.get("retryDelay")
        if isinstance(delay, str):
            found.delay = _number(delay.removesuffix("s"))
        violations: object = part.get("violations")
        if isinstance(violations, list):
            for violation in cast("list[object]", violations):
                if isinstance(violation, dict):
                    found.code(cast("dict[str, Any]", violation).get("quotaId"))


def _walk_metadata(metadata: dict[str, Any], found: _Findings) -> None:
    """OpenRouter's: the upstream's own error as text, and why its moderation objected."""
    if metadata.get("reasons"):
        found.code("content_filter")
    raw = metadata.get("raw")
    if isinstance(raw, str):
        status = found.status
        try:
            _walk(msgspec.json.decode(raw), found)
        except msgspec.DecodeError:
            found.text(_plain(raw))
        found.status = status or found.status


def _plain(text: str) -> str:
    """A web page's words; other text as it is."""
    if "<" in text and re.search(r"<(html|!doctype|body|head|title)\b", text[:2000], re.IGNORECASE):
        return html.unescape(_TAGS.sub(" ", text[:20_000]))
    return text


def _one_line(texts: Iterable[str]) -> str:
    text = " ".join(": ".join(dict.fromkeys(texts)).split())
    text = _KEY_LIKE.sub("…", text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"

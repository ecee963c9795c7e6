"""What the mock judge does with one request; the constructors name what goes wrong in the field."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it arrived; header names in lower case, `body` parsed (`None` when it is no JSON)."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    body: Any

    @property
    def fields(self) -> dict[str, Any]:
        """The body's fields; none when it is no object."""
        body: object = self.body
        return cast("dict[str, Any]", body) if isinstance(body, dict) else {}

    @property
    def text(self) -> str:
        """The body as text, to look for a prompt's words in."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How one request is answered. Without anything set, the wire fills the request's schema.

    Of the transport: `body` (an object is sent as JSON, text and bytes as they are) takes the wire's place;
    `seconds` and `until` hold the answer back; `cut` ends the connection in the middle of the body, `drop`
    before the first byte. Of the model: `answer` (an object is written as JSON, text stays as it is; a
    function gets the filled schema), `wrap` puts text around it, `finish`, `refusal`, `usage` (`None`: left
    out), `model` and `message` (more fields of the message) go where the wire has them.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = "application/json"
    body: Any = None
    seconds: float = 0.0
    until: asyncio.Event | None = None
    cut: bool = False
    drop: bool = False
    before: bytes = b""

    answer: Any = None
    wrap: Callable[[str], str] | None = None
    finish: str | None = None
    refusal: str | None = None
    usage: Mapping[str, Any] | None = field(default_factory=dict[str, Any])
    model: str | None = None
    message: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def says(self, filled: Any) -> str:
        """The text the model gives, from the schema's simplest value."""
        answer = filled
        if callable(self.answer):
            answer = self.answer(filled)
        elif self.answer is not None:
            answer = self.answer
        text = answer if isinstance(answer, str) else msgspec.json.encode(answer).decode()
        return self.wrap(text) if self.wrap else text


Rule = Callable[[Received], Behaviour | None]
"""A provider's rule: the refusal, or `None` when the request keeps it."""


def error(status: int, body: Any, **headers: str) -> Behaviour:
    """Any error; `retry_after="3"` becomes the header `retry-after`."""
    return Behaviour(
        status=status,
        body=body,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def openai_error(
    status: int,
    message: str,
    *,
    code: str | int | None = None,
    kind: str | None = "invalid_request_error",
    param: str | None = None,
    **headers: str,
) -> Behaviour:
    """The first of the nine shapes."""
    detail = {"message": message, "type": kind, "param": param, "code": code}
    return error(status, {"error": detail}, **headers)


def rate_limited(**headers: str) -> Behaviour:
    """429, with the headers given (`retry_after="1"`) or none."""
    return openai_error(429, "Rate limit reached", code="rate_limit_exceeded", kind="requests", **headers)


def overloaded(status: int = 503) -> Behaviour:
    """5xx."""
    return openai_error(status, "The server is overloaded", code="server_is_overloaded", kind="server_error")


def slow(seconds: float) -> Behaviour:
    """A good answer, late."""
    return Behaviour(seconds=seconds)


def held(until: asyncio.Event) -> Behaviour:
    """A good answer, once the event is set."""
    return Behaviour(until=until)


def cut_off() -> Behaviour:
    """The connection ends in the middle of the body."""
    return Behaviour(cut=True)


def dropped() -> Behaviour:
    """The connection ends before the first byte."""
    return Behaviour(drop=True)


def in_prose() -> Behaviour:
    """Right JSON with sentences around it."""
    return Behaviour(wrap=lambda text: f"Sure! Here is my verdict:\n\n{text}\n\nHope this helps.")


def fenced() -> Behaviour:
    """Right JSON in a code fence."""
    return Behaviour(wrap=lambda text: f"```json\n{text}\n```")


def wrong_label() -> Behaviour:
    """Every text of the answer is a label nobody asked for."""

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoil(part) for key, part in cast("dict[str, Any]", value).items()}
        return cast("list[Any]", value) if isinstance(value, list) else "NO_SUCH_LABEL"

    return Behaviour(answer=spoil)


def refused() -> Behaviour:
    """The model declines."""
    return Behaviour(refusal="I cannot help with that.")


def empty() -> Behaviour:
    """Nothing but white space, as if that were an answer."""
    return Behaviour(answer="  \n ")


def cut_by_length() -> Behaviour:
    """The output cap was reached in the middle of the JSON."""
    return Behaviour(wrap=lambda text: text[: len(text) // 2], finish="length")


def web_page(status: int = 200) -> Behaviour:
    """A proxy's page where an API should be."""
    page = "<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
    return Behaviour(status=status, body=page, content_type="text/html")


def huge(size: int = 9 * 1024 * 1024) -> Behaviour:
    """More than any judge answers."""
    return Behaviour(body=b'{"filler": "' + b"x" * size + b'"}')

"""What is wrong with a request, in the words of the Remote Scorer contract."""

from typing import Any, Literal, cast

import msgspec

Word = Literal[
    "INVALID_JSON",
    "INVALID_TEMPLATE",
    "UNKNOWN_SCORER",
    "MISSING_INPUT",
    "UNAUTHORIZED",
    "INPUT_TOO_LONG",
    "RATE_LIMITED",
    "OVERLOADED",
    "BUDGET_EXHAUSTED",
    "JUDGE_PARSE_ERROR",
    "JUDGE_REFUSED",
    "UPSTREAM_ERROR",
    "UPSTREAM_TIMEOUT",
    "INTERNAL",
    "FORBIDDEN",
    "IDEMPOTENCY_KEY_REUSED",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "REQUEST_TIMEOUT",
    "UNSUPPORTED_MEDIA_TYPE",
    "HEADERS_TOO_LARGE",
    "INVALID_REQUEST",
    "NOT_READY",
]
"""The contract's code words, and ours for what the contract has no word for (HTTP's own errors)."""

STATUS: dict[Word, int] = {
    "INVALID_JSON": 400,
    "INVALID_TEMPLATE": 400,
    "UNKNOWN_SCORER": 400,
    "MISSING_INPUT": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "INPUT_TOO_LONG": 413,
    "RATE_LIMITED": 429,
    "OVERLOADED": 503,
    "BUDGET_EXHAUSTED": 429,
    "JUDGE_PARSE_ERROR": 500,
    # The contract gives 500 to an answer that does not fit the expected shape; a refusal is one.
    "JUDGE_REFUSED": 500,
    "UPSTREAM_ERROR": 502,
    "UPSTREAM_TIMEOUT": 504,
    "INTERNAL": 500,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "HEADERS_TOO_LARGE": 431,
    "INVALID_REQUEST": 400,
    "NOT_READY": 503,
}
"""The HTTP status each word is answered with, unless the place that raises it knows better."""

MAX_BODY_BYTES = 3_999
"""The client in the field keeps 4,096 bytes of an answer; the contract says below 4,000."""


class Answer(msgspec.Struct, frozen=True):
    """What goes back over HTTP: a status, a JSON body, and seconds for `Retry-After` when known."""

    status: int
    body: bytes
    retry_after: float | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every error on every path."""

    code: str
    reason: str
    detail: str


class Problem(Exception):  # noqa: N818  # a noun of the contract; it never leaves the server
    """A request that cannot be evaluated. `reason` says what is wrong and what to do about it."""

    def __init__(
        self,
        word: Word,
        reason: str,
        *,
        detail: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`detail` is the reason again when there is nothing more to say; `status` the word's own."""
        super().__init__(reason)
        self.word: Word = word
        self.reason = reason
        self.detail = detail or reason
        self.status = status or STATUS[word]
        self.retry_after = retry_after

    def answer(self) -> Answer:
        """As it is sent."""
        return Answer(self.status, error_body(self.word, self.reason, self.detail), self.retry_after)


def error_body(word: str, reason: str, detail: str | None = None) -> bytes:
    """The JSON of an error, below the size the client in the field keeps."""
    body = encode(ErrorBody(word, reason, detail or reason))
    if len(body) <= MAX_BODY_BYTES:
        return body
    room = (MAX_BODY_BYTES - len(encode(ErrorBody(word, "", "")))) // 2
    return encode(ErrorBody(word, cut(reason, room), cut(detail or reason, room)))


def encode(value: object) -> bytes:
    """JSON in UTF-8; lone surrogates, which UTF-8 cannot carry, become question marks."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(without_surrogates(msgspec.to_builtins(value)))


def cut(text: str, size: int) -> str:
    """The longest beginning of a text that takes at most `size` bytes inside a JSON string."""
    if size <= 0:
        return ""
    if _size(text) <= size:
        return text
    fits, too_long = 0, min(len(text), size)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if _size(text[:middle] + "…") <= size:
            fits = middle
        else:
            too_long = middle
    return text[:fits] + "…" if fits else ""


def _size(text: str) -> int:
    return len(encode(text)) - 2


def without_surrogates(value: Any) -> Any:
    """Any JSON value with its lone surrogates, which UTF-8 cannot carry, turned into question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        found = cast("dict[Any, Any]", value)
        return {without_surrogates(key): without_surrogates(inner) for key, inner in found.items()}
    if isinstance(value, list):
        return [without_surrogates(inner) for inner in cast("list[Any]", value)]
    return value


_encoder = msgspec.json.Encoder()

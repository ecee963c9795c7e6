"""How this server answers: one shape for every error, one set of headers for everything."""

import http
import logging
import traceback
from collections.abc import Iterable

from spanjudge.remote_scorer.problem import STATUS, Answer, Problem, Word, error_body
from spanjudge.server.limits import Send

logger = logging.getLogger(__name__)

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
JSON_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"application/json"),
    *SECURITY_HEADERS,
)

_WORDS: dict[int, Word] = {
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    413: "INPUT_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL",
    503: "OVERLOADED",
}


async def respond(
    send: Send, answer: Answer, headers: Iterable[tuple[bytes, bytes]] = (), *, body: bool = True
) -> None:
    """Send an answer; without its body for HEAD."""
    fields = [*JSON_HEADERS, (b"content-length", str(len(answer.body)).encode()), *headers]
    if answer.retry_after is not None:
        fields.append((b"retry-after", str(max(1, round(answer.retry_after))).encode()))
    if answer.status == STATUS["UNAUTHORIZED"]:
        fields.append((b"www-authenticate", b'Bearer realm="spanjudge"'))
    await send({"type": "http.response.start", "status": answer.status, "headers": fields})
    await send({"type": "http.response.body", "body": answer.body if body else b""})


def unauthorized() -> Problem:
    """No token, or a wrong one."""
    return Problem(
        "UNAUTHORIZED",
        "The token is missing or wrong: send the value of O2_JUDGE_AUTH_TOKEN as “Authorization: Bearer …”, "
        "as the password of Basic, or as the value of an API key header.",
    )


def forbidden(scope: str) -> Problem:
    """A good token that may not do this."""
    return Problem(
        "FORBIDDEN",
        f"This token lacks the scope “{scope}”: use one that has it (spanjudge tokens new --scope {scope}).",
    )


def not_found() -> Problem:
    """No such path."""
    return Problem("NOT_FOUND", "There is nothing at this path: evaluations go to /evaluate, see /docs.")


def elsewhere(what: str, role: str) -> Problem:
    """Something that other processes do."""
    return Problem(
        "NOT_FOUND",
        f"This process does not {what}: ask one with the role {role} (SPANJUDGE_ROLE, `serve --role`).",
    )


def not_allowed(allowed: str) -> Problem:
    """A path that is there and a method that is not."""
    return Problem("METHOD_NOT_ALLOWED", f"This path does not take that method: use {allowed}.")


def internal(error: BaseException) -> Problem:
    """An error of our own: the log says where it happened, and never what was sent."""
    logger.error(
        "Request failed inside: %s\n%s",
        type(error).__name__,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    return Problem(
        "INTERNAL",
        "The server failed inside: see its log for the place, and report it.",
        detail=type(error).__name__,
    )


def of_status(status: int, reason: str) -> Answer:
    """An error that only has an HTTP status, in our shape."""
    return Answer(status, error_body(_WORDS.get(status, "INVALID_REQUEST"), reason))


def raw_response(word: Word, reason: str, retry_after: int | None = None) -> bytes:
    """A whole HTTP/1.1 response, for what fails before there is a request; the connection closes after it."""
    status = http.HTTPStatus(STATUS[word])
    body = error_body(word, reason)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [b"%s: %s" % header for header in JSON_HEADERS]
    lines += [b"content-length: %d" % len(body), b"connection: close"]
    if retry_after is not None:
        lines.append(b"retry-after: %d" % retry_after)
    return b"\r\n".join([*lines, b"", body])

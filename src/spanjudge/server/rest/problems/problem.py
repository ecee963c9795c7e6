"""Errors under `/api/v1`, as RFC 9457 problem details (https://www.rfc-editor.org/rfc/rfc9457)."""

import http
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from spanjudge.remote_scorer.problem import encode

MEDIA_TYPE = "application/problem+json"

CODES: dict[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many",
    500: "internal",
    502: "judge_failed",
    503: "unavailable",
    504: "judge_timeout",
}
"""The code of a problem that names none of its own, by its status."""

NOTHING_HERE = "There is nothing at this path: see /docs."
MOST_ERRORS = 50
LONGEST_TEXT = 2_000


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field; `field` is a path as people write it: `scope.rules[1].attribute`."""

    field: str
    message: str


class ApiProblem(Exception):  # noqa: N818  # a noun of the RFC; it never leaves the server
    """A request that is not answered as it was asked. `detail` says what is wrong and what to do.

    `extra` are further members of the body (RFC 9457 calls them extensions); `retry_after` is seconds.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Without a `code` it is the one of the status, see `CODES`."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or CODES.get(status, "error")
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(max(1, round(retry_after)))
        if status == http.HTTPStatus.UNAUTHORIZED:
            self.headers["www-authenticate"] = 'Bearer realm="spanjudge"'

    def fields(self) -> dict[str, Any]:
        """The members of the body."""
        return {
            **self.extra,
            "type": "about:blank",
            "title": _title(self.status),
            "status": self.status,
            "detail": _short(self.detail),
            "code": self.code,
            "errors": [
                {"field": _short(one.field), "message": _short(one.message)}
                for one in self.errors[:MOST_ERRORS]
            ],
        }

    def body(self) -> bytes:
        """The JSON of it."""
        return encode(self.fields())


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"

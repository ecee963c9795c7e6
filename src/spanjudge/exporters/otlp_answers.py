"""What a backend's answer to an OTLP request means, and how a person is told.

https://opentelemetry.io/docs/specs/otlp/#failures
"""

import re
from email.utils import parsedate_to_datetime

from spanjudge.pipeline.ports import ExportError
from spanjudge.telemetry.routes import Route

HIDDEN = "(hidden)"
LONGEST_WORDS = 200
"""Characters of a backend's own words that are shown."""

SETTING_SECONDS = 60.0
"""How soon something is tried again that only a changed setting, here or there, will mend."""

_RETRYABLE = frozenset({429, 502, 503, 504})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\uffff]+")


class TooLargeError(Exception):
    """The backend takes only smaller requests."""


def http_error(
    route: Route, status: int, words: str, *, retry_after: str | None = None, now: float
) -> ExportError:
    """The error for any answer but 2xx and 413. `now` is in seconds since 1970."""
    said = quoted(route, words)
    where = f"{route.signal} to {route.shown}"
    if status in _RETRYABLE:
        wait = seconds_of(retry_after, now=now)
        return ExportError(
            f"{where}: the backend is busy or away (HTTP {status}){said}", retryable=True, retry_after=wait
        )
    if status == 401:  # noqa: PLR2004  HTTP: no valid credentials
        return _setting(f"{where}: the backend does not know us (HTTP 401){said}; {_credentials(route)}")
    if status == 403:  # noqa: PLR2004  HTTP: credentials without the right
        return _setting(
            f"{where}: the backend does not let us write (HTTP 403){said}; {_credentials(route)}, or give "
            "its key the right to write"
        )
    if status in (404, 405) or 300 <= status < 400:  # noqa: PLR2004  nothing there, not by POST, elsewhere
        return _setting(
            f"{where}: there is no OTLP receiver (HTTP {status}){said}; check {route.named('ENDPOINT')}"
            f"{_unwanted(route)}"
        )
    return ExportError(f"{where}: the backend refused it for good (HTTP {status}){said}", retryable=False)


_GRPC_RETRYABLE = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)


def grpc_error(route: Route, code: str, words: str, *, retry_after: float | None = None) -> ExportError:
    """The error for any status but OK; `code` is its name.

    `RESOURCE_EXHAUSTED` is retryable only when the backend said when, as the specification has it.
    """
    said = quoted(route, words)
    where = f"{route.signal} to {route.shown}"
    if code in _GRPC_RETRYABLE or (code == "RESOURCE_EXHAUSTED" and retry_after is not None):
        if code == "DEADLINE_EXCEEDED":
            return timed_out(route)
        return ExportError(
            f"{where}: the backend is busy or away ({code}){said}{_hint(route)}",
            retryable=True,
            retry_after=retry_after,
        )
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return _setting(f"{where}: the backend does not let us write ({code}){said}; {_credentials(route)}")
    if code in ("UNIMPLEMENTED", "NOT_FOUND"):
        return _setting(
            f"{where}: there is no OTLP receiver for {route.signal} ({code}){said}; check "
            f"{route.named('ENDPOINT')}{_unwanted(route)}"
        )
    return ExportError(f"{where}: the backend refused it for good ({code}){said}", retryable=False)


def not_connected(route: Route, why: str, *, tls: bool = False) -> ExportError:
    """No connection: refused, no such host, or no agreement about TLS."""
    fix = (
        f"{route.named('CERTIFICATE')} is the file of the authority that signed its certificate"
        if tls
        else f"is the backend running? {route.named('ENDPOINT')} says where it is"
    )
    return ExportError(
        f"{route.signal} to {route.shown}: no connection ({why}); {fix}{_hint(route)}", retryable=True
    )


def timed_out(route: Route) -> ExportError:
    """Nothing came back in time."""
    return ExportError(
        f"{route.signal} to {route.shown}: no answer in {route.timeout:g} s; "
        f"{route.named('TIMEOUT')} allows more",
        retryable=True,
    )


def quoted(route: Route, words: str) -> str:
    """The backend's words as part of a sentence: short, printable, without what we sent as a secret."""
    words = _UNPRINTABLE.sub(" ", words)
    for secret in route.secrets:
        if len(secret) >= 4:  # noqa: PLR2004  shorter ones are in ordinary words
            words = words.replace(secret, HIDDEN)
    words = " ".join(words.split())
    if len(words) > LONGEST_WORDS:
        words = words[: LONGEST_WORDS - 1] + "…"
    return f": “{words}”" if words else ""


def seconds_of(retry_after: str | None, *, now: float) -> float | None:
    """`Retry-After` in seconds: a number or an HTTP date; `None` when it is neither."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(int(retry_after.strip())))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, TypeError):
        return None


def _setting(message: str) -> ExportError:
    """A wrong setting loses nothing: results wait, and go when it is put right."""
    return ExportError(message, retryable=True, retry_after=SETTING_SECONDS)


def _credentials(route: Route) -> str:
    name = route.named("HEADERS")
    if route.headers:
        return f"check the value of {', '.join(sorted(route.headers))} in {name}"
    return f"set its key in {name}, such as authorization=Bearer%20KEY"


def _unwanted(route: Route) -> str:
    if not route.settings.isupper():
        return f", or take {route.signal} out of {route.named('SIGNALS')}"
    if route.settings == "OTEL_EXPORTER_OTLP":
        return f", or set OTEL_{route.signal.upper()}_EXPORTER=none when it takes no {route.signal}"
    return f", or leave {route.signal} out of {route.named('SIGNALS')} when it takes none"


def _hint(route: Route) -> str:
    """The most frequent mistake: the port of one protocol with the other protocol."""
    other = {"grpc": ":4318", "http/protobuf": ":4317", "http/json": ":4317"}[route.protocol]
    if other not in route.shown:
        return ""
    usual = "HTTP: set http/protobuf" if route.protocol == "grpc" else "gRPC: set grpc"
    return f"; port {other[1:]} usually speaks {usual} as {route.named('PROTOCOL')}"

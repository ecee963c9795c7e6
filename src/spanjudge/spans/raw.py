"""Spans and log records as they were sent, before any dialect is understood."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from spanjudge.spans.lazy import lazy

Attributes = Mapping[str, Any]
"""Native values: text, bool, int, float, bytes, lists and mappings of these."""

_GENAI = "gen_ai."
_VERDICTS = "gen_ai.evaluation."
"""Events of evaluations, our own results among them: about a span, and no content of it."""

STATUS_UNSET, STATUS_OK, STATUS_ERROR = 0, 1, 2


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent: the resource's attributes; `service` is `service.name`, or `unknown_service`."""

    service: str = "unknown_service"
    attributes: Attributes = {}


class RawEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event on a span. `time_ns` is nanoseconds since 1970."""

    name: str
    attributes: Attributes = {}
    time_ns: int = 0


class LogEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A log record that belongs to a span: some instrumentations put all content there.

    `name` is the event name, from its field or from the attribute `event.name`; `body` is native, and may
    be JSON text. Ids are lower-case hexadecimal.
    """

    trace_id: str
    span_id: str
    name: str = ""
    body: Any = None
    attributes: Attributes = {}
    time_ns: int = 0
    scope: str = ""


def is_about_genai(name: str, attributes: Attributes, body: object) -> bool:
    """Whether a log record may carry content of a span, going by its event name and its keys."""
    if name.startswith(_VERDICTS):
        return False
    if name.startswith(_GENAI):
        return True
    keys = [*attributes, *(cast("Mapping[str, Any]", body) if isinstance(body, Mapping) else ())]
    return any(key.startswith(_GENAI) and not key.startswith(_VERDICTS) for key in keys)


class RawSpan:
    """One span as it was sent. Attributes and events are decoded when they are first looked at.

    Ids are lower-case hexadecimal (32 and 16 digits); `parent_span_id` of a root span is empty. Times are
    nanoseconds since 1970, `status_code` one of `STATUS_…`, `kind` OTLP's number.
    """

    def __init__(
        self,
        *,
        trace_id: str,
        span_id: str,
        parent_span_id: str = "",
        name: str = "",
        kind: int = 0,
        start_ns: int = 0,
        end_ns: int = 0,
        status_code: int = STATUS_UNSET,
        status_message: str = "",
        resource: Resource | None = None,
        scope: str = "",
        scope_version: str = "",
        attributes: Attributes | Callable[[], Attributes] | None = None,
        events: tuple[RawEvent, ...] | Callable[[], tuple[RawEvent, ...]] = (),
    ) -> None:
        """`attributes` and `events` are values, or what makes them at the first look."""
        self.trace_id = trace_id
        self.span_id = span_id
        self.parent_span_id = parent_span_id
        self.name = name
        self.kind = kind
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.status_code = status_code
        self.status_message = status_message
        self.resource = resource or Resource()
        self.scope = scope
        self.scope_version = scope_version
        self.operation: tuple[str | None, str | None] | None = None
        """What `operation_of` says, once it was asked: every dialect wants to know."""
        self._attributes = attributes
        self._events = events

    @lazy
    def attributes(self) -> Attributes:
        """Every attribute by its key."""
        given = self._attributes
        found = given() if callable(given) else given or {}
        # What made them holds the whole message: it is let go.
        self._attributes = found
        return found

    @lazy
    def events(self) -> tuple[RawEvent, ...]:
        """The span's events, in the order they were sent."""
        given = self._events
        found = self._events = given() if callable(given) else given
        return found

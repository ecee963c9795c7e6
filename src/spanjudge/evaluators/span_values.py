"""What a rule finds on a span under the name of an attribute."""

import re
from collections.abc import Callable
from typing import Any

from spanjudge.spans.facts import Facts, facts
from spanjudge.spans.lazy import lazy
from spanjudge.spans.normalize import normalize
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import Span

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")
"""OTLP's words for the kind and the status of a span, by number."""

_NO_CONTENT = re.compile(
    r"(?:tokens?|[._](?:model|name|id|type|kind|version|mime_type|reasons?|role|count))$"
)
_CONTENT = re.compile(
    r"prompt|completion|message|instruction|content|query|document|argument|(?:^|[._])(?:input|output|args|result"
    r"|llm_request|llm_response|text|object|toolcalls|value|request_data|response_data|tool_response|final_result)"
    r"(?:$|[._])|spaninputs|spanoutputs|\.(?:input|output)$"
)


class Seen:
    """A span as rules look at it: as it was sent, and what was understood of it.

    Everything but `raw` is made when it is first looked at; `span` is what makes the normalised span.
    """

    def __init__(
        self, raw: RawSpan, known: Facts | None = None, span: Callable[[], Span] | None = None
    ) -> None:
        """`known` are the span's facts when the caller has them already."""
        self.raw = raw
        self._known = known
        self._make = span

    @lazy
    def facts(self) -> Facts:
        """What is cheap to know."""
        return self._known if self._known is not None else facts(self.raw)

    @lazy
    def span(self) -> Span:
        """The span, normalised: takes time."""
        return self._make() if self._make is not None else normalize(self.raw, known=self.facts)


Reader = Callable[[Seen], Any]


def reader(attribute: str) -> Reader:
    """How the value of an attribute is found on a span; the reader gives `None` when it is not there.

    In this order: what every span has (`name`, `kind`, `status`, `parent_span_id` and so on); for six names
    of the GenAI conventions the normalised value, whatever the dialect, and the attribute as it was sent when
    nothing is understood; `resource.KEY` and `attributes.KEY`; the span's attribute; the resource's.
    """
    found = _READERS.get(attribute)
    if found is not None:
        return found
    if attribute.startswith("resource."):
        return _of_resource(attribute)
    if attribute.startswith("attributes."):
        return _of_attributes(attribute)
    return _plain(attribute)


def is_slow(attribute: str) -> bool:
    """Whether the value may need the whole span to be normalised."""
    return attribute in _SLOW


def holds_content(attribute: str) -> bool:
    """Whether an attribute carries what people and models wrote, going by its name."""
    name = attribute.lower()
    return attribute == "status_message" or (
        _CONTENT.search(name) is not None and _NO_CONTENT.search(name) is None
    )


def _plain(key: str) -> Reader:
    def read(seen: Seen) -> Any:
        value = seen.raw.attributes.get(key)
        return seen.raw.resource.attributes.get(key) if value is None else value

    return read


def _of_resource(attribute: str) -> Reader:
    key = attribute.removeprefix("resource.")

    def read(seen: Seen) -> Any:
        value = seen.raw.resource.attributes.get(key)
        # Some SDKs send span attributes that are called so (Vercel: resource.name).
        return seen.raw.attributes.get(attribute) if value is None else value

    return read


def _of_attributes(attribute: str) -> Reader:
    key = attribute.removeprefix("attributes.")

    def read(seen: Seen) -> Any:
        value = seen.raw.attributes.get(key)
        return seen.raw.attributes.get(attribute) if value is None else value

    return read


def _understood(attribute: str, of: Reader) -> Reader:
    def read(seen: Seen) -> Any:
        value = of(seen)
        return seen.raw.attributes.get(attribute) if value is None else value

    return read


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else words[0]


def _model(attribute: str, of: Reader) -> Reader:
    """The attribute itself when it says something: then the whole span need not be read for it."""

    def read(seen: Seen) -> Any:
        value = seen.raw.attributes.get(attribute)
        if value and value != "unknown":
            return value
        return of(seen) or value if seen.facts.model is not None else value

    return read


_READERS: dict[str, Reader] = {
    "span_id": lambda seen: seen.raw.span_id,
    "trace_id": lambda seen: seen.raw.trace_id,
    "parent_span_id": lambda seen: seen.raw.parent_span_id,
    "name": lambda seen: seen.raw.name,
    "kind": lambda seen: _word(KINDS, seen.raw.kind),
    "status": lambda seen: _word(STATUSES, seen.raw.status_code),
    "status_message": lambda seen: seen.raw.status_message,
    "duration_ms": lambda seen: max(0, seen.raw.end_ns - seen.raw.start_ns) / 1e6,
    "service.name": lambda seen: seen.raw.resource.service,
    "scope.name": lambda seen: seen.raw.scope,
    "scope.version": lambda seen: seen.raw.scope_version,
    "gen_ai.operation.name": _understood("gen_ai.operation.name", lambda seen: seen.facts.operation),
    "gen_ai.provider.name": _understood("gen_ai.provider.name", lambda seen: seen.facts.provider),
    "gen_ai.conversation.id": _understood("gen_ai.conversation.id", lambda seen: seen.facts.conversation_id),
    "gen_ai.agent.name": _understood("gen_ai.agent.name", lambda seen: seen.facts.agent),
    "gen_ai.request.model": _model("gen_ai.request.model", lambda seen: seen.span.request_model),
    "gen_ai.response.model": _model("gen_ai.response.model", lambda seen: seen.span.response_model),
}
COMPUTED: tuple[str, ...] = tuple(_READERS)
"""Names under which rules find something that is no attribute of the span as it was sent."""

_SLOW = frozenset({"gen_ai.request.model", "gen_ai.response.model"})

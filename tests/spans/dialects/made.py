"""Spans made by hand, read as the pipeline reads them."""

import json
from typing import Any

from spanjudge.spans.normalize import normalize
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import Span

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def raw_span(attributes: dict[str, Any], name: str = "a span", parent: str = "", scope: str = "") -> RawSpan:
    return RawSpan(
        trace_id=TRACE, span_id=SPAN, parent_span_id=parent, name=name, scope=scope, attributes=attributes
    )


def read(attributes: dict[str, Any], name: str = "a span", parent: str = "", scope: str = "") -> Span:
    return normalize(raw_span(attributes, name, parent, scope))


def packed(value: Any) -> str:
    return json.dumps(value)


def calls(span: Span) -> list[tuple[str, Any]]:
    return [(call.name, call.arguments) for call in span.tool_calls]


def texts(span: Span) -> list[str]:
    return [document.content for document in span.context]

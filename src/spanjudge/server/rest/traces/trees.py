"""The spans of one trace as a tree, depth first."""

from collections.abc import Iterator, Mapping, Sequence

from spanjudge.pipeline.listings import Verdicts
from spanjudge.pipeline.ports import StoredSpan
from spanjudge.pipeline.receive import session_id
from spanjudge.pipeline.subjects import read_stored
from spanjudge.pipeline.trace import Trace
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.traces import TreeSpan
from spanjudge.server.rest.traces.rows import milliseconds, verdicts_shape
from spanjudge.spans.span import Span

_NONE = Verdicts()


class TraceTree:
    """Reads every span: not for the event loop."""

    def __init__(self, stored: Sequence[StoredSpan], of_spans: Mapping[str, Verdicts]) -> None:
        """`stored` are of one trace, at least one; `of_spans` are outcomes by span id."""
        spans = [read_stored(one)[1] for one in stored]
        self._trace = Trace(spans)
        self._of_spans = of_spans
        self.trace_id = stored[0].trace_id
        conversations = (span for span in self._trace.spans if span.conversation_id)
        speaking = next(conversations, None)
        self.session_id = (
            session_id(speaking.conversation_id) if speaking and speaking.conversation_id else ""
        )
        """The session it is part of, or nothing."""
        self.told_span_id = (speaking or self._trace.head).span_id
        """A span that knows the session, if any does."""
        counts = [count for call in self._trace.calls if (count := tokens_of(call)) is not None]
        self.tokens = sum(counts) if counts else None
        """Of its model calls, each once."""

    def rows(self, start_ns: int) -> list[TreeSpan]:
        """In the order of a depth-first walk; offsets are from `start_ns`."""
        return [self._row(span, depth, start_ns) for span, depth in self._walk()]

    def _walk(self) -> Iterator[tuple[Span, int]]:
        tree = self._trace.tree
        seen: set[str] = set()
        # A circle of parents has no root: it begins with its first span.
        for root in (*tree.roots, *self._trace.spans):
            waiting = [(root, 0)]
            while waiting:
                span, depth = waiting.pop()
                if span.span_id in seen:
                    continue
                seen.add(span.span_id)
                yield span, depth
                waiting += [(child, depth + 1) for child in reversed(tree.children(span))]

    def _row(self, span: Span, depth: int, start_ns: int) -> TreeSpan:
        return TreeSpan(
            span_id=span.span_id,
            parent_span_id=span.parent_span_id or None,
            depth=depth,
            name=readable(span.name),
            service=readable(span.service),
            operation=span.operation,
            label=readable(_label(span)),
            offset_ms=milliseconds(start_ns, span.start_ns),
            duration_ms=milliseconds(span.start_ns, span.end_ns),
            error=span.error is not None,
            duplicate=self._trace.tree.judged_instead_of(span) is not None,
            tokens=tokens_of(span),
            verdicts=verdicts_shape(self._of_spans.get(span.span_id, _NONE)),
        )


def tokens_of(span: Span) -> int | None:
    """What a call read and wrote, as far as it is recorded."""
    used = span.usage
    return None if used is None else (used.input or 0) + (used.output or 0)


def _label(span: Span) -> str:
    """Model, tool or agent, unless the name says it."""
    if span.operation == "execute_tool":
        label = span.tool_name or ""
    elif span.operation in {"invoke_agent", "create_agent"}:
        label = span.agent or ""
    else:
        label = span.response_model or span.request_model or ""
    return "" if label in span.name else label

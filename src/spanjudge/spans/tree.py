"""The spans of one or more traces as trees: who is inside whom, which calls were recorded twice."""

from collections.abc import Iterable, Iterator

from spanjudge.spans.span import Document, Message, Span, ToolResultPart

_Key = tuple[str, str]


class SpanTree:
    """Spans by their parents. Spans may be missing, come in any order, twice, or be their own ancestors."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """Of a span that is given twice the first is kept."""
        self._spans: dict[_Key, Span] = {}
        for span in spans:
            self._spans.setdefault(_key(span), span)
        self._children: dict[_Key, list[Span]] = {}
        self._told: dict[str, list[Span]] = {}
        roots: list[Span] = []
        for span in self._spans.values():
            if span.context and not span.is_model_call:
                self._told.setdefault(span.trace_id, []).append(span)
            if self.parent(span) is None:
                roots.append(span)
            else:
                self._children.setdefault((span.trace_id, span.parent_span_id), []).append(span)
        for children in self._children.values():
            children.sort(key=_order)
        self.roots: tuple[Span, ...] = tuple(sorted(roots, key=_order))
        """Spans whose parent is not here, in order of start."""

    def parent(self, span: Span) -> Span | None:
        """The span around this one, where it is known."""
        if not span.parent_span_id or span.parent_span_id == span.span_id:
            return None
        return self._spans.get((span.trace_id, span.parent_span_id))

    def children(self, span: Span) -> tuple[Span, ...]:
        """The spans right inside this one, in order of start."""
        return tuple(self._children.get(_key(span), ()))

    def same_call_as_parent(self, span: Span) -> bool:
        """Whether this is the model call that its parent records too: a model call inside a model call."""
        parent = self.parent(span)
        return span.is_model_call and parent is not None and parent.is_model_call

    def judged_instead_of(self, span: Span) -> Span | None:
        """The span that is judged in place of this one; `None` when this one is.

        Of spans that record one call that is the innermost with an answer, or with any content where none
        has an answer. It does not depend on which of them came first. Of a streamed call that is split in
        two it is the later span, which holds the answer.
        """
        if not span.is_model_call:
            return None
        inner = self._richest_inside(span)
        best = inner if inner is not None and _worth(inner) >= max(_worth(span), 1) else span
        for outer in self._calls_around(span):
            if _worth(outer) > _worth(best):
                best = outer
        if best is not span:
            # What is preferred to this span may itself be recorded elsewhere again.
            inner = self._richest_inside(best)
            return (
                inner if inner is not None and inner is not span and _worth(inner) >= _worth(best) else best
            )
        return self._stream_of(span)

    def context_of(self, span: Span) -> tuple[Document, ...]:
        """The documents that a span was based on, each once; empty when none are known.

        Its own; else those of retrievals inside it, or before it and as near to it as there are any; else
        the results of tools in what it was sent. Documents without a text are left out.
        """
        if span.context:
            return _each_once(span.context)
        found = [document for source in self._sources(span) for document in source.context]
        if not any(document.content for document in found):
            found = [
                Document(content=part.response.strip(), id=part.id)
                for part in _results(span)
                if part.response.strip()
            ]
        return _each_once(found)

    def _richest_inside(self, span: Span) -> Span | None:
        """Of the model calls inside a model call, down to the innermost, the best to judge."""
        best: Span | None = None
        waiting = [child for child in self.children(span) if child.is_model_call]
        seen = {_key(span)}
        while waiting and len(seen) < _MOST_NESTED:
            inner = waiting.pop(0)
            if _key(inner) in seen:
                continue
            seen.add(_key(inner))
            if best is None or _worth(inner) >= _worth(best):
                best = inner
            waiting.extend(child for child in self.children(inner) if child.is_model_call)
        return best

    def _calls_around(self, span: Span) -> Iterator[Span]:
        seen = {_key(span)}
        parent = self.parent(span)
        while parent is not None and parent.is_model_call and _key(parent) not in seen:
            if len(seen) >= _MOST_NESTED:
                break
            seen.add(_key(parent))
            yield parent
            parent = self.parent(parent)

    def _stream_of(self, span: Span) -> Span | None:
        """The later span that holds the answer to the same request, without a duration of its own."""
        if _worth(span) == _ANSWERED or not span.input_messages or span.error:
            return None
        parent = self.parent(span)
        for other in self.children(parent) if parent else ():
            if (
                other.is_model_call
                and _worth(other) == _ANSWERED
                and other.scope == span.scope
                and other.start_ns >= span.start_ns
                and other.start_ns == other.end_ns
                and other.input_messages == span.input_messages
            ):
                return other
        return None

    def _sources(self, span: Span) -> list[Span]:
        """Retrievals that are nearest: inside the span, else before it below the nearest common ancestor."""
        way = self._way_up(span)
        near: dict[int, list[Span]] = {}
        for other in self._told.get(span.trace_id, ()):
            shared = self._shared(other, way)
            if shared == 0 or other.end_ns <= span.start_ns:
                near.setdefault(shared, []).append(other)
        return sorted(near[min(near)], key=_order) if near else []

    def _way_up(self, span: Span) -> dict[str, int]:
        """The ids of a span and of all around it, with the distance; of a parent that is not here too."""
        way: dict[str, int] = {}
        current: Span | None = span
        while current is not None and current.span_id not in way:
            way[current.span_id] = len(way)
            if current.parent_span_id and self.parent(current) is None:
                way.setdefault(current.parent_span_id, len(way))
            current = self.parent(current)
        return way

    def _shared(self, other: Span, way: dict[str, int]) -> int:
        """How far up from the span the nearest ancestor is that it has in common with another."""
        return min((way[step] for step in self._way_up(other) if step in way), default=len(way))


_ANSWERED = 2

_MOST_NESTED = 64
"""Model calls inside one model call that are looked at; more are no real trace."""


def _worth(span: Span) -> int:
    """Two with an answer, one with any other content, else nothing."""
    if span.output_text or span.tool_calls:
        return _ANSWERED
    return 1 if span.has_content else 0


def _results(span: Span) -> list[ToolResultPart]:
    """What tools gave back: in what was sent, and within an agent's run."""
    messages: tuple[Message, ...] = span.input_messages
    if not span.is_model_call:
        messages += span.output_messages
    return [part for message in messages for part in message.parts if isinstance(part, ToolResultPart)]


def _each_once(documents: Iterable[Document]) -> tuple[Document, ...]:
    return tuple({document.content: document for document in documents if document.content}.values())


def _key(span: Span) -> _Key:
    return span.trace_id, span.span_id


def _order(span: Span) -> tuple[int, int]:
    return span.start_ns, -span.end_ns

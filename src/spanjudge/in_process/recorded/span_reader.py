"""From a span that has ended, and what was recorded around it, to what a judge sees, or why none is asked."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.invocation import Seen, Skip
from spanjudge.in_process.recorded.content_advice import advice
from spanjudge.in_process.recorded.recent import Recent, RecentSpan
from spanjudge.judging.span_subject import subject_of
from spanjudge.spans.raw import LogEvent
from spanjudge.spans.span import Span
from spanjudge.spans.tree import SpanTree

_log = logging.getLogger(__name__)

GRACE_SECONDS = 0.5
"""How long a span without content is held back for log events that are still to come."""

MOST_IN_VAIN = 3
"""After as many waits of one instrumentation that nothing came of, its spans are not held back any more."""


_DOUBT_SECONDS = 2.0


class SpanReader:
    """Reads recent spans; on the background loop only.

    `hears_events` tells whether the application's log events can come at all.
    """

    def __init__(
        self, recent: Recent, *, hears_events: Callable[[], bool], grace: float = GRACE_SECONDS
    ) -> None:
        """See the class."""
        self._recent = recent
        self._hears_events = hears_events
        self._grace = grace
        self._in_vain: dict[str, int] = {}
        self._awaited: dict[str, asyncio.Event] = {}
        self._warned = False
        self._doubtful: RecentSpan | None = None

    def heard(self, event: LogEvent) -> None:
        """A log event has come; called in whatever thread wrote it."""
        self._recent.add_event(event)
        awaited = self._awaited.get(event.span_id)
        if awaited is not None:
            background().soon(awaited.set)

    async def settled(self, span: RecentSpan) -> None:
        """Wait for the log events of a span that has no content without them, but not for long."""
        raw, scope = span.raw, span.raw.scope
        if not self._hears_events() or self._in_vain.get(scope, 0) >= MOST_IN_VAIN:
            return
        if self._recent.events_of(raw) or has_content(span.span()) or span.span().error:
            return
        came = self._awaited[raw.span_id] = asyncio.Event()
        try:
            if not self._recent.events_of(raw):
                await asyncio.wait_for(came.wait(), self._grace)
            self._in_vain.pop(scope, None)
        except TimeoutError:
            self._in_vain[scope] = self._in_vain.get(scope, 0) + 1
        finally:
            self._awaited.pop(raw.span_id, None)

    def read(self, span: RecentSpan) -> Seen:
        """What a judge sees of a span, or why it is not judged. Marks it as judged when it is."""
        raw = span.raw
        read = span.span(self._recent.events_of(raw))
        relatives = self._recent.relatives_of(span)
        others = [other.span(self._recent.events_of(other.raw)) for other in relatives]
        skip = (
            _failed(read)
            or self._same_call(span, read, relatives, others)
            or self._silent(span, read, others)
        )
        if skip is not None:
            return Seen(skip=skip, response_id=read.response_id)
        span.judged = True
        around = [*others, *self._around(span, others)]
        return Seen(subject=subject_of(read, raw, around), response_id=read.response_id)

    def _same_call(
        self, span: RecentSpan, read: Span, relatives: Sequence[RecentSpan], others: Sequence[Span]
    ) -> Skip | None:
        """A call that several instrumentations record is judged once, on the span that says most of it.

        Whichever ends first: one that was judged already stays the one.
        """
        if not span.is_call:
            return None
        twin = self._in_the_tree(read, relatives, others) if others else None
        if twin is None or twin.evaluation_error is not None:
            twin = self._recorded_elsewhere(span, read)
        if twin is None or twin.evaluation_error is not None:
            return None
        told = f"span {twin.raw.span_id} records the same call and is evaluated"
        return Skip("same_call", told)

    def _in_the_tree(
        self, read: Span, relatives: Sequence[RecentSpan], others: Sequence[Span]
    ) -> RecentSpan | None:
        """The same call as recorded around this span, inside it, or beside it."""
        # Those beside it are found by the span around them, which need not have ended.
        around = Span(trace_id=read.trace_id, span_id=read.parent_span_id)
        tree = SpanTree((read, *others, around))
        by_id = {other.raw.span_id: other for other in relatives}
        instead = tree.judged_instead_of(read)
        twin = by_id.get(instead.span_id) if instead is not None else None
        if twin is None or twin.evaluation_error is not None:
            twin = next((by_id[one.span_id] for one in _same(tree, read) if by_id[one.span_id].judged), None)
        return twin

    def _recorded_elsewhere(self, span: RecentSpan, read: Span) -> RecentSpan | None:
        """The same call as another instrumentation recorded it without being around it or inside it."""
        for other in self._recent.meanwhile(span):
            if other.judged and other.evaluation_error is None:
                told = other.span(self._recent.events_of(other.raw))
                if _says_the_same(read, told):
                    return other
        return None

    def _silent(self, span: RecentSpan, read: Span, others: Sequence[Span]) -> Skip | None:
        if has_content(read):
            return None
        if not any(other.is_model_call and has_content(other) for other in others):
            self._doubt(span)
        return Skip("no_content", f"there is nothing to evaluate: {self._advice(read)}")

    def _advice(self, read: Span) -> str:
        return advice(read, hears_events=self._hears_events())

    def _doubt(self, span: RecentSpan) -> None:
        """Say once that there is no content; but the span around this one, which ends later, may have it."""
        if self._warned or self._doubtful is not None:
            return
        self._doubtful = span
        if span.raw.parent_span_id:
            asyncio.get_running_loop().call_later(_DOUBT_SECONDS, self.tell)
        else:
            self.tell()

    def tell(self) -> None:
        """Say what there is to be said about content that is missing, if it was not said yet."""
        span, self._doubtful = self._doubtful, None
        if span is None or self._warned:
            return
        if span.is_call and any(
            other.is_call and has_content(other.span()) for other in self._recent.relatives_of(span)
        ):
            return
        self._warned = True
        _log.warning("GenAI spans carry no content and are not evaluated: %s", self._advice(span.span()))

    def _around(self, span: RecentSpan, others: Sequence[Span]) -> list[Span]:
        """The spans around one and around those of its trace, as far as it takes to see how near they are."""
        told = [other for other in others if other.context]
        if not told:
            return []
        known = {span.raw.span_id, *(other.span_id for other in others)}
        found: dict[str, Span] = {}
        for parent_span_id in (span.raw.parent_span_id, *(other.parent_span_id for other in told)):
            for span_id, parent in self._recent.way_up(parent_span_id):
                if span_id not in known:
                    found[span_id] = Span(trace_id=span.raw.trace_id, span_id=span_id, parent_span_id=parent)
        return list(found.values())


def _failed(read: Span) -> Skip | None:
    if read.error and read.output_text is None and not read.tool_calls:
        return Skip("span_error", "the call failed, so there is nothing to evaluate")
    return None


def has_content(span: Span) -> bool:
    """Whether there is anything on a span, of whatever kind, that could be evaluated.

    Messages that are there without their texts are none: so some instrumentations leave content out.
    """
    return bool(
        span.input_text
        or span.output_text
        or span.tool_calls
        or span.input_texts
        or span.context
        or span.tool_result
        or span.tool_arguments is not None
        or any(message.parts for message in (*span.input_messages, *span.output_messages))
    )


def _says_the_same(one: Span, other: Span) -> bool:
    """Whether two calls asked the same and were answered the same, as far as both of them tell."""
    if one.response_id and other.response_id and one.response_id != other.response_id:
        return False
    names = [[call.name for call in span.tool_calls] for span in (one, other)]
    return (
        (one.input_text, one.output_text) == (other.input_text, other.output_text)
        and names[0] == names[1]
        and bool(one.output_text or one.tool_calls)
    )


def _same(tree: SpanTree, span: Span) -> list[Span]:
    """The model calls around a model call and inside it."""
    found: dict[str, Span] = {}
    outer = tree.parent(span)
    while outer is not None and outer.is_model_call and outer.span_id not in found:
        found[outer.span_id] = outer
        outer = tree.parent(outer)
    waiting = [span]
    while waiting:
        for inner in tree.children(waiting.pop()):
            if inner.is_model_call and inner.span_id not in found:
                found[inner.span_id] = inner
                waiting.append(inner)
    found.pop(span.span_id, None)
    return list(found.values())

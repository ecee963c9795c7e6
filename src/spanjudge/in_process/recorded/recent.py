"""What has just been recorded in this process: spans and log events that are needed to judge other spans.

Nothing here waits: a thread that records leaves what it has in an inbox, and whoever finds nobody at work
puts what is there in its place. So a span may end anywhere, in a finalizer or a signal too.
"""

import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from spanjudge.spans.normalize import normalize
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Span

MOST_ITEMS = 4096
MOST_BYTES = 32 * 1024 * 1024
OLDEST = 600.0  # seconds since a trace brought something
MOST_UNSORTED = 32
_MOST_LINKS = 16_384
_MOST_RELATIVES = 64
_MOST_CALLS = 256  # that may still turn out to be recorded elsewhere too
_MOST_SCOPES = 64  # instrumentations of one application
_DISORDER_NS = 50_000_000  # by which spans that ended about the same time may be in another order
_PATIENCE = 0.05  # seconds that a reader waits for a thread that is putting things in their place
_OBJECT = 64  # bytes that a value takes which is no text; anything of this order will do
_NUMBERS = frozenset({int, float, bool})


class RecentSpan:
    """A span about GenAI that has ended; `raw` is made when it is first looked at.

    `judged` is set when it was found fit to be evaluated; `evaluation_error` says why it was dropped after
    all. `is_source`: it may hold documents for others.
    """

    __slots__ = (
        "__weakref__",
        "_normalized",
        "_raw",
        "evaluation_error",
        "is_call",
        "is_source",
        "judged",
        "size",
    )

    def __init__(
        self, raw: RawSpan | Callable[[], RawSpan], *, is_call: bool = False, is_source: bool = False
    ) -> None:
        """`raw` is the span, or what makes it."""
        self._raw = raw
        self.is_call = is_call
        self.is_source = is_source
        self.size = 0
        self.judged = False
        self.evaluation_error: str | None = None
        self._normalized: tuple[int, Span] | None = None

    @property
    def raw(self) -> RawSpan:
        """The span as it was recorded."""
        found = self._raw
        if not isinstance(found, RawSpan):
            found = self._raw = found()
        return found

    def span(self, logs: tuple[LogEvent, ...] = ()) -> Span:
        """The span, normalised; made again only when more log events have come."""
        kept = self._normalized
        if kept is None or len(logs) > kept[0]:
            kept = self._normalized = len(logs), normalize(self.raw, logs)
        return kept[1]


class _Trace:
    __slots__ = ("by_parent", "size", "spans", "touched")

    def __init__(self) -> None:
        self.spans: dict[str, RecentSpan] = {}
        self.by_parent: dict[str, list[RecentSpan]] = {}
        self.size = 0
        self.touched = 0.0


class _Logs:
    __slots__ = ("events", "size", "touched")

    def __init__(self) -> None:
        self.events: list[LogEvent] = []
        self.size = 0
        self.touched = 0.0


class Recent:
    """Recent spans by their trace and log events by their span, and who is inside whom.

    Bounded in number (`most`), in bytes (`most_bytes`, roughly; of spans and of log events each) and in age
    (seconds): what has gone longest without news goes first. Any thread may record; it is read on one. What
    is recorded is put in its place when something is read, or when `unsorted` have come.
    """

    def __init__(
        self,
        *,
        most: int = MOST_ITEMS,
        most_bytes: int = MOST_BYTES,
        oldest: float = OLDEST,
        unsorted: int = MOST_UNSORTED,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """See the class."""
        self._most = most
        self._most_bytes = most_bytes
        self._oldest = oldest
        self._unsorted = min(unsorted, most)
        self._now = now
        self.forget()

    def forget(self) -> None:
        """Start anew, as a forked child must: what its parent recorded is not its own, nor are its locks."""
        self._inbox: deque[RecentSpan | LogEvent] = deque(maxlen=self._most)
        self._at_work = threading.Lock()
        self._traces: OrderedDict[str, _Trace] = OrderedDict()
        self._logs: OrderedDict[str, _Logs] = OrderedDict()
        self._links: OrderedDict[int, int] = OrderedDict()
        # By the scope that recorded them. Weak, or they would take room that the bounds know nothing of.
        self._calls_lately: OrderedDict[str, deque[weakref.ref[RecentSpan]]] = OrderedDict()
        self.spans = self.events = 0
        self.span_bytes = self.event_bytes = 0

    def started(self, span_id: int, parent_span_id: int) -> None:
        """Remember who is inside whom, of every span: those around a call end after it."""
        links = self._links
        links[span_id] = parent_span_id
        if len(links) > _MOST_LINKS:
            links.popitem(last=False)

    def add(self, span: RecentSpan) -> None:
        """Remember a span that has ended."""
        self._inbox.append(span)
        self._sort_soon()

    def add_event(self, event: LogEvent) -> None:
        """Remember a log event."""
        self._inbox.append(event)
        self._sort_soon()

    def events_of(self, raw: RawSpan) -> tuple[LogEvent, ...]:
        """The log events of a span that have come so far, in the order they were written."""
        self._sort(wait=_PATIENCE)
        found = self._logs.get(raw.span_id)
        if found is None:
            return ()
        return tuple(event for event in list(found.events) if event.trace_id == raw.trace_id)

    def relatives_of(self, span: RecentSpan) -> list[RecentSpan]:
        """Those that may record the same call, and those that may hold documents for it; not itself."""
        self._sort(wait=_PATIENCE)
        trace = self._traces.get(span.raw.trace_id)
        if trace is None:
            return []
        found: dict[str, RecentSpan] = {}
        if span.is_call:
            for call in self._calls(trace, span):
                found.setdefault(call.raw.span_id, call)
        for other in list(trace.spans.values()):
            if other.is_source:
                found.setdefault(other.raw.span_id, other)
        found.pop(span.raw.span_id, None)
        return list(found.values())

    def meanwhile(self, span: RecentSpan) -> list[RecentSpan]:
        """Calls of any trace that another instrumentation recorded within the time of this one, or around it.

        LangChain's callbacks leave the current span as it is: the call that the model's own library records
        inside them has another parent, or none and a trace of its own.
        """
        self._sort(wait=_PATIENCE)
        raw, found = span.raw, list[RecentSpan]()
        for scope, calls in list(self._calls_lately.items()):
            if scope == raw.scope:
                continue
            for held in reversed(calls.copy()):
                other = held()
                if other is None:
                    continue
                if other.raw.end_ns < raw.start_ns - _DISORDER_NS:
                    # They stand there in the order of their ends.
                    break
                if _within(other.raw, raw) or _within(raw, other.raw):
                    found.append(other)
        return found

    def way_up(self, parent_span_id: str) -> Iterator[tuple[str, str]]:
        """Ids of a span's parent and of all around that, each with its own parent's, or an empty one."""
        current = int(parent_span_id or "0", 16)
        seen = {0}
        while current not in seen and len(seen) < _MOST_RELATIVES:
            seen.add(current)
            parent = self._links.get(current, 0)
            yield f"{current:016x}", f"{parent:016x}" if parent else ""
            current = parent

    def _calls(self, trace: _Trace, span: RecentSpan) -> Iterator[RecentSpan]:
        """Calls around this one, calls inside, and those beside it."""
        outermost = span
        for _ in range(_MOST_RELATIVES):
            parent = trace.spans.get(outermost.raw.parent_span_id)
            if parent is None or not parent.is_call or parent is span:
                break
            outermost = parent
            yield outermost
        waiting = deque([outermost, span])
        met = 0
        while waiting and met < _MOST_RELATIVES:
            for inner in trace.by_parent.get(waiting.popleft().raw.span_id, ()):
                if inner.is_call and inner is not span and met < _MOST_RELATIVES:
                    met += 1
                    yield inner
                    waiting.append(inner)
        beside = trace.by_parent.get(span.raw.parent_span_id, ()) if span.raw.parent_span_id else ()
        for other in beside[-_MOST_RELATIVES:]:
            # An answer that was streamed may be a span of its own, without a duration.
            raw = other.raw
            if other.is_call and raw.start_ns == raw.end_ns and raw.scope == span.raw.scope:
                yield other

    def _sort_soon(self) -> None:
        """What is read next is sorted before; only where nothing is read it is done here, now and then."""
        if len(self._inbox) >= self._unsorted:
            self._sort()

    def _sort(self, wait: float = 0.0) -> None:
        """Put what is in the inbox in its place, unless another thread is at it for longer than `wait`."""
        if not self._at_work.acquire(timeout=wait):
            return
        try:
            while self._inbox:
                item = self._inbox.popleft()
                if isinstance(item, RecentSpan):
                    self._put(item)
                else:
                    self._put_event(item)
            self._drop()
        finally:
            self._at_work.release()

    def _put(self, span: RecentSpan) -> None:
        raw = span.raw
        trace = self._traces.get(raw.trace_id)
        if trace is None:
            trace = self._traces[raw.trace_id] = _Trace()
        else:
            self._traces.move_to_end(raw.trace_id)
        trace.touched = self._now()
        if raw.span_id in trace.spans:
            return
        span.size = _size(raw.attributes)
        for event in raw.events:
            span.size += _size(event.attributes)
        trace.spans[raw.span_id] = span
        if raw.parent_span_id:
            trace.by_parent.setdefault(raw.parent_span_id, []).append(span)
        trace.size += span.size
        self.span_bytes += span.size
        self.spans += 1
        if span.is_call:
            calls = self._calls_lately.get(raw.scope)
            if calls is None:
                calls = self._calls_lately[raw.scope] = deque(maxlen=_MOST_CALLS)
                if len(self._calls_lately) > _MOST_SCOPES:
                    self._calls_lately.popitem(last=False)
            calls.append(weakref.ref(span))

    def _put_event(self, event: LogEvent) -> None:
        size = _size(event.attributes) + size_of(event.body)
        logs = self._logs.get(event.span_id)
        if logs is None:
            logs = self._logs[event.span_id] = _Logs()
        logs.events.append(event)
        logs.size += size
        logs.touched = self._now()
        self.event_bytes += size
        self.events += 1

    def _drop(self) -> None:
        since = self._now() - self._oldest
        while self._traces:
            trace = next(iter(self._traces.values()))
            over = self.spans > self._most or self.span_bytes > self._most_bytes
            if not over and trace.touched >= since:
                break
            if over and trace.touched >= since and len(self._traces) == 1 and len(trace.spans) > 1:
                self._drop_oldest(trace)
                continue
            self._traces.popitem(last=False)
            self.spans -= len(trace.spans)
            self.span_bytes -= trace.size
        while self._logs:
            logs = next(iter(self._logs.values()))
            over = self.events > self._most or self.event_bytes > self._most_bytes
            if not over and logs.touched >= since:
                break
            self._logs.popitem(last=False)
            self.events -= len(logs.events)
            self.event_bytes -= logs.size

    def _drop_oldest(self, trace: _Trace) -> None:
        """Of a trace that takes all the room by itself the span that ended first."""
        oldest = trace.spans.pop(next(iter(trace.spans)))
        beside = trace.by_parent.get(oldest.raw.parent_span_id)
        if beside is not None:
            beside.remove(oldest)
            if not beside:
                del trace.by_parent[oldest.raw.parent_span_id]
        trace.size -= oldest.size
        self.spans -= 1
        self.span_bytes -= oldest.size


def _within(inner: RawSpan, outer: RawSpan) -> bool:
    return outer.start_ns <= inner.start_ns and inner.end_ns <= outer.end_ns


def _size(attributes: Mapping[str, Any]) -> int:
    """As `size_of`, and quick: most values are text or numbers."""
    size = _OBJECT * (1 + 2 * len(attributes))
    for value in cast("Mapping[str, object]", attributes).values():
        if isinstance(value, str):
            size += len(value)
        elif type(value) not in _NUMBERS:
            size += size_of(value)
    return size


def size_of(value: object, depth: int = 0) -> int:
    """Roughly how many bytes a value takes."""
    if isinstance(value, str | bytes):
        return _OBJECT + len(value)
    if isinstance(value, Mapping) and depth < _MOST_RELATIVES:
        pairs = cast("Mapping[str, Any]", value)
        return _OBJECT + sum(_OBJECT + size_of(part, depth + 1) for part in pairs.values())
    if isinstance(value, list | tuple) and depth < _MOST_RELATIVES:
        return _OBJECT + sum(size_of(part, depth + 1) for part in cast("list[Any]", value))
    return _OBJECT

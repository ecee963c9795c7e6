"""How what went in and came out begins: what lists show of a trace or span."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from spanjudge.judging.span_subject import output_of
from spanjudge.pipeline.ports import StoredSpan
from spanjudge.pipeline.queries import Heads, Queries
from spanjudge.pipeline.subjects import read_stored
from spanjudge.server.rest.results.told import readable
from spanjudge.spans.facts import facts
from spanjudge.spans.otlp import decode_span
from spanjudge.spans.parts import as_json
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import Span

CHARACTERS = 300
_MOST_KEPT = 5_000
_SETTLED_NS = 60_000_000_000

_TOKENS = (
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    ("llm.token_count.prompt", "llm.token_count.completion"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
    ("llm.usage.prompt_tokens", "llm.usage.completion_tokens"),
    ("ai.usage.promptTokens", "ai.usage.completionTokens"),
)


class Beginning(msgspec.Struct, frozen=True):
    """The first characters of input and output; `tokens` of the model calls, where recorded."""

    input: str = ""
    output: str = ""
    tokens: int | None = None


_Key = tuple[str, str | int]
Key = TypeVar("Key", bound=tuple[str, str | int])


class Beginnings:
    """Reads them out of the store, away from the event loop, and keeps the last used ones."""

    def __init__(self, queries: Queries, now: Callable[[], int]) -> None:
        """`now` gives nanoseconds since 1970."""
        self._queries = queries
        self._now = now
        self._kept: OrderedDict[_Key, Beginning] = OrderedDict()

    async def of_traces(self, traces: Sequence[tuple[str, int]]) -> dict[str, Beginning]:
        """By trace id. Each comes with a number that changes when it grows. Raises `StoreError`."""
        found, missing = self._known(traces)
        if missing:
            heads = await self._queries.heads([trace_id for trace_id, _ in missing])
            read = await asyncio.to_thread(_of_traces, heads)
            for key in missing:
                if key[0] in read:
                    found[key] = read[key[0]]
                    self._keep(key, read[key[0]], heads[key[0]].spans)
        return {trace_id: beginning for (trace_id, _), beginning in found.items()}

    async def of_spans(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Beginning]:
        """By trace and span id. Raises `StoreError`."""
        found, missing = self._known(pairs)
        if missing:
            stored = await self._queries.stored_spans(missing)
            read = await asyncio.to_thread(_of_spans, stored)
            for key in missing:
                if key in read:
                    found[key] = read[key]
                    self._keep(key, read[key], (stored[key],))
        return found

    def _known(self, keys: Sequence[Key]) -> tuple[dict[Key, Beginning], list[Key]]:
        found: dict[Key, Beginning] = {}
        missing: list[Key] = []
        for key in dict.fromkeys(keys):
            known = self._kept.get(key)
            if known is None:
                missing.append(key)
            else:
                self._kept.move_to_end(key)
                found[key] = known
        return found, missing

    def _keep(self, key: _Key, beginning: Beginning, stored: Sequence[StoredSpan]) -> None:
        # Content may still come as log events: of a young span that lacks some it is looked for again.
        young = any(self._now() - one.received_ns < _SETTLED_NS for one in stored)
        if young and not (beginning.input and beginning.output):
            return
        self._kept[key] = beginning
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


def _of_traces(heads: Mapping[str, Heads]) -> dict[str, Beginning]:
    return {trace_id: _of_trace(one) for trace_id, one in heads.items()}


def _of_trace(heads: Heads) -> Beginning:
    asked = answered = ""
    calls: list[tuple[StoredSpan, RawSpan]] = []
    for stored in heads.spans:
        raw = decode_span(stored.blob, stored.envelope)
        if facts(raw).is_model_call:
            calls.append((stored, raw))
        elif not (asked and answered):
            _, span = read_stored(stored)
            asked, answered = asked or _input(span), answered or _output(span)
    # Reading messages takes long: only of calls that are needed, for the question the first, then the last.
    for stored, _ in calls:
        if not asked:
            asked = _input(read_stored(stored)[1])
    for stored, _ in reversed(calls):
        if not answered:
            answered = _output(read_stored(stored)[1])
    return Beginning(asked, answered, _tokens([raw for _, raw in calls]) if heads.complete else None)


def _of_spans(stored: Mapping[tuple[str, str], StoredSpan]) -> dict[tuple[str, str], Beginning]:
    found: dict[tuple[str, str], Beginning] = {}
    for key, one in stored.items():
        raw, span = read_stored(one)
        found[key] = Beginning(_input(span), _output(span), _tokens([raw]))
    return found


def _input(span: Span) -> str:
    if span.input_text:
        return _short(span.input_text)
    if span.input_texts:
        return _short(span.input_texts[0])
    arguments = span.tool_arguments
    if arguments is None:
        return ""
    return _short(arguments if isinstance(arguments, str) else as_json(arguments, indent=None))


def _output(span: Span) -> str:
    given = output_of(span) or span.tool_result or ""
    if not given and span.tool_calls:
        call = span.tool_calls[0]
        given = f"{call.name} {as_json(call.arguments, indent=None)}"
    return _short(given)


def _short(text: str) -> str:
    return readable(text[:CHARACTERS]).strip()


def _tokens(raws: Sequence[RawSpan]) -> int | None:
    """Of the model calls, each once where it is recorded inside itself again."""
    counted: dict[str, tuple[str, int]] = {}
    for raw in raws:
        count = _count(raw)
        if count is not None:
            counted[raw.span_id] = (raw.parent_span_id, count)
    inner = [count for parent, count in counted.values() if parent not in counted]
    return sum(inner) if inner else None


def _count(raw: RawSpan) -> int | None:
    attributes = raw.attributes
    for keys in _TOKENS:
        counts = [attributes[key] for key in keys if key in attributes]
        if counts:
            return sum(count for count in counts if isinstance(count, int) and count > 0)
    return None

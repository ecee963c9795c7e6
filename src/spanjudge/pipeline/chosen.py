"""A span that somebody chose, and the trace or session around it, as they are judged."""

import asyncio

from spanjudge.errors import SpanjudgeError
from spanjudge.pipeline.ports import Store
from spanjudge.pipeline.receive import session_id
from spanjudge.pipeline.subjects import Reading, read_target
from spanjudge.pipeline.windows import MOST_SPANS
from spanjudge.spans.facts import facts
from spanjudge.telemetry.evaluated import Target, TargetKind


class NotStoredError(SpanjudgeError):
    """There is no such span, or it is in no session."""


async def target_of(store: Store, span: Target, kind: TargetKind) -> Target:
    """The target of a kind that a stored span is, or is part of.

    Raises `NotStoredError` and `StoreError`.
    """
    if kind == "session":
        reading = await read(store, span)
        conversation = facts(reading.raw).conversation_id or reading.span.conversation_id
        if not conversation:
            raise NotStoredError("the span is in no session: it carries no gen_ai.conversation.id")
        return Target(
            kind="session",
            trace_id=span.trace_id,
            span_id=span.span_id,
            session_id=session_id(conversation),
        )
    if not await store.find_spans(span.span_id, trace_id=span.trace_id):
        raise _not_stored(span)
    return span if kind == "span" else Target(kind="trace", trace_id=span.trace_id)


async def read(store: Store, target: Target) -> Reading:
    """Read a target with everything that came. Raises `NotStoredError` and `StoreError`."""
    material = (await store.material([target], most_spans=MOST_SPANS)).get(target.kind + target.key)
    if material is None or not material.spans:
        raise _not_stored(target)
    return await asyncio.to_thread(read_target, target, material)


def _not_stored(target: Target) -> NotStoredError:
    named = {
        "span": f"span {target.span_id} of trace {target.trace_id}",
        "trace": f"trace {target.trace_id}",
        "session": "this session",
    }[target.kind]
    return NotStoredError(f"nothing is stored of {named}: it has not come, or is older than what is kept")

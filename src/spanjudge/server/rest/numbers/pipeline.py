"""`/api/v1/pipeline`: what comes in, waits, is judged and goes out."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Depends

from spanjudge.pipeline.coordination import Member, Roll
from spanjudge.pipeline.figures import PipelineFigures
from spanjudge.pipeline.ports import StoredEvaluator
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.shapes import pipeline as shapes
from spanjudge.server.rest.shapes.times import instant

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/pipeline", tags=["Numbers"], dependencies=[Depends(parts.access.require("read"))]
    )

    @own.get("", summary="How the pipeline stands")
    async def pipeline() -> shapes.Pipeline:
        """Rates of the last minute, what waits and why, and what failed in the last 24 hours."""
        now = parts.now()
        figures = await parts.queries.pipeline_figures(today_ns=_today(now), since_ns=now - _DAY, now_ns=now)
        stored = await parts.store.evaluators()
        health = parts.pipeline.health
        roll = await parts.pipeline.roll()
        members = roll.members
        live = [one for one in stored if one.status in ("published", "paused")]
        not_ready = parts.not_ready() or health.full or health.storing_fails or ""
        return shapes.Pipeline(
            received_per_second=sum(one.figures.rates.received for one in members),
            matched_per_second=sum(one.figures.rates.matched for one in members),
            judged_per_second=sum(one.figures.rates.judged for one in members),
            exported_per_second=sum(one.figures.rates.exported for one in members),
            received_today=figures.received,
            last_received=None if figures.last_received_ns is None else instant(figures.last_received_ns),
            waiting=sum(figures.waiting.values()),
            leased=health.leased,
            oldest_seconds=health.oldest_wait,
            judged_p50_ms=None if figures.median is None else figures.median * 1000,
            outbox=sum(one.count for one in figures.outbox),
            spans=health.spans,
            size_bytes=health.size_bytes,
            limit_bytes=parts.facts.max_store_bytes,
            workers=sum("worker" in one.roles for one in members),
            published=sum(one.status == "published" for one in stored),
            evaluators=len({one.evaluator.name for one in stored}),
            destinations=destinations(figures, members, now),
            members=[_member(one, roll, parts.pipeline.owner) for one in members],
            paused=[_paused(one, figures) for one in live if one.status == "paused"],
            errors=[
                shapes.ErrorCount(code=one.code, judge_model=one.judge_model, count=one.count)
                for one in figures.errors
            ],
            ready=not not_ready,
            not_ready=not_ready,
        )

    return own


def _today(now_ns: int) -> int:
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * _SECOND


def _member(one: Member, roll: Roll, answering: str) -> shapes.PipelineMember:
    figures = one.figures
    return shapes.PipelineMember(
        id=one.id,
        host=one.host,
        pid=one.pid,
        roles=list(one.roles),
        version=one.version,
        started=instant(one.started_ns),
        seen=instant(one.seen_ns),
        answering=one.id == answering,
        received_per_second=figures.rates.received,
        matched_per_second=figures.rates.matched,
        judged_per_second=figures.rates.judged,
        exported_per_second=figures.rates.exported,
        in_hand=figures.in_hand,
        trouble=figures.not_ready or figures.full or figures.storing_fails,
        duties=sorted(roll.held(one.id)),
    )


def destinations(
    figures: PipelineFigures, members: Sequence[Member], now_ns: int
) -> list[shapes.Destination]:
    """Where results go: what waits is the store's word, the trouble that of who sends it."""
    counts = {one.destination: one for one in figures.outbox}
    states = {state.destination: state for one in members for state in one.figures.export}
    known = [name for one in members for name in one.figures.destinations]
    found: list[shapes.Destination] = []
    for name in dict.fromkeys((*known, *states, *counts)):
        waiting, state = counts.get(name), states.get(name)
        trouble = ""
        if state is not None and state.failing_since is not None:
            trouble = f"{state.error} (since {instant(state.failing_since)}; kept and tried again)"
        elif state is not None and state.dropped:
            trouble = f"{state.dropped:,} results were given up: it takes others, and refused these"
        found.append(
            shapes.Destination(
                name=name,
                waiting=waiting.count if waiting else 0,
                oldest_seconds=max(0.0, (now_ns - waiting.oldest_ns) / _SECOND) if waiting else 0.0,
                trouble=trouble,
            )
        )
    return found


def _paused(one: StoredEvaluator, figures: PipelineFigures) -> shapes.PausedEvaluator:
    return shapes.PausedEvaluator(
        evaluator=one.evaluator.name,
        reason=one.reason,
        paused_by="pipeline" if one.paused_by == "pipeline" else "user",
        waiting=figures.waiting.get(one.evaluator.name, 0),
        retry=None if one.retry_ns is None else instant(one.retry_ns),
    )

"""`/api/v1/previews`: what a scope would match, and what judging it would cost."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Depends

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.forecast import Forecast, forecast, left_of, used_lately
from spanjudge.pipeline.ports import StoredEvaluator
from spanjudge.pipeline.preview import Matches, matches_of
from spanjudge.pipeline.recent import Recent
from spanjudge.server.rest.evaluators.drafts import for_matching, unusable
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.listing import Count
from spanjudge.server.rest.shapes.times import instant
from spanjudge.server.rest.shapes.trials import Preview, PreviewBody, RuleCount, SampleSpan
from spanjudge.server.rest.trying.places import Places

AT_ONCE = 2
MOST_WAITING = 16
_SHOWN = 300
_HOUR_NS = 3_600_000_000_000
_DAY_HOURS = 24.0
_SHORTEST_HOURS = 1.0


def router(parts: Parts) -> APIRouter:
    """The route."""
    own = APIRouter(prefix="/api/v1", tags=["Trying"], dependencies=[Depends(parts.access.require("read"))])
    places = Places(AT_ONCE, MOST_WAITING, "previews")

    @own.post("/previews", summary="Preview a scope")
    async def preview(body: PreviewBody) -> Preview:
        """Count what the evaluator would have judged of the last hours, rule by rule, and what it would cost.

        The newest 2,000 spans (or 200 traces or sessions) are looked at; when there are more, all counts are
        projected and `exact` is false. Only scope, needs and variables of the definition must be right.
        """
        evaluator, rules = for_matching(body.definition)
        async with places:
            recent = await parts.recent.read(
                evaluator.target, hours=body.hours, services=evaluator.scope.services
            )
            live = await parts.store.evaluators()
            used = await used_lately(parts.store, parts.now())
            try:
                matches, expected = await asyncio.to_thread(_count, parts, evaluator, recent, live, used)
            except EvaluatorError as error:
                raise unusable(error) from None
        return _shape(parts, evaluator, recent, matches, expected, rules=rules, body=body)

    return own


def _count(
    parts: Parts,
    evaluator: Evaluator,
    recent: Recent,
    live: Sequence[StoredEvaluator],
    used: Sequence[UsageRow],
) -> tuple[Matches, Forecast]:
    matches = matches_of(evaluator, recent)
    judge = parts.judges.get(evaluator.judge)
    expected = forecast(evaluator, recent, matches.chosen, judge, live=live, ledger=parts.ledger, used=used)
    return matches, expected


def _shape(
    parts: Parts,
    evaluator: Evaluator,
    recent: Recent,
    matches: Matches,
    expected: Forecast,
    *,
    rules: Sequence[int],
    body: PreviewBody,
) -> Preview:
    exact = recent.exact
    scale = 1.0 if exact else recent.total / recent.examined

    def whole(count: int) -> int:
        return round(count * scale)

    hours = max(_SHORTEST_HOURS, min(body.hours, (recent.until_ns - recent.since_ns) / _HOUR_NS))
    calls = matches.judged * scale * expected.asked * _DAY_HOURS / hours
    usd = 0.0 if not matches.judged else expected.usd
    left = left_of(parts.ledger, evaluator)
    return Preview(
        received=whole(matches.received),
        matching=whole(matches.matching),
        with_content=whole(matches.with_content),
        judged=whole(matches.judged),
        examined=recent.examined,
        exact=exact,
        rules=[
            RuleCount(
                index=rules[one.index],
                matching=whole(one.matching),
                without=whole(one.without),
                seen=one.seen,
                nearest=readable(one.nearest),
            )
            for one in matches.rules
        ],
        reasons=[Count(value=readable(words), count=whole(count)) for words, count in matches.reasons],
        # Where nothing can be judged, what a span lacks is best seen on a span.
        samples=_samples(recent, (matches.chosen or matches.lacking)[: body.samples]),
        calls_day=round(calls, 2),
        tokens_call=expected.tokens,
        tokens_day=round(calls * expected.tokens, 1),
        usd_day=None if usd is None else round(calls * usd, 6),
        batched=expected.shared,
        budget_left_usd=left.usd,
        budget_left_tokens=left.tokens,
        note=_note(parts, evaluator, recent, body, hours),
    )


def _samples(recent: Recent, places: Sequence[int]) -> list[SampleSpan]:
    found: list[SampleSpan] = []
    for place in places:
        shown = recent.spans[place]
        raw, subject = shown.raw, shown.subject
        found.append(
            SampleSpan(
                trace_id=raw.trace_id,
                span_id=raw.span_id,
                name=readable(raw.name),
                service=readable(raw.resource.service),
                time=instant(raw.start_ns),
                input=readable((subject.input or "")[:_SHOWN]),
                output=readable((subject.output or "")[:_SHOWN]),
            )
        )
    return found


def _note(parts: Parts, evaluator: Evaluator, recent: Recent, body: PreviewBody, hours: float) -> str:
    notes: list[str] = []
    if not recent.exact:
        notes.append(f"Projected from the newest {recent.examined:,} of {recent.total:,} {evaluator.target}s")
    if recent.total and hours < body.hours:
        notes.append(f"A day is projected from {hours:.3g} h, as nothing older is stored")
    if evaluator.judge not in parts.judges:
        notes.append(f"The settings have no judge model “{evaluator.judge}”, so the cost is not known")
    return ". ".join(notes)

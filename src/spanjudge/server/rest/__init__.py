"""The REST API under `/api/v1`: one file a noun, each with a function `router`."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from spanjudge.server.rest.access import session, setup, tokens
from spanjudge.server.rest.evaluators import checking, evaluators, gallery, publishing, versions
from spanjudge.server.rest.numbers import budgets, events, judges, pipeline, statistics, usage
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results import disagreements, judging, prompts, results
from spanjudge.server.rest.traces import explain, facets, spans, traces
from spanjudge.server.rest.trying import attributes, backfills, previews, trials, variables

ROUTERS: Sequence[Callable[[Parts], APIRouter]] = (
    attributes.router,
    backfills.router,
    budgets.router,
    checking.router,
    disagreements.router,
    evaluators.router,
    events.router,
    explain.router,
    facets.router,
    gallery.router,
    judges.router,
    judging.router,
    pipeline.router,
    previews.router,
    prompts.router,
    publishing.router,
    results.router,
    session.router,
    setup.router,
    spans.router,
    statistics.router,
    tokens.router,
    traces.router,
    trials.router,
    usage.router,
    variables.router,
    versions.router,
)
"""Every router of the API, in the order of the document."""


def routers(parts: Parts) -> list[APIRouter]:
    """The routers, each with what it needs."""
    return [router(parts) for router in ROUTERS]

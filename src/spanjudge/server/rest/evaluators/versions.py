"""`/api/v1/evaluators/{name}/versions` and `/diff`: what an evaluator said, and what changed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from spanjudge.pipeline.ports import StoredEvaluator
from spanjudge.server.rest.evaluators.definitions import definition_of
from spanjudge.server.rest.evaluators.evaluator_shapes import Entry, changes
from spanjudge.server.rest.evaluators.stored import Name, StoredEvaluators
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes import evaluators as shapes

_LARGEST = 2**31 - 1

Which = Annotated[
    str | None,
    Query(max_length=64, description="A version's number or hash.", examples=["3", "0f3a9c21b7de"]),
]


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/evaluators/{name}",
        tags=["Evaluators"],
        dependencies=[Depends(parts.access.require("read"))],
    )
    evaluators = StoredEvaluators(parts)

    @own.get("/versions", summary="All versions")
    async def versions(name: Name) -> list[shapes.Version]:
        """Newest first, with the number of results that each has."""
        return await evaluators.versions(name)

    @own.get("/versions/{number}", summary="What a version says")
    async def version(
        name: Name, number: Annotated[int, Path(ge=1, le=_LARGEST, description="Counted from 1.")]
    ) -> shapes.Definition:
        """The definition, which can be saved again as a new version."""
        return definition_of(_find(await evaluators.entry(name), str(number), "number").evaluator)

    @own.get("/diff", summary="What changed between versions")
    async def diff(name: Name, before: Which = None, after: Which = None) -> shapes.Diff:
        """Every field that differs.

        Without `before` it is what is published (or the version below `after`), without `after` the draft
        (or what is published).
        """
        entry = await evaluators.entry(name)
        later = entry.now if after is None else _find(entry, after, "after")
        earlier = _below(entry, later) if before is None else _find(entry, before, "before")
        return shapes.Diff(
            before=earlier.evaluator.version,
            after=later.evaluator.version,
            changes=changes(earlier.evaluator, later.evaluator),
        )

    return own


def _find(entry: Entry, which: str, field: str) -> StoredEvaluator:
    """A version by its number or hash (of equal ones the newest). Raises `ApiProblem` 404."""
    by_number = {str(one.number): one for one in entry.versions}
    by_hash = {one.evaluator.version: one for one in entry.versions}
    found = by_number.get(which) or by_hash.get(which)
    if found is not None:
        return found
    words = f"“{which}” is no version; numbers go from 1 to {len(by_number)}"
    raise ApiProblem(404, f"{field}: {words}.", code="unknown_version", errors=[FieldError(field, words)])


def _below(entry: Entry, later: StoredEvaluator) -> StoredEvaluator:
    """What is published, when that is another one; else the version before, or itself, the first."""
    if entry.live is not None and entry.live is not later:
        return entry.live
    older = [one for one in entry.versions if one.number < later.number]
    return max(older, key=lambda one: one.number, default=later)

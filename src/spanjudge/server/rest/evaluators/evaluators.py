"""`/api/v1/evaluators`: the list, one of them, new ones, and new versions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from spanjudge.pipeline.figures import EvaluatorFigures
from spanjudge.pipeline.ports import ConflictError, StoredEvaluator
from spanjudge.server.rest.evaluators.definitions import checked
from spanjudge.server.rest.evaluators.evaluator_shapes import entry_of, row_shape
from spanjudge.server.rest.evaluators.stored import Name, StoredEvaluators
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes import evaluators as shapes

_HOUR_NS = 3_600 * 1_000_000_000
_MOST_HOURS = 24 * 366


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/evaluators", tags=["Evaluators"], dependencies=[Depends(parts.access.require("read"))]
    )
    admin = [Depends(parts.access.require("admin"))]
    evaluators = StoredEvaluators(parts)

    @own.get("", summary="The evaluators")
    async def listing(
        *,
        hours: Annotated[
            int, Query(ge=1, le=_MOST_HOURS, description="The window of the figures: the last so many hours.")
        ] = 24,
        archived: Annotated[bool, Query(description="Archived ones too.")] = False,
    ) -> shapes.Evaluators:
        """Every evaluator with its status, what it found in the window, and the same of the window before."""
        return shapes.Evaluators(items=await _rows(parts, hours, archived=archived))

    @own.post("", summary="Make an evaluator", status_code=201, dependencies=admin)
    async def make(body: shapes.NewEvaluator, response: Response) -> shapes.Evaluator:
        """Store a new evaluator as a draft, which never runs, or publish it at once.

        409 when the name is taken, also by an archived evaluator; `conflict` says what is stored.
        """
        evaluator = checked(body.definition, parts.facts.judges)
        try:
            await parts.store.save_version(
                evaluator, base_version="", publish=body.publish, now_ns=parts.now()
            )
        except ConflictError as error:
            told = _taken(evaluator.name, archived=error.stored.status == "archived")
            problem = await evaluators.conflict(error, None, told)
            problem.errors = (FieldError("name", "is taken; choose another one"),)
            raise problem from None
        response.headers["location"] = f"/api/v1/evaluators/{evaluator.name}"
        return await evaluators.changed(evaluator.name)

    @own.get("/{name}", summary="An evaluator")
    async def one(name: Name) -> shapes.Evaluator:
        """What is published, the draft above it, and all versions.

        Of an archived evaluator `draft` is what would come back when it is published.
        """
        return await evaluators.shape(name)

    @own.put("/{name}", summary="Save a version", dependencies=admin)
    async def save(name: Name, body: shapes.EvaluatorEdit) -> shapes.Evaluator:
        """Store a new version, as a draft or published at once, in place of the draft there was.

        `base_version` is the version that was edited (`draft_version`, or else `published_version`): when
        another one is stored by now, 409 says which, and what changed meanwhile. Saving what is stored
        already changes nothing. An evaluator keeps its name: another name is another evaluator.
        """
        if body.definition.name != name:
            raise _renamed(name)
        evaluator = checked(body.definition, parts.facts.judges)
        try:
            await parts.store.save_version(
                evaluator, base_version=body.base_version, publish=body.publish, now_ns=parts.now()
            )
        except ConflictError as error:
            told = f"“{name}” has changed since you opened it: see `conflict`, and save on top of it again."
            raise await evaluators.conflict(error, body.base_version, told) from None
        return await evaluators.changed(name)

    return own


async def _rows(parts: Parts, hours: int, *, archived: bool) -> list[shapes.EvaluatorRow]:
    now = parts.now()
    by_name: dict[str, list[StoredEvaluator]] = {}
    for one in await parts.store.evaluators():
        by_name.setdefault(one.evaluator.name, []).append(one)
    figures = await parts.queries.evaluator_figures(now - hours * _HOUR_NS, now)
    found: list[shapes.EvaluatorRow] = []
    for name, versions in by_name.items():
        entry = entry_of(versions)
        if entry is not None and (archived or entry.shown.status != "archived"):
            kept = name in parts.facts.file_evaluators
            found.append(row_shape(entry, figures.get(name, EvaluatorFigures()), from_file=kept))
    return found


def _taken(name: str, *, archived: bool) -> str:
    if archived:
        return (
            f"There is an archived evaluator “{name}”: publish it to bring it back, or choose another name."
        )
    return f"There is an evaluator “{name}” already: edit that one, or choose another name."


def _renamed(name: str) -> ApiProblem:
    words = f"must stay “{name}”, because results carry it; make a new evaluator for another name"
    return ApiProblem(
        422,
        f"An evaluator cannot be renamed: its name {words}, and archive this one.",
        code="renamed",
        errors=[FieldError("name", words)],
    )

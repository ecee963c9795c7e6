"""`/api/v1/evaluators/{name}/publish` and the others that decide whether an evaluator judges."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends

from spanjudge.pipeline.ports import ConflictError
from spanjudge.server.rest.evaluators.evaluator_shapes import Entry
from spanjudge.server.rest.evaluators.stored import Name, StoredEvaluators
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes import evaluators as shapes


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/evaluators/{name}",
        tags=["Evaluators"],
        dependencies=[Depends(parts.access.require("admin"))],
    )
    evaluators = StoredEvaluators(parts)

    @own.post("/publish", summary="Publish")
    async def publish(name: Name, body: shapes.Publication | None = None) -> shapes.Evaluator:
        """Publish the draft; without one, end a pause or bring back what was archived.

        With `version`, a hash, only that one: 409 when another is stored by now.
        """
        version = body.version if body else None
        _check_judge((await evaluators.entry(name)).now.evaluator.judge, parts.facts.judges)
        try:
            await parts.store.publish(name, version=version, now_ns=parts.now())
        except ConflictError as error:
            told = f"“{name}” has changed since you looked at it: see `conflict`, then publish that version."
            raise await evaluators.conflict(error, version, told) from None
        return await evaluators.changed(name)

    @own.post("/pause", summary="Pause")
    async def pause(name: Name, body: shapes.Pause | None = None) -> shapes.Evaluator:
        """Matching spans wait, and are judged when the pause ends."""
        _check_live(await evaluators.entry(name), "there is nothing to pause: publish it first")
        await parts.store.pause(name, reason=body.reason if body else "", paused_by="user")
        return await evaluators.changed(name)

    @own.post("/resume", summary="End a pause")
    async def resume(name: Name) -> shapes.Evaluator:
        """End a pause, whoever made it; a draft stays a draft. What runs already goes on."""
        _check_live(await evaluators.entry(name), "there is no pause to end: publish it")
        await parts.store.resume(name, paused_by="user")
        return await evaluators.changed(name)

    @own.post("/archive", summary="Archive")
    async def archive(name: Name) -> shapes.Evaluator:
        """Take it out of use: what waits is not judged. Versions and results are kept.

        Publishing brings it back as it was published last; saving a version brings it back as a draft.
        """
        await evaluators.entry(name)
        await parts.store.archive(name)
        return await evaluators.changed(name)

    @own.delete("/draft", summary="Discard the draft")
    async def discard(name: Name) -> shapes.Evaluator:
        """Take back the draft; it stays among the versions. What is published goes on unchanged.

        An evaluator that was never published is archived by this.
        """
        await evaluators.entry(name)
        await parts.store.discard_draft(name)
        return await evaluators.changed(name)

    return own


def _check_judge(judge: str, judges: Sequence[str]) -> None:
    """Raise `ApiProblem` 422 for an evaluator that the pipeline would pause at once."""
    if judges and judge not in judges:
        words = f"the settings have no judge model “{judge}”, only {', '.join(judges)}"
        raise ApiProblem(
            422,
            f"This cannot be published: {words}. Edit `judge`, or add it to the settings.",
            code="invalid_evaluator",
            errors=[FieldError("judge", words)],
        )


def _check_live(entry: Entry, told: str) -> None:
    if entry.live is None:
        name = entry.now.evaluator.name
        raise ApiProblem(409, f"“{name}” is not published, so {told}.", code="not_published")

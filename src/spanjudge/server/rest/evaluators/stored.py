"""The evaluators of the store, read and changed for the API."""

import logging
from typing import Annotated

from fastapi import Path

from spanjudge.pipeline.ports import ConflictError, StoredEvaluator, StoreError
from spanjudge.server.rest.evaluators.evaluator_shapes import (
    Entry,
    changes,
    entry_of,
    evaluator_shape,
    version_shapes,
)
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem
from spanjudge.server.rest.shapes import evaluators as shapes

Name = Annotated[str, Path(max_length=200, description="The evaluator's name.", examples=["topic"])]

_log = logging.getLogger("spanjudge.server")


class StoredEvaluators:
    """The evaluators of the store. What changes one also brings the running pipeline up to date."""

    def __init__(self, parts: Parts) -> None:
        """`parts` are the server's."""
        self._parts = parts

    async def entry(self, name: str) -> Entry:
        """Everything stored under a name. Raises `ApiProblem` 404."""
        found = entry_of(await self._parts.store.evaluators(all_versions=True, name=name))
        if found is None:
            raise unknown(name)
        return found

    async def shape(self, name: str) -> shapes.Evaluator:
        """One evaluator as it is given out. Raises `ApiProblem` 404."""
        return evaluator_shape(await self.entry(name), from_file=self.from_file(name))

    async def versions(self, name: str) -> list[shapes.Version]:
        """Every version, and how many results it has. Raises `ApiProblem` 404."""
        entry = await self.entry(name)
        return version_shapes(entry.versions, await self._parts.queries.results_by_version(name))

    async def changed(self, name: str) -> shapes.Evaluator:
        """After a change: the pipeline knows it before the answer is given."""
        try:
            await self._parts.pipeline.refresh()
        except StoreError as error:
            # The change is stored; the pipeline looks again within a second.
            _log.warning("evaluators could not be read again", extra={"reason": str(error)})
        return await self.shape(name)

    def from_file(self, name: str) -> bool:
        """Whether a restart applies a file of this name again."""
        return name in self._parts.facts.file_evaluators

    async def conflict(self, error: ConflictError, base_version: str | None, told: str) -> ApiProblem:
        """409 with what is stored, and what it says otherwise than the version that was edited."""
        name = error.stored.evaluator.name
        base: StoredEvaluator | None = None
        if base_version:
            base = await self._parts.store.version(name, base_version)
        stored = await self.shape(name)
        conflict = shapes.Conflict(
            stored=stored, changes=changes(base.evaluator, error.stored.evaluator) if base else []
        )
        return ApiProblem(
            409,
            f"{told} Nothing was changed.",
            code="exists" if base_version is None else "conflict",
            extra={"conflict": conflict.model_dump(mode="json", by_alias=True)},
        )


def unknown(name: str) -> ApiProblem:
    """There is none of this name."""
    return ApiProblem(
        404,
        f"There is no evaluator “{name[:200]}”: GET /api/v1/evaluators names them, POST makes one.",
        code="unknown_evaluator",
    )

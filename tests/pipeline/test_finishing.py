"""Ends of jobs, when the store is in trouble or one of them is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.pipeline.ports import Finish, Retry, Store, StoreError
from spanjudge.store.store import open_store
from tests.pipeline.live import eventually, live, path


class Troubled:
    """The real store; `finish` raises what `trouble` gives."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.trouble: Exception | None = None
        self.refused: str | None = None
        self.attempts = 0

    async def finish(self, finishes: Sequence[Finish], retries: Sequence[Retry], **rest: Any) -> int:
        self.attempts += 1
        if self.trouble is not None:
            raise self.trouble
        outcomes = [one.evaluated.outcome for one in finishes if one.evaluated is not None]
        if any(isinstance(one, EvaluationResult) and one.evaluator == self.refused for one in outcomes):
            raise StoreError("cannot be bound")
        return await self._store.finish(finishes, retries, **rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_results_wait_for_a_store_that_cannot_and_are_stored_once(tmp_path: Path) -> None:
    opened = await open_store(path(tmp_path))
    store = Troubled(opened)
    store.trouble = StoreError("the disk is full")
    async with live(tmp_path, store=store) as running:  # pyright: ignore[reportArgumentType] - what it has not it hands on
        await running.receive(*range(5))

        async def held_up() -> bool:
            return running.pipeline.health.storing_fails == "the disk is full"

        await eventually(held_up)
        assert {job.state for job in await running.jobs(*range(5))} == {"leased"}
        store.trouble = None
        jobs = await running.ended(*range(5))
        assert {job.state for job in jobs} == {"done"}
        assert len(await opened.results_of([job.target for job in jobs[::2]])) == 10

        async def well() -> bool:
            return running.pipeline.health.storing_fails is None

        await eventually(well)
    await opened.aclose()


async def test_an_outcome_that_cannot_be_stored_fails_alone(tmp_path: Path) -> None:
    opened = await open_store(path(tmp_path))
    store = Troubled(opened)
    store.refused = "polite"
    async with live(tmp_path, store=store) as running:  # pyright: ignore[reportArgumentType] - as above
        await running.receive(1)
        await running.inbox.got(1)
        number = 2

        async def both_ended() -> bool:
            # Others come and go: that they can be stored is what speaks against it.
            nonlocal number
            await running.receive(number)
            number += 1
            return all(job.state in ("done", "failed") for job in await running.jobs(1))

        await eventually(both_ended)
        states = {job.evaluator: (job.state, job.error_code) for job in await running.jobs(1)}
        assert states == {"polite": ("failed", "internal"), "right": ("done", None)}
        failures = [one for one in running.inbox.results.values() if one.is_failure]
        assert all(isinstance(one.outcome, EvaluationFailure) for one in failures)
        store.refused = None
    await opened.aclose()

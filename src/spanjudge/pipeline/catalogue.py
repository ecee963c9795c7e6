"""The evaluators in use: read again when they change, here or in another process."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.ports import Store, StoredEvaluator

_MOST_VERSIONS = 2_000


class Held(NamedTuple):
    """An evaluator that the pipeline paused, and when it is to be tried again."""

    name: str
    retry_ns: int | None


class Catalogue:
    """What is published or paused, and by which judge model it is judged."""

    def __init__(self, store: Store) -> None:
        """Empty until `refresh`."""
        self._store = store
        self._reading = asyncio.Lock()
        self._revision: int | None = None
        self._versions: dict[tuple[str, str], Evaluator | None] = {}
        self.live: Sequence[StoredEvaluator] = ()
        """Every published or paused version."""
        self.published: Mapping[str, Sequence[str]] = {}
        """Names of published evaluators by judge model."""
        self.held: Mapping[str, Sequence[Held]] = {}
        """Evaluators that the pipeline paused, by judge model."""

    async def refresh(self) -> bool:
        """Look whether anything changed, and take it over; whether it did."""
        # One after the other: what was read first must not come in last.
        async with self._reading:
            return await self._refresh()

    async def _refresh(self) -> bool:
        revision = await self._store.revision()
        if revision == self._revision:
            return False
        live = [one for one in await self._store.evaluators() if one.status in ("published", "paused")]
        published: dict[str, list[str]] = {}
        held: dict[str, list[Held]] = {}
        for one in live:
            judge, name = one.evaluator.judge, one.evaluator.name
            if one.status == "published":
                published.setdefault(judge, []).append(name)
            elif one.paused_by == "pipeline":
                held.setdefault(judge, []).append(Held(name, one.retry_ns))
            self._versions[name, one.evaluator.version] = one.evaluator
        self.live, self.published, self.held = live, published, held
        self._revision = revision
        return True

    async def evaluator(self, name: str, version: str) -> Evaluator | None:
        """One version; jobs may be of an older one than is published now."""
        key = (name, version)
        if key not in self._versions:
            if len(self._versions) > _MOST_VERSIONS:
                self._versions = {
                    (one.evaluator.name, one.evaluator.version): one.evaluator for one in self.live
                }
            stored = await self._store.version(name, version)
            self._versions[key] = stored.evaluator if stored else None
        return self._versions[key]

"""Budgets kept with the other processes: usage is stored, limits and what others spend are followed."""

import asyncio
import logging
from collections.abc import Sequence

from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.usage import UsageRow
from spanjudge.pipeline.budget_gauges import observe_budgets
from spanjudge.pipeline.ports import Store, StoreError
from spanjudge.pipeline.supervision import woken

_log = logging.getLogger("spanjudge.pipeline")

_SECONDS = 1.0
_NEED_SECONDS = 0.25
"""As `_SECONDS`, while calls wait for what others hold."""
_GAP = 0.02


class BudgetKeeping:
    """Keeps a ledger in step with the store; without a ledger there is nothing to keep."""

    def __init__(self, ledger: Ledger | None, store: Store, member: str) -> None:
        """`member` is this process's name among the others."""
        self._ledger = ledger
        self._store = store
        self._member = member

    async def start(self) -> None:
        """See what was used, and from now on spend only what was granted. Raises `StoreError`."""
        if self._ledger is not None:
            self._ledger.share(self._store.coordination, self._member)
            await self._ledger.load(self._store)
            await self._ledger.follow(self._store)
            observe_budgets(self._ledger)

    def stored(self, rows: Sequence[UsageRow]) -> None:
        """Usage was stored: others see it."""
        if self._ledger is not None:
            self._ledger.stored(rows)

    async def run(self) -> None:
        """Until cancelled."""
        ledger, saved = self._ledger, float("-inf")
        loop = asyncio.get_running_loop()
        while ledger is not None:
            await woken(ledger.needs, _NEED_SECONDS if ledger.in_need else _SECONDS)
            try:
                if loop.time() - saved >= _SECONDS:
                    saved = loop.time()
                    await ledger.save(self._store)
                    await ledger.follow(self._store)
                await ledger.sync()
            except StoreError as error:
                _log.warning("budgets cannot be kept now", extra={"reason": str(error)})
                await asyncio.sleep(_SECONDS)
            # What comes meanwhile is asked for together.
            await asyncio.sleep(_GAP)

    async def aclose(self) -> None:
        """Store what is left."""
        if self._ledger is None:
            return
        try:
            await self._ledger.save(self._store)
        except StoreError as error:
            _log.error("usage could not be stored", extra={"reason": str(error)})

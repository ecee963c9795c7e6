"""Judge models that cannot be asked: their evaluators are paused, probed, and go on where they stopped."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from spanjudge.judging.result import EvaluationFailure, FailureCode
from spanjudge.pipeline.catalogue import Catalogue
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.ports import Store, UnknownEvaluatorError

_log = logging.getLogger("spanjudge.pipeline")

_SECOND = 1_000_000_000
_PROBE_NS = 60 * _SECOND
"""How long a probe may take before another process has a try."""
_WORDS: dict[FailureCode, str] = {
    "judge_key_refused": "the judge model refuses the key",
    "judge_no_credit": "the judge model's provider says there is no money left",
    "judge_model_unknown": "the judge model is not known to its provider",
}


class Pauses:
    """Pauses all evaluators of a judge model, and ends its own pauses; a user's are left alone.

    The first probe comes after `first` seconds, later ones up to `longest` apart; a pause of an earlier
    process is probed at once. Pauses are the store's, so they hold in every process that judges, and one of
    them probes: the one that has the duty.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        now: Now,
        *,
        member: str,
        first: float = 60.0,
        longest: float = 900.0,
    ) -> None:
        """`member` is this process's name among those on the store."""
        self._store = store
        self._member = member
        self._catalogue = catalogue
        self._now = now
        self._first = first
        self._longest = longest
        self._until: dict[str, int] = {}
        self._inherited: set[str] = set()
        self._probes: dict[str, int] = defaultdict(int)
        self._reasons: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def start(self, *, alone: bool) -> None:
        """When nobody else judges, pauses that are there already are an earlier process's: due at once."""
        self._inherited = set(self._catalogue.held) if alone else set()

    def due(self, judge: str) -> Sequence[str]:
        """Evaluators whose pause it is time to probe."""
        held = self._catalogue.held.get(judge, ())
        if not held:
            return ()
        until = 0 if judge in self._inherited else max(one.retry_ns or 0 for one in held)
        return [one.name for one in held] if until <= self._now() else ()

    async def to_probe(self, judge: str) -> Sequence[str]:
        """The same, when it is for this process to do; `probed` ends that. Raises `StoreError`."""
        names = self.due(judge)
        if not names:
            return ()
        now = self._now()
        mine = await self._store.coordination.claim(
            _duty(judge), self._member, now_ns=now, until_ns=now + _PROBE_NS
        )
        if not mine:
            return ()
        # Who had the duty before may have ended the pause, or put the next probe off.
        await self._catalogue.refresh()
        return self.due(judge)

    async def probed(self, judge: str) -> None:
        """A probe is over. Raises `StoreError`."""
        await self._store.coordination.give_back(self._member, [_duty(judge)])

    async def pause(self, judge: str, failure: EvaluationFailure) -> int:
        """Pause every evaluator of this judge model; when it is tried again (nanoseconds since 1970)."""
        async with self._locks[judge]:
            await self._catalogue.refresh()
            until = max((one.retry_ns or 0 for one in self._catalogue.held.get(judge, ())), default=0)
            # What was under way when the first call failed, here or elsewhere, fails too and changes nothing.
            if until > self._now() and not self._catalogue.published.get(judge):
                return until
            until = self._until.get(judge, 0)
            if until <= self._now():
                until = self._next(judge)
                self._probes[judge] += 1
            words = _WORDS.get(failure.code, "the judge model cannot be asked")
            self._reasons[judge] = f"{words} ({failure.code}): {failure.message}"
            await self._hold(judge, until)
            return until

    async def postpone(self, judge: str) -> None:
        """A probe came to nothing: the next one later."""
        async with self._locks[judge]:
            if self._catalogue.held.get(judge):
                await self._hold(judge, self._next(judge))

    async def unknown(self, judge: str, known: Sequence[str]) -> None:
        """Pause the evaluators of a judge model that the settings do not have."""
        for name in self._catalogue.published.get(judge, ()):
            reason = (
                f"judge_model_unknown: the settings have no judge model called “{judge}” (there are: "
                f"{', '.join(known)}): add judges.{judge} to the file of SPANJUDGE_CONFIG and restart"
            )
            await self._pause_one(name, reason, None)
        await self._catalogue.refresh()

    async def resume(self, judge: str) -> None:
        """The judge model answers: end the pauses."""
        async with self._locks[judge]:
            held = self._catalogue.held.get(judge, ())
            self._until.pop(judge, None)
            self._probes.pop(judge, None)
            self._inherited.discard(judge)
            for one in held:
                await self._store.resume(one.name)
            if held:
                _log.info(
                    "a judge model answers again: its evaluators go on",
                    extra={"judge": judge, "evaluators": [one.name for one in held]},
                )
                await self._catalogue.refresh()

    def _next(self, judge: str) -> int:
        wait = min(self._first * 2.0 ** self._probes[judge], self._longest)
        return self._now() + int(wait * _SECOND)

    async def _hold(self, judge: str, until: int) -> None:
        self._until[judge] = until
        self._inherited.discard(judge)
        published = self._catalogue.published.get(judge, ())
        names = [*published, *(one.name for one in self._catalogue.held.get(judge, ()))]
        at = datetime.fromtimestamp(until / _SECOND, UTC).strftime("%H:%M:%S UTC")
        reason = self._reasons.get(judge, "the judge model cannot be asked")
        for name in names:
            await self._pause_one(name, f"{reason}; tried again at {at}", until)
        if published:
            _log.error(
                "evaluators are paused; their jobs are kept",
                extra={"judge": judge, "evaluators": list(published), "reason": reason},
            )
        await self._catalogue.refresh()

    async def _pause_one(self, name: str, reason: str, retry_ns: int | None) -> None:
        try:
            await self._store.pause(name, reason=reason, paused_by="pipeline", retry_ns=retry_ns)
        except UnknownEvaluatorError:
            _log.debug("an evaluator to pause is gone", extra={"evaluator": name})


def _duty(judge: str) -> str:
    return f"probe {judge}"

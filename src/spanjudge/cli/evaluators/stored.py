"""The evaluators in the store of the settings, opened beside a server or without one."""

import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.pipeline.ports import Store, StoredEvaluator, UnknownEvaluatorError

FILE_URL = "sqlite:///"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One name in the store: the version that is published or paused, and the newest one."""

    live: StoredEvaluator | None
    newest: StoredEvaluator

    @property
    def name(self) -> str:
        """The evaluator's name."""
        return self.newest.evaluator.name

    @property
    def archived(self) -> bool:
        """Whether it is out of use."""
        return self.live is None and self.newest.status == "archived"

    @property
    def draft(self) -> StoredEvaluator | None:
        """The newest version when it is a draft."""
        return self.newest if self.newest.status == "draft" else None

    @property
    def shown(self) -> StoredEvaluator:
        """The version that counts: the live one where there is one."""
        return self.live or self.newest

    @property
    def status(self) -> str:
        """In words: `published`, `paused: no credit`, `published, draft 3`."""
        live = self.live
        if live is None:
            return self.newest.status
        words = f"paused: {live.reason}" if live.status == "paused" and live.reason else live.status
        return f"{words}, draft {self.newest.number}" if self.draft else words


@asynccontextmanager
async def opened() -> AsyncGenerator[Store]:
    """The store of the settings, made when it is not there yet. Raises `SpanjudgeError`."""
    from spanjudge import settings  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.store.store import open_store  # noqa: PLC0415 - as above

    store = await open_store(settings.places().database_url)
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def opened_if_there() -> AsyncGenerator[Store | None]:
    """The store of the settings to look into; `None` when there is none yet, as looking makes nothing."""
    from spanjudge import settings  # noqa: PLC0415 - see `cli/main.py`

    if _is_missing(settings.places().database_url):
        yield None
        return
    async with opened() as store:
        yield store


async def entries(store: Store | None) -> dict[str, Entry]:
    """Every name in the store, archived ones too, sorted."""
    found: dict[str, list[StoredEvaluator]] = {}
    for stored in await store.evaluators() if store else ():
        found.setdefault(stored.evaluator.name, []).append(stored)
    return {name: _entry(versions) for name, versions in sorted(found.items())}


def unknown(name: str, known: Iterable[str]) -> SpanjudgeError:
    """The error for a name that is not in the store."""
    from spanjudge.evaluators.problem import nearest  # noqa: PLC0415 - as above

    names = list(known)
    fix = nearest(name, names) if names else "it holds none; `spanjudge evaluators apply` brings some"
    return UnknownEvaluatorError(f"no evaluator “{name}” in the store; {fix}")


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry for programs."""
    stored = entry.shown
    return version_json(stored) | {"draft": version_json(entry.draft) if entry.draft and entry.live else None}


def version_json(stored: StoredEvaluator) -> dict[str, Any]:
    """One version for programs; times are ISO 8601 in UTC."""
    evaluator = stored.evaluator
    return {
        "name": evaluator.name,
        "status": stored.status,
        "number": stored.number,
        "version": evaluator.version,
        "reason": stored.reason or None,
        "paused_by": stored.paused_by or None,
        "created": moment(stored.created_ns),
        "published": moment(stored.published_ns) if stored.published_ns else None,
        "target": evaluator.target,
        "judge": evaluator.judge,
        "sampling": evaluator.scope.sampling,
    }


def moment(ns: int) -> str:
    """A time as `2026-05-04T03:02:01Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ns / 1e9))


def _is_missing(url: str) -> bool:
    return url.startswith(FILE_URL) and not Path(url.removeprefix(FILE_URL)).exists()


def _entry(versions: Sequence[StoredEvaluator]) -> Entry:
    live = next((one for one in versions if one.status in ("published", "paused")), None)
    return Entry(live=live, newest=max(versions, key=lambda one: one.number))

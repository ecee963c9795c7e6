"""The pump, over real results in a real store."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from spanjudge.pipeline.outbox import Pump
from spanjudge.pipeline.ports import ExportError, Store
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated
from tests.pipeline.live import Inbox, Shifted, eventually, live, path, question, target

RESULTS = 40


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    """Forty results wait for the destination `later`, which takes nothing yet."""
    opened = await open_store(path(tmp_path))
    async with live(tmp_path, None, [question("polite")], exporters=[_closed()], store=opened) as running:
        await running.receive(*range(RESULTS))
        await running.ended(*range(RESULTS))
    yield opened
    await opened.aclose()


def _closed() -> Inbox:
    closed = Inbox("later")
    closed.trouble = lambda _: ExportError("away", retryable=True)
    return closed


def pump(store: Store, inbox: Inbox, now: Shifted, *, batch: int = 16) -> Pump:
    return Pump(store, inbox, now, batch=batch, pause=lambda _: 0.01)


async def waiting(store: Store) -> int:
    return (await store.health(now_ns=2**62)).outbox


def refuse(*numbers: int) -> "Refusal":
    return Refusal({target(number).key for number in numbers})


class Refusal:
    """A backend that refuses batches with certain results in them, for good."""

    def __init__(self, keys: set[str]) -> None:
        self.keys = keys

    def __call__(self, batch: Sequence[Evaluated]) -> Exception | None:
        if any(one.target.key in self.keys for one in batch):
            return ExportError("400: bad record", retryable=False)
        return None


async def test_everything_goes_out_once_in_batches(store: Store) -> None:
    inbox = Inbox("later")
    running = pump(store, inbox, Shifted())
    running.start()
    await inbox.got(RESULTS)
    await eventually(lambda: _is(store, 0))
    await running.aclose(1.0)
    assert sorted(map(len, inbox.batches)) == [8, 16, 16]
    assert running.state.sent == RESULTS


async def _is(store: Store, count: int) -> bool:
    return await waiting(store) == count


async def test_trouble_is_waited_out_told_once_and_its_end_too(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox("later")
    inbox.trouble = lambda _: ExportError("the backend is away", retryable=True)
    running = pump(store, inbox, Shifted())
    with caplog.at_level(logging.INFO, "spanjudge.pipeline"):
        running.start()
        await inbox.called(6)
        assert running.state.failing_since is not None
        assert await waiting(store) == RESULTS
        inbox.trouble = lambda _: None
        await inbox.got(RESULTS)
    await running.aclose(1.0)
    told = [record.getMessage() for record in caplog.records]
    assert told.count("results do not arrive; they are kept and tried again") == 1
    assert told.count("results arrive again") == 1
    assert running.state.failing_since is None


async def test_the_pause_doubles_and_is_as_long_as_the_backend_asks(store: Store) -> None:
    inbox = Inbox("later")
    inbox.trouble = lambda _: ExportError("busy", retryable=True)
    running = Pump(store, inbox, Shifted(), pause=lambda seconds: seconds)
    pauses: list[float] = []
    for _ in range(9):
        await running.once()
        pauses.append(running.pause)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    inbox.trouble = lambda _: ExportError("busy", retryable=True, retry_after=300.0)
    await running.once()
    assert running.pause == 300.0
    inbox.trouble = lambda _: None
    assert await running.once()
    assert running.pause == 0.0


@pytest.mark.parametrize("bad", [(0,), (39,), (17,), (0, 39), (3, 4, 5, 20, 38)])
async def test_bad_records_hold_up_nobody_and_are_given_up_in_the_end(
    tmp_path: Path, store: Store, bad: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    now = Shifted()
    inbox = Inbox("later")
    inbox.trouble = refuse(*bad)
    running = pump(store, inbox, now, batch=64)
    for _ in range(3):
        await running.once()
        now.forward(700.0)
    assert len(inbox.results) == RESULTS - len(bad)
    # Tried again while nothing else is taken they are kept: it may be the destination.
    for _ in range(10):
        now.forward(700.0)
        await running.once()
    assert running.state.dropped == 0
    assert await waiting(store) == len(bad)
    # With others taken in between, they are given up.
    with caplog.at_level(logging.ERROR, "spanjudge.pipeline"):
        for round_ in range(1, 9):
            async with live(
                tmp_path, None, [question("polite")], exporters=[_closed()], store=store
            ) as further:
                await further.receive(1_000 * round_)
                await further.ended(1_000 * round_)
            now.forward(700.0)
            for _ in range(3):
                await running.once()
    assert running.state.dropped == len(bad)
    assert "given up" in caplog.text
    assert await waiting(store) == 0
    assert {one.target.key for one in inbox.results.values()}.isdisjoint({target(n).key for n in bad})
    assert len(inbox.results) == RESULTS - len(bad) + 8


async def test_a_refusal_of_everything_is_told_once_and_loses_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    now = Shifted()
    inbox = Inbox("later")
    inbox.trouble = lambda _: ExportError("401: check OTEL_EXPORTER_OTLP_HEADERS", retryable=False)
    running = pump(store, inbox, now)
    with caplog.at_level(logging.WARNING, "spanjudge.pipeline"):
        for _ in range(50):
            await running.once()
            now.forward(100.0)
        assert len(caplog.records) == 1
        assert "check OTEL_EXPORTER_OTLP_HEADERS" in str(caplog.records[0].__dict__["reason"])
    assert await waiting(store) == RESULTS
    assert running.state.dropped == 0
    inbox.trouble = lambda _: None
    now.forward(700.0)
    while await running.once():
        pass
    assert len(inbox.results) == RESULTS
    assert running.state.failing_since is None


async def test_an_exporter_that_breaks_does_not_end_the_pump(store: Store) -> None:
    inbox = Inbox("later")
    inbox.trouble = lambda _: ZeroDivisionError()
    now = Shifted()
    running = pump(store, inbox, now)
    running.start()
    await inbox.called(3)
    inbox.trouble = lambda _: None

    async def arrived() -> bool:
        now.forward(700.0)
        return len(inbox.results) == RESULTS

    await eventually(arrived)
    await running.aclose(1.0)


async def test_one_slow_destination_slows_neither_judging_nor_the_other(tmp_path: Path) -> None:
    stuck = asyncio.Event()

    class Slow(Inbox):
        async def export(self, batch: Sequence[Evaluated]) -> None:
            await stuck.wait()
            await super().export(batch)

    slow, quick = Slow("slow"), Inbox("quick")
    async with live(tmp_path, None, [question("polite")], exporters=[slow, quick]) as running:
        await running.receive(*range(30))
        await quick.got(30)
        await running.ended(*range(30))
        assert not slow.results
        stuck.set()
        await slow.got(30)

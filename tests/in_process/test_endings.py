"""However an application ends, the results of what it did get out."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import slow

ROOT = Path(__file__).parents[2]


async def run(judge: MockJudge, *arguments: str) -> tuple[int, str, str]:
    """The program with these arguments; exit code and what it wrote."""
    environ = {
        name: text for name, text in os.environ.items() if not name.startswith(("OTEL_", "SPANJUDGE_"))
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.in_process.programs.simply_ends", *arguments),
        env={
            **environ,
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": f"{judge.url}/v1",
            "NO_PROXY": "127.0.0.1",
        },
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    return process.returncode or 0, out.decode(), error.decode()


@pytest.mark.parametrize(
    ("order", "end", "code"),
    [
        ("traces,logs,meters", "simply", 0),
        ("meters,logs,traces", "simply", 0),
        ("logs,meters,traces", "exit", 3),
        ("traces,meters,logs", "error", 1),
        ("traces,meters,logs", "thread", 0),
        ("traces,meters,logs", "shutdown", 0),
    ],
)
async def test_all_results_are_out_when_it_has_ended(
    order: str, end: str, code: int, mock_judge: MockJudge
) -> None:
    mock_judge.always(slow(0.05))
    ended, out, error = await run(mock_judge, order, "12", end)

    assert ended == code
    if end != "error":
        assert error == ""
    # Four metrics of each call; without context there is no hallucination.
    assert out.count('"event_name": "gen_ai.evaluation.result"') == 48
    assert len(mock_judge.requests) == 12
    assert out.count('"name": "gen_ai.evaluation.score"') == 1


async def test_a_forked_process_evaluates_its_own_calls_and_no_other(mock_judge: MockJudge) -> None:
    mock_judge.always(slow(0.05))
    ended, out, error = await run(mock_judge, "logs,meters,traces", "6", "fork")

    assert (ended, error) == (0, "")
    assert len(mock_judge.requests) == 12
    assert out.count('"event_name": "gen_ai.evaluation.result"') == 48


async def test_what_cannot_be_finished_is_told(mock_judge: MockJudge) -> None:
    mock_judge.always(slow(600))
    ended, out, error = await run(mock_judge, "traces,logs,meters", "6", "impatient")

    assert ended == 0
    assert "6 invocations were not evaluated" in error
    assert "Traceback" not in error
    # Those that were under way are failures that are told, and no scores.
    assert '"gen_ai.evaluation.score.value"' not in out

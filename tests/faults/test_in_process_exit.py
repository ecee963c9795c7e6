"""The application ends without shutting its queue down."""

import asyncio
import re
import signal
from collections import Counter
from contextlib import AbstractAsyncContextManager

import pytest

from tests.cli.process import python
from tests.faults.in_process_programs import environment, run
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import held, slow


@pytest.mark.parametrize(("program", "code"), [("returns", 0), ("leaves", 3), ("fails", 1)])
async def test_what_waits_is_evaluated_however_it_ends(
    program: str, code: int, mock_judge: MockJudge
) -> None:
    mock_judge.always(slow(0.02))
    ended = await run(program, mock_judge)
    assert ended.code == code
    assert ended.evaluated == {"answer": 20}
    assert len(mock_judge.requests) == 20
    assert ("LookupError: the application's own trouble" in ended.err) == (program == "fails")
    assert "Unclosed" not in ended.err


async def test_an_application_that_goes_on_in_its_threads_is_not_cut_off(mock_judge: MockJudge) -> None:
    ended = await run("goes_on_in_a_thread", mock_judge)
    assert (ended.code, ended.err) == (0, "")
    assert ended.evaluated == {"main": 5, "thread": 5, "late": 5}


async def test_what_handlers_of_the_exit_offer_is_evaluated_too(mock_judge: MockJudge) -> None:
    ended = await run("offers_while_it_ends", mock_judge)
    assert (ended.code, ended.err) == (0, "")
    assert ended.evaluated == {"first": 1, "at-exit": 5}


async def test_a_pool_that_nobody_shut_down_is_no_hindrance(mock_judge: MockJudge) -> None:
    ended = await run("keeps_idle_threads", mock_judge)
    assert (ended.code, ended.err) == (0, "")
    assert ended.evaluated == {"pool": 5}


async def test_a_connection_left_open_is_nothing_to_complain_about(mock_judge: MockJudge) -> None:
    ended = await run("evaluates_directly", mock_judge, "-W", "error")
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines == ["EvaluationResult EvaluationResult"]


async def test_a_judge_that_hangs_does_not_hold_the_process(mock_judge: MockJudge) -> None:
    mock_judge.always(held(asyncio.Event()))
    ended = await run("hangs_at_the_judge", mock_judge)
    assert ended.code == 0
    assert ended.lines == []
    assert re.fullmatch(r"20 invocations were not evaluated: the time to finish was over; .*\n", ended.err)


@pytest.mark.parametrize("program", ["hangs_in_the_loop", "hangs_in_a_thread"])
async def test_a_function_that_hangs_does_not_hold_the_process(program: str, mock_judge: MockJudge) -> None:
    ended = await run(program, mock_judge)
    assert ended.code == 0
    assert re.fullmatch(r"1 invocation was not evaluated: the time to finish was over; .*\n", ended.err)


def interruptible(program: str, judge: MockJudge) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    return python("-m", "tests.faults.in_process_child", program, judge.url, env=environment())


async def interrupted(process: asyncio.subprocess.Process, at: bytes) -> tuple[bytes, bytes]:
    """Press Ctrl-C once the process has said something, and again until it is gone."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while await process.stdout.readline() != at:
            assert not process.stdout.at_eof()
        ending = asyncio.create_task(process.communicate())
        while not ending.done():
            process.send_signal(signal.SIGINT)
            await asyncio.wait([ending], timeout=0.2)
        return await ending


async def test_ctrl_c_ends_the_waiting_at_the_exit(mock_judge: MockJudge) -> None:
    mock_judge.always(held(asyncio.Event()))
    async with interruptible("is_interrupted_while_it_ends", mock_judge) as process:
        _, err = await interrupted(process, b"ends\n")
    assert b"20 invocations were not evaluated" in err


async def test_ctrl_c_ends_a_shutdown_and_reaches_the_application(mock_judge: MockJudge) -> None:
    mock_judge.always(held(asyncio.Event()))
    async with interruptible("is_interrupted_while_it_shuts_down", mock_judge) as process:
        await mock_judge.arrived.wait()
        out, err = await interrupted(process, b"shuts down\n")
    assert out == b"interrupted 20 0 0\n"
    assert b"20 invocations were not evaluated" in err


async def test_a_spawned_process_evaluates_its_own(mock_judge: MockJudge) -> None:
    ended = await run("spawns_by_multiprocessing", mock_judge)
    assert (ended.code, ended.err) == (0, "")
    assert ended.evaluated == {"parent": 5, "child": 5}
    assert Counter(ended.lines)["child 0"] == 1

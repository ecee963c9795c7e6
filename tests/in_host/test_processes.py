"""Whole processes: the providers are the process's own, and nobody waits for anything."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.in_host.conftest import Start
from tests.mock_judge import Behaviour, MockJudge

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os
import sys
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import ConsoleLogExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.util.genai.handler import get_telemetry_handler
from opentelemetry.util.genai.types import InputMessage, LLMInvocation, OutputMessage, Text

handler = get_telemetry_handler()
loggers = LoggerProvider()
loggers.add_log_record_processor(SimpleLogRecordProcessor(ConsoleLogExporter()))
_logs.set_logger_provider(loggers)
trace.set_tracer_provider(TracerProvider())
for _ in range(int(sys.argv[1])):
    invocation = LLMInvocation(
        request_model="gpt-4o", input_messages=[InputMessage("user", [Text("Write a loop.")])]
    )
    handler.start_llm(invocation)
    invocation.output_messages = [OutputMessage("assistant", [Text("while True: ...")])]
    handler.stop_llm(invocation)
if "fork" in sys.argv:
    child = os.fork()
    if child == 0:
        sys.exit()
    os.waitpid(child, 0)
"""


async def run(*arguments: str) -> tuple[int, str]:
    """Events that came out of the program, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-c", PROGRAM, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    told, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return told.decode().count('"event_name": "gen_ai.evaluation.result"'), errors.decode()


async def test_providers_that_are_set_after_the_host_s_handler_is_made(start: Start) -> None:
    start("native(LLMInvocation(bias,code_quality))")
    assert await run("1") == (2, "")


async def test_what_waits_at_the_exit_is_still_evaluated(start: Start, mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(seconds=0.05))
    start("native(LLMInvocation(bias,code_quality))", CONCURRENT="false")
    assert await run("20") == (40, "")


async def test_a_forked_child_does_not_wait_for_its_parent_s_backlog(
    start: Start, mock_judge: MockJudge
) -> None:
    mock_judge.always(Behaviour(seconds=0.05))
    start("native(LLMInvocation(bias,code_quality))", CONCURRENT="false")
    assert await run("10", "fork") == (20, "")

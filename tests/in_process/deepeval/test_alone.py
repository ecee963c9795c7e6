"""What DeepEval does to a process that lets it in: nothing but its work."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.mock_judge import MockJudge

ROOT = Path(__file__).parents[3]
LASTING = {"DEEPEVAL_DISABLE_LEGACY_KEYFILE": "1"}
THEIRS = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "0",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "1",
    "DEEPEVAL_VERBOSE_MODE": "1",
    "DEEPEVAL_EVAL_MODE": "system_one",
    "CONFIDENT_API_KEY": "never-used",
}
"""What a user may have set for DeepEval: it stays, and brings no more traffic or files."""


async def run(judge: MockJudge, place: Path, **environment: str) -> tuple[dict[str, Any], str]:
    """What `alone` tells in a directory with traps in it, and what it wrote to its error stream."""
    here, home = place / "here", place / "home"
    (here / ".deepeval").mkdir(parents=True)
    home.mkdir()
    (here / ".env").write_text("LEAKED_FROM_DOTENV=1\nOPENAI_API_KEY=leaked\n")
    (here / ".deepeval" / ".deepeval").write_text(json.dumps({"GROK_MODEL_NAME": "leaked"}))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.in_process.deepeval.alone",
        f"{judge.url}/v1",
        cwd=here,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(home),
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return json.loads(out), errors.decode()


async def test_it_leaves_no_traces_in_the_application(mock_judge: MockJudge, tmp_path: Path) -> None:
    told, errors = await run(mock_judge, tmp_path, **THEIRS)
    assert told["scores"] == [0.0, 0.0, 1.0, 0.0, 1.0, 0.8]
    assert not told["imported at construction"]
    assert told["after"].pop("environment") == told["before"].pop("environment") | LASTING
    assert told["after"] == told["before"]
    connected = ["socket.connect", f"('127.0.0.1', {mock_judge.url.rpartition(':')[2]})"]
    assert connected in told["touched"]
    assert [access for access in told["touched"] if access != connected] == []
    assert told["timers"] == []
    assert all(name.startswith(("MainThread", "spanjudge")) for name in told["threads"])
    assert told["in a fork"] == 0
    assert errors == ""


def test_telemetry_is_off_where_the_user_says_nothing_of_it() -> None:
    # Imported in this process before this test.
    assert os.environ.get("DEEPEVAL_TELEMETRY_OPT_OUT") == "1"

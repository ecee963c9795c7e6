"""An application with a DeepevalEvaluator and nothing else: it tells what that did to the process.

`python -m tests.in_process.deepeval.alone JUDGE_URL`, in a directory of its own. Prints JSON.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any

from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document

METRICS = ("bias", "toxicity", "answer_relevancy", "hallucination", "faithfulness", "sentiment")
SUBJECT = Subject(input="Hello?", output="Good morning.", context=(Document(content="It is morning."),))

touched: list[list[str]] = []


def listen(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes every connection, look-up, process and writing access to a file."""
    writes = event == "open" and (
        any(sign in str(arguments[1] or "") for sign in "wax+")
        or (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    )
    if event in ("socket.connect", "socket.getaddrinfo"):
        touched.append([event, str(arguments[1] if event == "socket.connect" else arguments[0])])
    elif writes or event in ("os.mkdir", "os.rename", "os.remove", "subprocess.Popen", "os.system"):
        touched.append([event, str(arguments[0])])


def state() -> dict[str, Any]:
    """What of the process an application may have set up."""
    root = logging.getLogger()
    return {
        "environment": dict(os.environ),
        "root logger": [root.level, len(root.handlers), root.disabled, logging.root.manager.disable],
        "hooks": [str(hook) for hook in (sys.excepthook, threading.excepthook, warnings.showwarning)],
        "signals": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "asyncio": [
            asyncio.run.__module__,
            asyncio.Task.__module__,
            asyncio.events.get_event_loop.__module__,
        ],
        "streams": [sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__],
        "directory": [str(Path.cwd()), sorted(path.name for path in Path.cwd().iterdir())],
        "home": sorted(path.name for path in Path.home().iterdir()),
    }


def main(url: str) -> None:
    def judge() -> JudgeModel:
        return open_model(
            JudgeModelConfig(provider="openai_compatible", model="mock", url=url, price_input=1)
        )

    tempfile.gettempdir()  # which writes a file to see whether it can
    sys.addaudithook(listen)
    evaluator = DeepevalEvaluator(METRICS, judge=judge)
    imported_at_construction = "deepeval" in sys.modules
    before = state()
    found = evaluator.evaluate(SUBJECT)
    after = state()
    accesses = list(touched)
    child = os.fork()
    if child == 0:
        again = [one.score for one in evaluator.evaluate(SUBJECT)]
        os._exit(0 if again == [one.score for one in found] else 1)
    told = {
        "imported at construction": imported_at_construction,
        "scores": [one.score for one in found],
        "before": before,
        "after": after,
        "touched": accesses,
        "timers": [thread.name for thread in threading.enumerate() if isinstance(thread, threading.Timer)],
        "threads": [thread.name for thread in threading.enumerate()],
        "in a fork": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
    }
    print(json.dumps(told))  # noqa: T201  what who started it reads


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
    main(sys.argv[1])

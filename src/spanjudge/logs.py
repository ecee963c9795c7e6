"""Structured logs on standard error: no content, no secrets.

Modules log with the standard library, words in the message and facts in `extra`:
`logging.getLogger("spanjudge.server").info("evaluated", extra={"scorer": name, "elapsed_ms": 12})`.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, TextIO

import msgspec

from spanjudge.judging.models.model import JudgeModel, JudgeReply, JudgeRequest
from spanjudge.judging.models.wrapped import WrappedModel

ROOT = "spanjudge"
CONTENT = "spanjudge.content"
"""The only logger that may be given what users wrote; silent unless asked for at debug level."""

HIDDEN = "(hidden)"
SHORTEST_SECRET = 6
"""Shorter texts are not searched for: they would be found in ordinary words."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being answered; every record written for it carries it."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}

_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure(
    *,
    level: str = "info",
    form: str = "auto",
    content: bool = False,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send this process's logs to `stream` (standard error).

    `form` is `json`, `text` or `auto` (text on a terminal). Other packages are heard from warnings
    upwards, whatever the level: at debug level some of them print keys and content. `secrets` never
    appear, whoever logs them.
    """
    target: TextIO = sys.stderr if stream is None else stream
    as_text = form == "text" or (form == "auto" and target.isatty())
    debug = level == "debug"
    formatter = (TextFormatter if as_text else JsonFormatter)(secrets, debug=debug)
    output = logging.StreamHandler(target)
    output.setFormatter(formatter)
    # No line names the code's place, its thread or its process: looking them up costs more than the line.
    logging.__dict__.update(_srcfile=None, logThreads=False, logProcesses=False, logMultiprocessing=False)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(output)
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(CONTENT).setLevel(logging.DEBUG if content and debug else logging.CRITICAL + 1)
    logging.captureWarnings(capture=True)


def quiet() -> None:
    """For commands that say themselves what goes wrong: only errors are logged."""
    logging.getLogger(ROOT).setLevel(logging.ERROR)


class _SafeFormatter(logging.Formatter):
    """What both forms share: the facts of a record, an exception without its words, and no secrets."""

    def __init__(self, secrets: Iterable[str] = (), *, debug: bool = False) -> None:
        super().__init__()
        long_enough = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        self._secrets = sorted(long_enough, key=len, reverse=True)
        self._debug = debug

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the record was given in `extra`."""
        facts = {
            key: value
            for key, value in record.__dict__.items()
            if key not in _STANDARD and not key.startswith("_") and value is not None
        }
        if (current := request_id.get()) is not None:
            facts["request_id"] = current
        return facts

    def trace(self, record: logging.LogRecord) -> list[str]:
        """The exception's class and where it went through.

        Its message may quote what a user wrote, so it is left out above debug level.
        """
        if not record.exc_info or record.exc_info[0] is None:
            return []
        kind, error, stack = record.exc_info
        if self._debug:
            return "".join(traceback.format_exception(kind, error, stack)).splitlines()
        frames = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(stack)]
        return [kind.__qualname__, *frames]

    def hide(self, text: str) -> str:
        """Replace every secret."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text


class JsonFormatter(_SafeFormatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, then the facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay out one record."""
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{second}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.facts(record),
        }
        if trace := self.trace(record):
            line["exception"] = trace
        return self.hide(_as_json(line))


def _as_json(line: dict[str, Any]) -> str:
    try:
        return _encode(line).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot carry
        return json.dumps(line, default=str)


class TextFormatter(_SafeFormatter):
    """For people: `12:30:05 warning  message  key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay out one record."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        facts = "".join(f"  {key}={value}" for key, value in self.facts(record).items())
        first = f"{clock} {record.levelname.lower():<8} {record.getMessage()}{facts}"
        lines = [first, *self.trace(record)]
        return self.hide("\n    ".join(lines))


class ContentLog(WrappedModel):
    """A judge model whose questions and answers are logged; only when the user asked for it."""

    def __init__(self, inner: JudgeModel) -> None:
        """Everything but the logging is `inner`'s."""
        super().__init__(inner)
        self._logger = logging.getLogger(CONTENT)

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Ask `inner` and log both sides."""
        question: Mapping[str, Any] = {
            "system": request.system,
            "user": request.user,
            "schema": msgspec.json.encode(request.schema).decode(),
        }
        self._logger.debug("judge question", extra={"judge_model": self.model, **question})
        reply = await self.inner.answer(request)
        self._logger.debug("judge answer", extra={"judge_model": self.model, "text": reply.text})
        return reply

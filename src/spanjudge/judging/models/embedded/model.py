"""The embedded judge: a small model in a child process of our own, for a machine with no API key."""

import asyncio
import contextlib
import math
from pathlib import Path

import msgspec

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.embedded.catalogue import QWEN
from spanjudge.judging.models.embedded.engine import EmbeddedEngine
from spanjudge.judging.models.embedded.fetch import FetchError, fetch, model_name
from spanjudge.judging.models.embedded.options import EmbeddedOptions
from spanjudge.judging.models.embedded.plan import plan
from spanjudge.judging.models.embedded.prompt import ChatFormat
from spanjudge.judging.models.embedded.turns import Turns
from spanjudge.judging.models.embedded.writing import Writing
from spanjudge.judging.models.model import JudgeModelError, JudgeReply, JudgeRequest, Traits

_MOST_SUBJECT_CHARS = 9_000
_CONTEXT_OF_MOST = 8_192
_LEAST_ANSWER = 256
_SPARE = 8


class EmbeddedModel:
    """Judges with a model file on this machine (provider `embedded`, cost 0).

    One child process holds the model and answers one question at a time; the event loop stays free. It
    is started by `start()` or the first question, started again after a crash, and ends with this
    process. While the file is fetched or loaded, questions wait until their deadline.

    Answers fit the request's schema by construction (`plan`). With `probability_of` the reply's
    tokens carry, for every label of a closed set, the likeliest tokens at its place, with the model's own
    probabilities before the schema narrows them.
    """

    provider = "embedded"

    def __init__(self, config: JudgeModelConfig, options: EmbeddedOptions | None = None) -> None:
        """`config.model` is a known name (see `fetch`) or the path of a GGUF file."""
        options = options or EmbeddedOptions()
        self._options = msgspec.structs.replace(
            options,
            threads=config.threads or options.threads,
            context=config.context_tokens or options.context,
        )
        self._config = config
        self.model = model_name(config.model, config.path)
        share = min(1.0, self._options.context / _CONTEXT_OF_MOST)
        self.traits = Traits(
            batches=bool(config.batching),
            small=True,
            max_subject_chars=config.max_subject_chars or int(_MOST_SUBJECT_CHARS * share),
            calibration=_calibration(self.model, config.path),
        )
        self._turns = Turns()
        self._engine: EmbeddedEngine | None = None
        self._chat: ChatFormat | None = None
        self._starting: asyncio.Task[EmbeddedEngine] | None = None
        self._file: Path | None = None
        self._closed = False
        self.waiting_for: str | None = "the embedded judge is not started"

    async def start(self) -> None:
        """Fetch the file if need be and load it. Raises `JudgeModelError` or `MissingExtraError`."""
        await self._running()

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Answer one question; see `JudgeModel`."""
        steps = plan(request.schema)
        phase = "waiting for earlier questions"
        writing: Writing | None = None
        seconds = None if math.isinf(request.deadline) else request.seconds_left
        try:
            async with asyncio.timeout(seconds):
                await self._running()
                async with self._turns.take(request.system + request.subject):
                    phase = "thinking"
                    engine = await self._running()
                    writing = await self._begin(engine, request)
                    await writing.write(steps)
        except TimeoutError:
            raise JudgeModelError(
                "judge_timeout",
                f"no answer from the embedded judge in time ({self.waiting_for or phase}); "
                "a longer timeout, fewer questions at once or more cores help",
                retryable=True,
                usage=writing.usage if writing else None,
                cost_usd=0.0,
                model=self.model,
            ) from None
        except JudgeModelError as error:
            error.cost_usd, error.model = 0.0, self.model
            raise
        return JudgeReply(
            text=writing.text,
            model=self.model,
            usage=writing.usage,
            cost_usd=0.0,
            tokens=tuple(writing.tokens) if request.probability_of else (),
        )

    async def _begin(self, engine: EmbeddedEngine, request: JudgeRequest) -> Writing:
        chat = self._chat or ChatFormat(engine)
        self._chat = chat
        prompt = await chat.tokens(request)
        room = self._options.context - _SPARE - len(prompt)
        if room < min(_LEAST_ANSWER, request.max_output_tokens):
            raise JudgeModelError(
                "input_too_long",
                f"the prompt has {len(prompt)} tokens, too many for the embedded judge's context of "
                f"{self._options.context} with an answer; a larger context helps",
            )
        budget = min(room, request.max_output_tokens)
        return Writing(chat, prompt, budget, probability_of=request.probability_of, leaning=request.leaning)

    async def _running(self) -> EmbeddedEngine:
        """The engine, started if it is not there or not alive; one start serves all who wait."""
        if self._closed:
            raise JudgeModelError("judge_unavailable", "the embedded judge is closed")
        if self._engine is not None and self._engine.alive:
            return self._engine
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            # A start nobody waits for any more may fail without anybody to read it.
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._starting)

    async def _start(self) -> EmbeddedEngine:
        try:
            if self._engine is not None:
                await self._engine.aclose()
                self._engine = self._chat = None
            if self._file is None or not self._file.exists():
                self.waiting_for = f"the model file {self.model} is being fetched"
                config = self._config
                self._file = await fetch(config.model, path=config.path, folder=config.cache_dir)
            self.waiting_for = f"the model {self.model} is being loaded"
            engine = await EmbeddedEngine.open(self._file, self._options)
        except FetchError as error:
            self.waiting_for = str(error)
            raise JudgeModelError("judge_unavailable", str(error), retryable=error.retryable) from error
        except Exception as error:
            self.waiting_for = str(error)
            raise
        self._engine, self.waiting_for = engine, None
        return engine

    async def aclose(self) -> None:
        """End the child process."""
        self._closed = True
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._starting
        if self._engine is not None:
            await self._engine.aclose()


def _calibration(model: str, path: str | None) -> str | None:
    """The calibrations to use: those of the default model, also when its file was given by path."""
    given = Path(path or model)
    try:
        same = model == QWEN.name or given.stat().st_size == QWEN.size
    except OSError:
        same = False
    return QWEN.name if same else None

"""The composition root: from settings to a running server. The only file that knows every other one."""

import asyncio
import contextlib
import gc
import importlib.util
import logging
import os
import re
import secrets
import signal
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from spanjudge import logs
from spanjudge.errors import EvaluatorError, MissingExtraError, SettingsError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_file, load_folder
from spanjudge.evaluators.gallery import scorers
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.remote_scorer.scorer import RemoteScorer
from spanjudge.secret_files import TokenFile, fence_key
from spanjudge.server import api, run
from spanjudge.server.health import ServerInfo
from spanjudge.server.limits import App as AsgiApp
from spanjudge.server.limits import Limits, Message, Receive, Scope, Send
from spanjudge.settings import Settings
from spanjudge.telemetry.monitoring import Monitoring
from spanjudge.version import __version__

logger = logging.getLogger("spanjudge.app")
evaluations = logging.getLogger("spanjudge.evaluations")

TOKEN_FILE_SECONDS = 2.0
"""How often the token file is looked at."""

DRAIN_SECONDS = 30.0
"""How long requests under way are given after a signal."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


@runtime_checkable
class Starting(Protocol):
    """A judge model that has to be brought up before it can answer: the embedded one."""

    waiting_for: str | None

    async def start(self) -> None:
        """Bring it up."""
        ...


class LoggedJudge(Judge):
    """A judge that logs one line for each outcome: who was asked, what came of it, never about what."""

    async def judge(
        self,
        subject: Subject,
        evaluators: Sequence[Evaluator],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as `Judge`'s
    ) -> list[EvaluationResult | EvaluationFailure]:
        """See `Judge`."""
        outcomes = await super().judge(subject, evaluators, timeout=timeout)
        for outcome in outcomes:
            _log(outcome)
        return outcomes


class App:
    """What a server is made of. `open_app` puts it together."""

    def __init__(self, settings: Settings, judges: Mapping[str, Judge], token_file: TokenFile) -> None:
        """Raises `SettingsError` and `EvaluatorError` for evaluators that cannot be used."""
        self.settings = settings
        self.judges = judges
        self.token_file = token_file
        self.evaluators = _evaluators(settings)
        default = judges["default"].model
        self.scorer = RemoteScorer(
            judges,
            self.evaluators,
            timeout=settings.judge.timeout,
            cache_seconds=settings.cache_seconds,
            cache_size=settings.cache_size,
            max_in_flight=settings.max_in_flight,
        )
        self.limits = Limits(body_bytes=settings.max_body_bytes)
        self.asgi = _with_request_id(
            api.build(
                self.scorer,
                token_file.tokens,
                ServerInfo(version=__version__, provider=default.provider, model=default.model),
                self.limits,
                self.not_ready,
                access_log=settings.access_log,
            )
        )

    def not_ready(self) -> str | None:
        """Why requests should not come here yet, or nothing."""
        waiting = (model.waiting_for for model in self._starting())
        return next((reason for reason in waiting if reason), None)

    async def start_judges(self) -> None:
        """Bring up the judge models that need it; a failure is logged, and the next question tries again."""
        for model in self._starting():
            try:
                await model.start()
            except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on and says so
                logger.error("the judge model did not start", extra={"reason": str(error)})  # noqa: TRY400

    async def aclose(self) -> None:
        """Give back what the judge models hold."""
        for judge in self.judges.values():
            await judge.aclose()

    def _starting(self) -> list[Starting]:
        models = (innermost(judge.model) for judge in self.judges.values())
        return [model for model in models if isinstance(model, Starting)]


def open_app(settings: Settings) -> App:
    """Put everything together; nothing is connected to and nothing runs yet.

    Raises `SettingsError`, `EvaluatorError` or `MissingExtraError`. There must be a token.
    """
    key = fence_key(settings.secret, settings.data_dir, must_keep=not settings.data_dir_is_default)
    token_file = TokenFile(settings.auth_tokens_file, settings.auth_tokens)
    return App(settings, open_judges(settings, key), token_file)


def open_judges(settings: Settings, key: bytes | None = None) -> dict[str, Judge]:
    """A judge for each judge model of the settings."""
    judges: dict[str, Judge] = {}
    monitoring = Monitoring()
    for name, config in settings.judges.items():
        if config.provider == "embedded" and importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtraError("the embedded judge", "embedded")
        model = _open(name, config)
        if settings.log_content and settings.log_level == "debug":
            model = logs.ContentLog(model)
        judges[name] = LoggedJudge(model, fence_key=key, batch=config.batching, observer=monitoring.observe)
    return judges


def innermost(model: JudgeModel) -> JudgeModel:
    """The judge model itself, without what is put around it."""
    while (inner := getattr(model, "inner", None)) is not None:
        model = inner
    return model


def configure_logs(settings: Settings) -> None:
    """Logs as the settings want them; no secret of the settings ever appears."""
    keys = (config.api_key for config in settings.judges.values())
    others = (os.environ.get(name, "") for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
    logs.configure(
        level=settings.log_level,
        form=settings.log_format,
        content=settings.log_content,
        secrets=[*settings.auth_tokens, *keys, settings.secret or "", *others],
    )


async def serve(
    app: App,
    *,
    on_listening: Callable[[str, int], None] | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> None:
    """Serve until a signal, and then answer what is under way; SIGHUP reads the token file again."""
    settings = app.settings

    def listening(host: str, port: int) -> None:
        logger.info(
            "listening",
            extra={
                "address": f"http://{host}:{port}",
                "provider": settings.judge.provider,
                "judge_model": app.judges["default"].model.model,
                "evaluators": len(app.evaluators),
                "version": __version__,
            },
        )
        if on_listening is not None:
            on_listening(host, port)

    for note in settings.notes:
        logger.warning(note)
    _collect_less_often()
    async with _beside(app.start_judges()), _beside(_keep_tokens_fresh(app.token_file)):
        try:
            await run.serve(
                app.asgi,
                settings.host,
                settings.port,
                limits=app.limits,
                on_listening=listening,
                drain_seconds=drain_seconds,
                drain=app.scorer.aclose,
            )
        finally:
            await app.aclose()
    logger.info("stopped")


def _collect_less_often() -> None:
    """Spare the garbage collector what lives as long as the process.

    A request makes thousands of objects and next to no cycles: at Python's own threshold a sixth of a
    server's time goes into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Run something beside the body, and end it with the body."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep_tokens_fresh(token_file: TokenFile) -> None:
    loop = asyncio.get_running_loop()
    # There is no SIGHUP on Windows, and none outside the main thread; the file is looked at all the same.
    with contextlib.suppress(NotImplementedError, AttributeError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGHUP, token_file.reload)
    while True:
        await asyncio.sleep(TOKEN_FILE_SECONDS)
        token_file.look()


def _open(name: str, config: JudgeModelConfig) -> JudgeModel:
    try:
        return open_model(config)
    except SettingsError as error:
        if name == "default":
            raise
        raise SettingsError(f"judges.{name}: {error}") from None


def _evaluators(settings: Settings) -> dict[str, Evaluator]:
    """The gallery's scorers and the user's own; a user's one replaces a scorer of the same name."""
    found = dict(scorers())
    if settings.evaluators_dir is None:
        return found
    own = load_folder(settings.evaluators_dir)
    for name in own:
        if name in found:
            logger.info("an evaluator of yours replaces the built-in scorer", extra={"scorer": name})
    unknown = [name for name, evaluator in own.items() if evaluator.judge not in settings.judges]
    if unknown:
        known = ", ".join(settings.judges)
        raise EvaluatorError(
            "\n".join(
                f"{_file_of(settings.evaluators_dir, name)}: judge: no judge model is called "
                f"“{own[name].judge}”; the settings have {known}: name one of them, or add "
                f"judges.{own[name].judge} to the file of SPANJUDGE_CONFIG"
                for name in unknown
            )
        )
    return found | own


def _file_of(folder: Path, name: str) -> Path:
    files = (file for file in sorted(folder.rglob("*.y*ml")) if not file.name.startswith("."))
    return next(
        (file for file in files if _name_in(file) == name),
        folder,
    )


def _name_in(file: Path) -> str | None:
    try:
        return load_file(file).name
    except EvaluatorError:
        return None


def _log(outcome: EvaluationResult | EvaluationFailure) -> None:
    failed = isinstance(outcome, EvaluationFailure)
    usage = outcome.usage
    evaluations.log(
        logging.WARNING if failed else logging.INFO,
        "not evaluated" if failed else "evaluated",
        extra={
            "scorer": outcome.evaluator,
            "code": outcome.code if failed else "OK",
            "verdict": None if failed else outcome.verdict,
            "judge_provider": outcome.judge_provider,
            "judge_model": outcome.judge_model,
            "elapsed_ms": round(outcome.duration * 1000),
            "calls": outcome.calls,
            "input_tokens": usage.input if usage else None,
            "output_tokens": usage.output if usage else None,
            "cost_usd": outcome.cost_usd,
        },
    )


def _with_request_id(app: AsgiApp) -> AsgiApp:
    """Give every request an id (its own `X-Request-Id`, or a new one), for the logs and for the answer."""
    prefix = f"{secrets.token_hex(4)}-{int(time.time()):x}".encode()
    count = 0

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        nonlocal count
        count += 1
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        name = given if _REQUEST_ID.fullmatch(given) else b"%s-%x" % (prefix, count)
        logs.request_id.set(name.decode("ascii"))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name)]
            await send(message)

        await app(scope, receive, named)

    return identified

"""A server put together from its settings, and its life."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence

from opentelemetry import metrics

from spanjudge import logs
from spanjudge.app.judges import open_judges
from spanjudge.app.options import budget_words, open_ledger, pipeline_options, window_times
from spanjudge.app.rest import rest_router
from spanjudge.app.scorers import served
from spanjudge.app.ways_out import open_exporters, otlp_environment
from spanjudge.errors import SettingsError
from spanjudge.judging.budget.budgeted_judge import BudgetedJudge
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.call import Observer
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.wrapped import Starting, innermost
from spanjudge.pipeline import explain
from spanjudge.pipeline.clock import Clock, Now
from spanjudge.pipeline.pipeline import Pipeline
from spanjudge.pipeline.ports import Exporter, Store
from spanjudge.receivers.limits import ByteBudget, OtlpLimits
from spanjudge.receivers.otlp_grpc import OtlpGrpc, serve_grpc
from spanjudge.receivers.otlp_http import PATHS, OtlpHttp
from spanjudge.remote_scorer.logged_judge import LoggedJudge
from spanjudge.remote_scorer.scorer import RemoteScorer
from spanjudge.secret_files import TokenFile, fence_key
from spanjudge.server import api, run
from spanjudge.server.access import Access
from spanjudge.server.health import ServerInfo
from spanjudge.server.issued_tokens import IssuedTokens
from spanjudge.server.limits import Limits
from spanjudge.server.request_id import with_request_id
from spanjudge.server.sessions import Sessions
from spanjudge.server.web import Web
from spanjudge.settings import Settings
from spanjudge.store.store import open_store
from spanjudge.telemetry.judge_traces import JudgeTraces, route_from_environment
from spanjudge.telemetry.monitoring import Monitoring
from spanjudge.telemetry.providers import Provided, open_providers
from spanjudge.version import __version__

logger = logging.getLogger("spanjudge.app")

TOKEN_FILE_SECONDS = 2.0
"""How often the token file is looked at."""

DRAIN_SECONDS = 30.0
"""How long requests under way are given after a signal."""

_LAST_TELEMETRY_SECONDS = 5.0


class App:
    """What a server is made of. `open_app` puts it together, `serve` runs it, `aclose` ends it."""

    def __init__(  # the composition root hands over all there is
        self,
        settings: Settings,
        judges: Mapping[str, Judge],
        token_file: TokenFile,
        *,
        store: Store,
        exporters: Sequence[Exporter],
        telemetry: Provided,
        ledger: Ledger,
        now: Now,
        key: bytes,
    ) -> None:
        """`key` is the data folder's secret.

        Raises `SettingsError` and `EvaluatorError` for evaluators that cannot be used.
        """
        self.settings = settings
        self.judges = judges
        self.token_file = token_file
        self.store = store
        self.evaluators, self.own_evaluators = served(settings)
        self.grpc_address: str | None = None
        self.grpc_port: int | None = None
        self.ledger = ledger
        self.now = now
        self.exporters = exporters
        self.access = Access(
            token_file.tokens,
            Sessions(key, token_file.tokens),
            issued=token_file.issued,
            reload=token_file.reload,
        )
        self.ending = asyncio.Event()
        """Set when the server begins to end."""
        self._published = 0
        self._telemetry = telemetry
        default = judges["default"].model
        self.pipeline = Pipeline(
            store,
            {name: BudgetedJudge(judge, ledger, name, now) for name, judge in judges.items()},
            exporters,
            pipeline_options(settings),
            ledger=ledger,
            now=now,
        )
        self.trial_judges = {
            name: BudgetedJudge(judge, ledger, name, now, keeps_usage=True) for name, judge in judges.items()
        }
        self.scorer = RemoteScorer(
            {name: LoggedJudge(judge) for name, judge in self.trial_judges.items()},
            self.evaluators,
            timeout=settings.judge.timeout,
            cache_seconds=settings.cache_seconds,
            cache_size=settings.cache_size,
            max_in_flight=settings.max_in_flight,
        )
        self.limits = Limits(body_bytes=settings.max_body_bytes)
        self._otlp_limits = OtlpLimits(
            body_bytes=settings.max_otlp_bytes, unpacked_bytes=settings.max_otlp_bytes
        )
        self._otlp_bytes = ByteBudget(2 * settings.max_otlp_bytes)
        self._otlp = OtlpHttp(
            self.pipeline, token_file.tokens, limits=self._otlp_limits, budget=self._otlp_bytes
        )
        self.asgi = with_request_id(
            api.build(
                self.scorer,
                token_file.tokens,
                ServerInfo(version=__version__, provider=default.provider, model=default.model),
                self.limits,
                self.not_ready,
                routers=[lambda: rest_router(self)],
                access=self.access,
                web=Web(),
                receivers=dict.fromkeys(PATHS, self._otlp),
                access_log=settings.access_log,
            ),
            logs.request_id,
        )

    async def explain(self, span_id: str, *, trace_id: str | None = None) -> list[explain.Explanation]:
        """Why a span was judged, or was not. Raises what `pipeline.explain` raises."""
        times = window_times(self.settings)
        return await explain.explain(self.store, span_id, trace_id=trace_id, now_ns=self.now(), times=times)

    async def serve(
        self,
        *,
        on_listening: Callable[[str, int], None] | None = None,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        """Serve until a signal, then end what is under way; SIGHUP reads the token file again.

        Raises `SettingsError` when an address cannot be had, and `StoreError`.
        """
        for note in self.settings.notes:
            logger.warning(note)
        _collect_less_often()
        async with _beside(self.start_judges()), _beside(_keep_tokens_fresh(self.token_file)):
            try:
                await self._serve(on_listening, drain_seconds)
            finally:
                await self.aclose()
        logger.info("stopped")

    async def _serve(self, on_listening: Callable[[str, int], None] | None, drain_seconds: float) -> None:
        settings = self.settings
        await self._publish_own()
        grpc = await self._serve_grpc()

        def listening(host: str, port: int) -> None:
            logger.info("listening", extra={"address": f"http://{host}:{port}", **self._facts()})
            if on_listening is not None:
                on_listening(host, port)

        try:
            await self.pipeline.start()
            stored = await self.store.evaluators()
            self._published = sum(one.status == "published" for one in stored)
            await run.serve(
                self.asgi,
                settings.host,
                settings.port,
                limits=self.limits,
                on_listening=listening,
                drain_seconds=drain_seconds,
                drain=self.scorer.aclose,
                ending=self.ending,
            )
        finally:
            if grpc is not None:
                await grpc.stop(min(drain_seconds, _LAST_TELEMETRY_SECONDS))
            self._otlp.close()
            await self.pipeline.stop(drain_seconds)

    async def _publish_own(self) -> None:
        """Publish the folder's evaluators; what a user has paused stays so, and a change of it is a draft."""
        stored = await self.store.evaluators()
        paused = {one.evaluator.name for one in stored if one.status == "paused" and one.paused_by == "user"}
        live = [one for one in self.own_evaluators if one.name not in paused]
        held = [one for one in self.own_evaluators if one.name in paused]
        for some, publish in ((live, True), (held, False)):
            if some:
                await self.store.apply(some, publish=publish, now_ns=self.now())

    async def _serve_grpc(self) -> OtlpGrpc | None:
        settings = self.settings
        if settings.grpc_port is None:
            return None
        try:
            grpc = await serve_grpc(
                self.pipeline,
                self.token_file.tokens,
                settings.host,
                settings.grpc_port,
                limits=self._otlp_limits,
                budget=self._otlp_bytes,
            )
        except SettingsError as error:
            if not settings.grpc_port_is_default:
                raise
            # A collector on the same machine has the usual port: who did not ask for it can do without.
            logger.warning("no OTLP over gRPC", extra={"reason": str(error)})
            return None
        self.grpc_port = grpc.port
        self.grpc_address = f"http://{settings.host}:{grpc.port}"
        return grpc

    def _facts(self) -> dict[str, object]:
        """What is worth knowing at start."""
        settings = self.settings
        return {
            "grpc": self.grpc_address or "off",
            "provider": settings.judge.provider,
            "judge_model": self.judges["default"].model.model,
            "evaluators": len(self.evaluators),
            "published": self._published,
            "results_to": ", ".join(exporter.name for exporter in self.exporters) or "the store only",
            "budget": budget_words(settings),
            "version": __version__,
        }

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
        """Give back everything that is held."""
        for exporter in self.exporters:
            await exporter.aclose()
        for judge in self.judges.values():
            await judge.aclose()
        await self.store.aclose()
        await self._telemetry.aclose(_LAST_TELEMETRY_SECONDS)

    def _starting(self) -> list[Starting]:
        models = (innermost(judge.model) for judge in self.judges.values())
        return [model for model in models if isinstance(model, Starting)]


async def open_app(settings: Settings) -> App:
    """Put everything together; nothing is connected to and nothing runs yet, but the store is open.

    Raises `SettingsError`, `EvaluatorError`, `StoreError` or `MissingExtraError`. There must be a token.
    """
    key = fence_key(settings.secret, settings.data_dir, must_keep=not settings.data_dir_is_default)
    issued = IssuedTokens(settings.tokens_file)
    token_file = TokenFile(settings.auth_tokens_file, settings.auth_tokens, issued)
    instance, environ = uuid.uuid4().hex[:12], otlp_environment(settings)
    telemetry = open_providers(environ, judge_traces=route_from_environment(environ), instance=instance)
    if telemetry.meter_provider is not None:
        # Instruments are made in many places; all of them are this process's.
        metrics.set_meter_provider(telemetry.meter_provider)
    observers: list[Observer] = [Monitoring().observe]
    if telemetry.tracer_provider is not None:
        traces = JudgeTraces(telemetry.tracer_provider, content=settings.log_content)
        observers.append(traces.observe)
    judges = open_judges(settings, key, observers=observers)
    now = Clock()
    ledger = open_ledger(settings, now)
    exporters = open_exporters(settings, instance)
    return App(
        settings,
        judges,
        token_file,
        store=await open_store(settings.database_url),
        exporters=exporters,
        telemetry=telemetry,
        ledger=ledger,
        now=now,
        key=key,
    )


def configure_logs(settings: Settings) -> None:
    """Logs as the settings want them; no secret of the settings ever appears."""
    keys = (config.api_key for config in settings.judges.values())
    headers = (
        value for fields in settings.destinations.values() for value in fields.get("headers", {}).values()
    )
    others = (os.environ.get(name, "") for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
    logs.configure(
        level=settings.log_level,
        form=settings.log_format,
        content=settings.log_content,
        secrets=[*settings.auth_tokens, *keys, settings.secret or "", *headers, *others],
    )


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

"""A server put together from its settings, and its life."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence

from spanjudge import logs
from spanjudge.app.memory import collect_less_often
from spanjudge.app.options import budget_words, pipeline_options, window_times
from spanjudge.app.rest import rest_router
from spanjudge.app.scorers import served
from spanjudge.errors import SettingsError
from spanjudge.judging.budget.budgeted_judge import BudgetedJudge
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.wrapped import Starting, innermost
from spanjudge.pipeline import explain
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.coordination import ROLES
from spanjudge.pipeline.pipeline import Pipeline
from spanjudge.pipeline.ports import Exporter, Store
from spanjudge.receivers.limits import ByteBudget, OtlpLimits
from spanjudge.receivers.otlp_grpc import OtlpGrpc, serve_grpc
from spanjudge.receivers.otlp_http import PATHS, OtlpHttp
from spanjudge.remote_scorer.logged_judge import LoggedJudge
from spanjudge.remote_scorer.scorer import RemoteScorer
from spanjudge.secret_files import TokenFile
from spanjudge.server import api, run
from spanjudge.server.access import Access
from spanjudge.server.elsewhere import Elsewhere
from spanjudge.server.health import ServerInfo
from spanjudge.server.limits import App as Asgi
from spanjudge.server.limits import Limits
from spanjudge.server.request_id import with_request_id
from spanjudge.server.sessions import Sessions
from spanjudge.server.web import Web
from spanjudge.settings import Settings
from spanjudge.telemetry.providers import Provided
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
        self.roles = frozenset(settings.roles)
        self.judges = judges
        self.token_file = token_file
        self.store = store
        self.evaluators, self.own_evaluators = served(settings) if settings.judging else ({}, [])
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
        self.pipeline = Pipeline(
            store,
            {name: BudgetedJudge(judge, ledger, name, now) for name, judge in judges.items()},
            exporters,
            pipeline_options(settings),
            roles=settings.roles,
            ledger=ledger if judges else None,
            now=now,
            not_ready=self.not_ready,
        )
        self.trial_judges = {
            name: BudgetedJudge(judge, ledger, name, now, keeps_usage=True) for name, judge in judges.items()
        }
        self.scorer = self._new_scorer() if "api" in self.roles else None
        self.limits = Limits(body_bytes=settings.max_body_bytes)
        self._otlp_limits = OtlpLimits(
            body_bytes=settings.max_otlp_bytes, unpacked_bytes=settings.max_otlp_bytes
        )
        self._otlp_bytes = ByteBudget(2 * settings.max_otlp_bytes)
        self._otlp = (
            OtlpHttp(self.pipeline, token_file.tokens, limits=self._otlp_limits, budget=self._otlp_bytes)
            if "receiver" in self.roles
            else None
        )
        self.asgi = with_request_id(self._new_asgi(), logs.request_id)

    def _new_scorer(self) -> RemoteScorer:
        settings = self.settings
        return RemoteScorer(
            {name: LoggedJudge(judge) for name, judge in self.trial_judges.items()},
            self.evaluators,
            timeout=settings.judge.timeout,
            cache_seconds=settings.cache_seconds,
            cache_size=settings.cache_size,
            max_in_flight=settings.max_in_flight,
        )

    def _new_asgi(self) -> Asgi:
        judge = self.judges.get("default")
        with_pages = self.scorer is not None
        return api.build(
            self.scorer,
            self.token_file.tokens,
            ServerInfo(
                version=__version__,
                provider=judge.model.provider if judge else "",
                model=judge.model.model if judge else "",
                roles=() if self.settings.roles == ROLES else self.settings.roles,
            ),
            self.limits,
            self.not_ready,
            routers=[lambda: rest_router(self)] if with_pages else [],
            access=self.access,
            web=Web() if with_pages else None,
            receivers=dict.fromkeys(PATHS, self._otlp or Elsewhere("take spans", "receiver")),
            access_log=self.settings.access_log,
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
        collect_less_often()
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
                drain=None if self.scorer is None else self.scorer.aclose,
                ending=self.ending,
            )
        finally:
            if grpc is not None:
                await grpc.stop(min(drain_seconds, _LAST_TELEMETRY_SECONDS))
            if self._otlp is not None:
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
        if settings.grpc_port is None or "receiver" not in self.roles:
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
        facts: dict[str, object] = {"role": ",".join(settings.roles)}
        if "receiver" in self.roles:
            facts["grpc"] = self.grpc_address or "off"
        if judge := self.judges.get("default"):
            facts |= {
                "provider": settings.judge.provider,
                "judge_model": judge.model.model,
                "evaluators": len(self.evaluators),
                "published": self._published,
                "budget": budget_words(settings),
            }
        if "worker" in self.roles:
            facts["results_to"] = ", ".join(one.name for one in self.exporters) or "the store only"
        return facts | {"version": __version__}

    def not_ready(self) -> str | None:
        """Why requests should not come here now, or nothing."""
        if self.ending.is_set():
            return "the server is stopping"
        if not self.pipeline.running:
            return "the server is starting"
        if away := self.pipeline.membership.trouble:
            return f"the store cannot be reached: {away}"
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
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    # There is no SIGHUP on Windows, and none outside the main thread; the file is looked at all the same.
    with contextlib.suppress(NotImplementedError, AttributeError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), TOKEN_FILE_SECONDS)
        if asked.is_set():
            asked.clear()
            await token_file.reload()
        else:
            await token_file.look()

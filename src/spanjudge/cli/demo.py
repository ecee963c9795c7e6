"""`spanjudge demo`: a server, sample traces sent to it over OTLP, and a table of verdicts."""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from spanjudge.cli.demo_table import Row, Screen
from spanjudge.cli.demo_traces import EVALUATORS, samples
from spanjudge.telemetry.evaluated import Target

if TYPE_CHECKING:
    from spanjudge.app import App
    from spanjudge.evaluators.evaluator import Evaluator
    from spanjudge.settings import Settings

LOCAL = "127.0.0.1"
DRAIN_SECONDS = 1.0
USUAL_SECONDS = 60.0
PATIENCE_SECONDS = 600.0
"""For one answer of the embedded judge on a busy machine, unless a timeout is set."""

LOOK_SECONDS = 0.3
GRACE_SECONDS = 5.0
"""How long the sample without any content waits for some that never comes."""


def command(
    host: Annotated[str | None, typer.Option(help=f"Address to listen on; {LOCAL} without it.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; a free one is taken when it is in use.")
    ] = None,
    *,
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop after the table instead of serving on.")
    ] = False,
) -> None:
    """Serve with the embedded judge (no key needed), judge sample traces of five services, and keep serving.

    The traces are sent over OTLP as applications send theirs, in five dialects, with good and bad answers.
    With O2_JUDGE_PROVIDER and the other settings of a provider, that judge is asked. The embedded judge's
    model, 1.1 GB, is fetched once. The demo has a store of its own, made anew each time. With --exit the
    exit code is 1 when a span got no verdict.

    Example:  spanjudge demo --exit
    """
    from spanjudge import app, settings  # noqa: PLC0415 - `--help` must not wait for the server
    from spanjudge.server import run  # noqa: PLC0415 - as above

    options: dict[str, Any] = {"host": host, "port": port}
    options = {key: value for key, value in options.items() if value is not None}
    if not any(os.environ.get(name, "").strip() for name in ("O2_JUDGE_HOST", "SPANJUDGE_JUDGE_HOST")):
        options = {"host": LOCAL} | options
    loaded = settings.load(options=options, fallback_provider="embedded", whole=True)
    own_token = not loaded.auth_tokens and loaded.auth_tokens_file is None
    # The demo sends with a token of its own, whatever tokens there are besides.
    token = secrets.token_urlsafe(18)
    loaded = msgspec.structs.replace(
        loaded,
        auth_tokens=(*loaded.auth_tokens, token),
        database_url=_fresh_store(loaded.data_dir),
        content_grace_seconds=GRACE_SECONDS,
    )
    app.configure_logs(loaded)
    loaded = _with_patience(_with_free_ports(loaded))
    shown = token if own_token else None
    with asyncio.Runner(loop_factory=run.new_event_loop) as runner:
        complete = runner.run(_demo(loaded, token, shown, leave=leave))
    if leave and not complete:
        raise typer.Exit(1)


async def _demo(settings: "Settings", token: str, shown_token: str | None, *, leave: bool) -> bool:
    from spanjudge.app import open_app  # noqa: PLC0415 - see `command`

    return await _Demo(await open_app(settings), token, shown_token, leave=leave).run()


class _Demo:
    """One demo: start the judge, serve, send, show, serve on."""

    def __init__(self, app: "App", token: str, shown_token: str | None, *, leave: bool) -> None:
        self._app = app
        self._token = token
        self._shown_token = shown_token
        self._leave = leave
        self._screen = Screen()
        self._listening = asyncio.Event()
        self._address = ""
        self._samples = samples()

    async def run(self) -> bool:
        """Whether every span got its verdicts."""
        # The table is what should be seen; what goes wrong still is.
        level = logging.getLogger("spanjudge").level
        logging.getLogger("spanjudge").setLevel(max(level, logging.WARNING))
        await self._start_judge()
        await self._app.store.apply(_evaluators(), publish=True, now_ns=time.time_ns())
        serving = asyncio.create_task(
            self._app.serve(on_listening=self._on_listening, drain_seconds=DRAIN_SECONDS)
        )
        watching = asyncio.create_task(self._send_and_watch())
        await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():  # a signal came, or it did not start
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await serving
            return False
        complete = watching.result()
        if self._leave:
            signal.raise_signal(signal.SIGTERM)
        else:
            self._screen.say(self._invitation())
            logging.getLogger("spanjudge").setLevel(level)
        await serving
        return complete

    async def _start_judge(self) -> None:
        from spanjudge.app import Starting, innermost  # noqa: PLC0415 - see `command`

        model = self._app.judges["default"].model
        self._screen.say(f"Judge: {model.provider} {model.model}")
        inner = innermost(model)
        if isinstance(inner, Starting):
            await self._announce_fetch()
            await inner.start()

    async def _announce_fetch(self) -> None:
        from spanjudge.judging.models.embedded.catalogue import DEFAULT, MODELS  # noqa: PLC0415 - see `command`
        from spanjudge.judging.models.embedded.fetch import default_folder  # noqa: PLC0415 - as above
        from spanjudge.judging.models.embedded.store import ModelFolder  # noqa: PLC0415 - as above

        config = self._app.settings.judge
        known = MODELS.get(config.model or DEFAULT)
        if config.path or known is None or config.cache_dir is None:
            return
        folder = self._app.settings.data_dir / "models"
        for place in (folder, default_folder()):
            if await ModelFolder(place, known).whole():
                return
        self._screen.say(
            f"Its model ({known.size / 1e6:,.0f} MB) is not on this machine yet: "
            f"fetching it once into {folder}"
        )

    def _on_listening(self, host: str, port: int) -> None:
        reachable = LOCAL if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound
        self._address = f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
        self._listening.set()

    async def _send_and_watch(self) -> bool:
        await self._listening.wait()
        await self._send()
        rows = [Row(expectation) for expectation in self._samples.expected]
        with self._screen:
            while not await self._is_over(rows):
                self._screen.progress(rows)
                await asyncio.sleep(LOOK_SECONDS)
        self._screen.table(rows)
        await self._tell_what_was_not_judged({row.expected.span_id for row in rows})
        return all(row.has_verdict for row in rows)

    async def _send(self) -> None:
        import aiohttp  # noqa: PLC0415 - see `command`

        services = len({row.service for row in self._samples.expected})
        self._screen.say(
            f"Sending {self._samples.spans} spans of {services} services to {self._address}/v1/traces …"
        )
        requests = [("/v1/traces", body) for body in self._samples.traces]
        requests += [("/v1/logs", body) for body in self._samples.logs]
        headers = {"Authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
            for path, body in requests:
                async with session.post(f"{self._address}{path}", json=body):
                    pass

    async def _is_over(self, rows: list[Row]) -> bool:
        """Whether every row has its end, or only waits for somebody to mend the judge's settings."""
        await self._look(rows)
        waiting = [row for row in rows if row.outcome is None]
        if waiting and self._app.pipeline.health.paused:
            for row in waiting:
                explained = await self._app.explain(row.expected.span_id)
                row.trouble = next(
                    (one.line for one in explained if one.evaluator == row.expected.evaluator), ""
                )
            return True
        return not waiting

    async def _look(self, rows: list[Row]) -> None:
        """Take over what is stored by now."""
        targets = [Target(trace_id=trace, span_id=span) for trace, span in self._samples.ids]
        found = {
            (evaluated.target.span_id, evaluated.outcome.evaluator): evaluated.outcome
            for evaluated in await self._app.store.results_of(targets)
        }
        for row in rows:
            row.outcome = found.get((row.expected.span_id, row.expected.evaluator))

    async def _tell_what_was_not_judged(self, judged: set[str]) -> None:
        """Some samples cannot be judged; what is said of them is what `explain` says."""
        lines: list[str] = []
        for trace_id, span_id in self._samples.ids:
            if span_id in judged:
                continue
            explained = await self._app.explain(span_id, trace_id=trace_id)
            told = [one for one in explained if one.state not in {"not_matched", "judged"}]
            lines += [f"  {span_id}  {one.evaluator}: {one.line}" for one in told]
        if lines:
            self._screen.say("\nNot judged, and why:\n" + "\n".join(dict.fromkeys(lines)))
        self._screen.say("")

    def _invitation(self) -> str:
        token = self._shown_token
        bearer = f'"Authorization: Bearer {token or "$O2_JUDGE_AUTH_TOKEN"}"'
        span_id = self._samples.expected[0].span_id
        grpc = self._app.grpc_address
        page = f"{self._address}/sign-in#token={token}" if token else self._address
        lines = [
            f"Look at it in a browser:  {page}",
            "",
            f"Serving at {self._address}" + (f"  ·  token {token}" if token else "  ·  with your token"),
            "",
            "Send your own spans:",
            f"  OTEL_EXPORTER_OTLP_ENDPOINT={self._address}"
            + (f"   (or {grpc} with gRPC)" if grpc else "")
            + f" OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20{token or '$O2_JUDGE_AUTH_TOKEN'}",
            "Why was a span judged as it was, or not at all?",
            f"  curl -s {self._address}/api/v1/spans/{span_id}/explain -H {bearer}",
            "",
            "Ctrl-C ends it.",
        ]
        return "\n".join(lines)


def _evaluators() -> list["Evaluator"]:
    """The gallery's, each for the services it is meant for."""
    from spanjudge.evaluators import gallery  # noqa: PLC0415 - see `command`
    from spanjudge.evaluators.evaluator import Scope  # noqa: PLC0415 - as above

    rooms = {"metrics": gallery.metrics, "templates": gallery.templates}
    return [
        msgspec.structs.replace(rooms[room]()[place], name=name, scope=Scope(services=services))
        for name, (room, place, services) in EVALUATORS.items()
    ]


def _fresh_store(folder: Path) -> str:
    """A store of the demo's own: nothing of a user's is touched, and every demo begins empty."""
    place = folder / "demo"
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("spanjudge.db*"):
        old.unlink()
    return f"sqlite:///{(place / 'spanjudge.db').absolute()}"


def _with_patience(settings: "Settings") -> "Settings":
    """The settings, with a timeout that lets a slow machine come to its answers."""
    names = ("O2_JUDGE_TIMEOUT_SECONDS", "SPANJUDGE_JUDGE_TIMEOUT_SECONDS")
    is_set = settings.judge.timeout != USUAL_SECONDS or any(
        os.environ.get(name, "").strip() for name in names
    )
    if settings.judge.provider != "embedded" or is_set:
        return settings
    judge = msgspec.structs.replace(settings.judge, timeout=PATIENCE_SECONDS)
    return msgspec.structs.replace(settings, judges={**settings.judges, "default": judge})


def _with_free_ports(settings: "Settings") -> "Settings":
    """The settings, with free ports where theirs are taken."""
    from spanjudge.errors import SettingsError  # noqa: PLC0415 - see `command`
    from spanjudge.server import run  # noqa: PLC0415 - as above

    for field in ("port", "grpc_port"):
        wanted: int | None = getattr(settings, field)
        if not wanted:
            continue
        try:
            run.listen(settings.host, wanted).close()
        except SettingsError as error:
            if not isinstance(error.__cause__, OSError) or "in use" not in str(error):
                raise
            print(f"Port {wanted} is in use; taking a free one.", file=sys.stderr, flush=True)
            settings = msgspec.structs.replace(settings, **{field: 0})
    return settings

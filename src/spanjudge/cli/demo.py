"""`spanjudge demo`: a server, a few good and bad answers scored over its own HTTP, and a table."""

import asyncio
import contextlib
import logging
import os
import secrets
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from spanjudge.cli.demo_examples import EXAMPLES
from spanjudge.cli.demo_table import Row, Screen

if TYPE_CHECKING:
    import aiohttp

    from spanjudge.app import App
    from spanjudge.settings import Settings

LOCAL = "127.0.0.1"
DRAIN_SECONDS = 1.0
USUAL_SECONDS = 60.0
PATIENCE_SECONDS = 600.0
"""For one answer of the embedded judge on a busy machine, unless a timeout is set."""

AT_ONCE = 8
"""Requests at the same time to a remote judge; the embedded one thinks about one at a time."""


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
    """Serve with the embedded judge (no key needed), score a few good and bad answers, and keep serving.

    With O2_JUDGE_PROVIDER and the other settings of a provider, that judge is asked. The embedded judge's
    model, 1.1 GB, is fetched once. With --exit the exit code is 1 when an answer got no score.

    Example:  spanjudge demo --exit
    """
    from spanjudge import app, settings  # noqa: PLC0415 - `--help` must not wait for the server
    from spanjudge.server import run  # noqa: PLC0415 - as above

    options: dict[str, Any] = {"host": host, "port": port}
    options = {key: value for key, value in options.items() if value is not None}
    if not any(os.environ.get(name, "").strip() for name in ("O2_JUDGE_HOST", "SPANJUDGE_JUDGE_HOST")):
        options = {"host": LOCAL} | options
    loaded = settings.load(options=options, fallback_provider="embedded")
    own_token = not loaded.auth_tokens and loaded.auth_tokens_file is None
    # The demo asks with a token of its own, whatever tokens there are besides.
    token = secrets.token_urlsafe(18)
    loaded = msgspec.structs.replace(loaded, auth_tokens=(*loaded.auth_tokens, token))
    app.configure_logs(loaded)
    loaded = _with_patience(_with_free_port(loaded))
    shown = token if own_token else None
    with asyncio.Runner(loop_factory=run.new_event_loop) as runner:
        complete = runner.run(_Demo(app.open_app(loaded), token, shown, leave=leave).run())
    if leave and not complete:
        raise typer.Exit(1)


class _Demo:
    """One demo: start the judge, serve, ask, show, serve on."""

    def __init__(self, app: "App", token: str, shown_token: str | None, *, leave: bool) -> None:
        self._app = app
        self._token = token
        self._shown_token = shown_token
        self._leave = leave
        self._screen = Screen()
        self._listening = asyncio.Event()
        self._address = ""
        self._server_ends = False

    async def run(self) -> bool:
        """Whether every example got a score."""
        from spanjudge import app  # noqa: PLC0415 - see `command`

        # The table is what should be seen; what goes wrong still is.
        level = logging.getLogger("spanjudge").level
        logging.getLogger("spanjudge").setLevel(max(level, logging.WARNING))
        await self._start_judge()
        serving = asyncio.create_task(
            app.serve(self._app, on_listening=self._on_listening, drain_seconds=DRAIN_SECONDS)
        )
        asking = asyncio.create_task(self._ask_all())
        await asyncio.wait({serving, asking}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done() or self._server_ends:  # a signal came, or it did not start
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
            await serving
            return False
        complete = asking.result()
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

    async def _ask_all(self) -> bool:
        import aiohttp  # noqa: PLC0415 - see `command`

        await self._listening.wait()
        at_once = 1 if self._app.settings.judge.provider == "embedded" else AT_ONCE
        places = asyncio.Semaphore(at_once)
        headers = {"Authorization": f"Bearer {self._token}"}
        self._screen.say(f"Scoring {len(EXAMPLES)} answers at {self._address}/evaluate …")
        async with aiohttp.ClientSession(headers=headers) as session:

            async def ask(row: Row) -> None:
                async with places:
                    if self._server_ends:
                        return
                    with self._screen.thinking(row):
                        row.answer = await self._ask(session, row)

            rows = [Row(example) for example in EXAMPLES]
            with self._screen:
                async with asyncio.TaskGroup() as group:
                    for row in rows:
                        group.create_task(ask(row))
        if self._server_ends:
            return False
        self._screen.table(rows)
        return all(row.has_score for row in rows)

    async def _ask(self, session: "aiohttp.ClientSession", row: Row) -> dict[str, Any]:
        import aiohttp  # noqa: PLC0415 - see `command`

        limit = aiohttp.ClientTimeout(total=self._app.settings.judge.timeout + 10)
        try:
            async with session.post(
                f"{self._address}/evaluate", json=row.example.body, timeout=limit
            ) as response:
                return await response.json(content_type=None)
        except aiohttp.ClientConnectorError as error:  # a signal came: nothing is taken any more
            self._server_ends = True
            return {"code": "NO_ANSWER", "reason": str(error)}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return {"code": "NO_ANSWER", "reason": f"{type(error).__name__}: {error}"}

    def _invitation(self) -> str:
        token = self._shown_token
        bearer = f'"Authorization: Bearer {token or "$O2_JUDGE_AUTH_TOKEN"}"'
        body = shlex.quote(msgspec.json.encode(EXAMPLES[1].body).decode())
        lines = [
            f"Serving at {self._address}" + (f"  ·  token {token}" if token else "  ·  with your token"),
            "",
            "Try it:",
            f"curl -s {self._address}/evaluate -H {bearer} -H 'Content-Type: application/json' -d {body}",
            "",
            "Ctrl-C ends it.",
        ]
        return "\n".join(lines)


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


def _with_free_port(settings: "Settings") -> "Settings":
    """The settings, with any free port when theirs is taken."""
    from spanjudge.errors import SettingsError  # noqa: PLC0415 - see `command`
    from spanjudge.server import run  # noqa: PLC0415 - as above

    try:
        run.listen(settings.host, settings.port).close()
    except SettingsError as error:
        if not isinstance(error.__cause__, OSError) or "in use" not in str(error):
            raise
        print(f"Port {settings.port} is in use; taking a free one.", file=sys.stderr, flush=True)
        return msgspec.structs.replace(settings, port=0)
    return settings

"""`spanjudge serve`: the server, until a signal ends it."""

import asyncio
import secrets
import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

if TYPE_CHECKING:
    from spanjudge.settings import Settings


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of O2_JUDGE_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, instead of O2_JUDGE_PORT; 0 takes a free one.")
    ] = None,
) -> None:
    """Serve: spans in over OTLP (/v1/traces, /v1/logs, gRPC), verdicts out; and single scores at /evaluate.

    The settings come from the environment and the file of SPANJUDGE_CONFIG. SIGTERM and Ctrl-C end it when
    what is under way is answered; SIGHUP reads the file of tokens again.

    Example:  O2_JUDGE_PROVIDER=embedded O2_JUDGE_AUTH_TOKEN=secret spanjudge serve --port 8000
    """
    from spanjudge import app, settings  # noqa: PLC0415 - `--help` must not wait for the server
    from spanjudge.server import run  # noqa: PLC0415 - as above

    options: dict[str, Any] = {"host": host, "port": port}
    loaded = settings.load(options={key: value for key, value in options.items() if value is not None})
    loaded = with_token(loaded)
    app.configure_logs(loaded)
    with asyncio.Runner(loop_factory=run.new_event_loop) as runner:
        runner.run(_serve(loaded))


async def _serve(settings: "Settings") -> None:
    from spanjudge.app import open_app  # noqa: PLC0415 - see `command`

    await (await open_app(settings)).serve()


def with_token(settings: "Settings") -> "Settings":
    """The settings with a token: without any, one is made up and printed, this once."""
    if settings.auth_tokens or settings.auth_tokens_file:
        return settings
    token = secrets.token_urlsafe(24)
    print(
        f"No O2_JUDGE_AUTH_TOKEN is set, so this run has a token of its own: {token}",
        file=sys.stderr,
        flush=True,
    )
    return msgspec.structs.replace(settings, auth_tokens=(token,))

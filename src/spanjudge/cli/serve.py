"""`spanjudge serve`: the server, until a signal ends it."""

import asyncio
import secrets
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from spanjudge.errors import SettingsError

if TYPE_CHECKING:
    from spanjudge.server.issued_tokens import IssuedTokens
    from spanjudge.settings import Settings


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of O2_JUDGE_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, instead of O2_JUDGE_PORT; 0 takes a free one.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="receiver, worker or api: what this process does, instead of SPANJUDGE_ROLE."),
    ] = None,
) -> None:
    """Serve: spans in over OTLP (/v1/traces, /v1/logs, gRPC), verdicts out; and single scores at /evaluate.

    The settings come from the environment and the file of SPANJUDGE_CONFIG. SIGTERM and Ctrl-C end it when
    what is under way is answered; SIGHUP reads the file of tokens again.

    With --role, which may be given several times, the process does a part of it: a receiver takes spans in, a
    worker judges them (as `spanjudge worker` does), api is the page, the REST API and the Remote Scorer. Any
    number of each may run on one store.

    Example:  O2_JUDGE_PROVIDER=embedded O2_JUDGE_AUTH_TOKEN=secret spanjudge serve --port 8000
    """
    serve(host=host, port=port, role=",".join(role) if role else None)


def serve(**options: Any) -> None:
    """Serve with these options; `None` is one that was not given."""
    from spanjudge import app, settings  # noqa: PLC0415 - `--help` must not wait for the server
    from spanjudge.server import run  # noqa: PLC0415 - as above

    app.share_arenas()
    loaded = settings.load(options={key: value for key, value in options.items() if value is not None})
    with asyncio.Runner(loop_factory=run.new_event_loop) as runner:
        app.configure_logs(loaded)
        loaded = runner.run(with_token(loaded))
        app.configure_logs(loaded)
        runner.run(_serve(loaded))


async def _serve(settings: "Settings") -> None:
    from spanjudge.app import open_app  # noqa: PLC0415 - see `command`

    await (await open_app(settings)).serve()


async def with_token(settings: "Settings") -> "Settings":
    """The settings with a token: without any at all, one is made, kept as a hash, and printed this once.

    Where its hash cannot be kept, it is good for this run only. Raises `SettingsError` for a file of hashes
    that is damaged, and `StoreError`.
    """
    from spanjudge import app  # noqa: PLC0415 - see `command`

    if settings.auth_tokens or settings.auth_tokens_file:
        return settings
    async with app.open_issued(settings.tokens_file, settings.database_url) as issued:
        return await _with_issued_token(settings, issued)


async def _with_issued_token(settings: "Settings", issued: "IssuedTokens") -> "Settings":
    now = time.time_ns()
    known = [grant for grant in await issued.read() if grant.expires_ns is None or grant.expires_ns > now]
    if known:
        _say(
            "No O2_JUDGE_AUTH_TOKEN is set; this server is opened by the "
            f"{_tokens(len(known))} of {issued.place}.\n"
            "A token is printed only when it is made: `spanjudge tokens new --scope admin` makes another."
        )
        return settings
    try:
        token, grant = await issued.make(("admin",), now_ns=now, name="made at the first start")
    except SettingsError:
        token = secrets.token_urlsafe(32)
        _say(f"No O2_JUDGE_AUTH_TOKEN is set, so this run has a token of its own: {token}")
        return msgspec.structs.replace(settings, auth_tokens=(token,))
    _say(
        "No O2_JUDGE_AUTH_TOKEN is set, so a token was made. It may do everything and is shown this once: "
        f"{token}\nIt stays good after a restart (its hash is in {issued.place}); "
        f"`spanjudge tokens revoke {grant.id}` ends it."
    )
    return settings


def _tokens(count: int) -> str:
    return "token" if count == 1 else f"{count} tokens"


def _say(text: str) -> None:
    """To who started it, and to no log."""
    print(text, file=sys.stderr, flush=True)

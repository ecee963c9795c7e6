"""`spanjudge tokens`: tokens with scopes, of which only hashes are kept."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from spanjudge.cli.columns import columns
from spanjudge.errors import SettingsError

if TYPE_CHECKING:
    from spanjudge.server.auth import Grant, Scope
    from spanjudge.server.issued_tokens import IssuedTokens

Value = TypeVar("Value")

app = typer.Typer(
    help="Tokens that may do some things or everything.\n\n"
    "Scopes: score (evaluations over HTTP), ingest (OTLP), read (pages and API, without changes), admin "
    "(everything). A running server takes changes over within seconds.\n\n"
    "Example:  spanjudge tokens new --scope ingest --name collector\n\n"
    "Example:  spanjudge tokens list\n\nExample:  spanjudge tokens revoke 3f9a2c1b",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_SPAN = re.compile(r"([1-9]\d{0,4})([hdwy])")


@app.command("new")
def new(
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do: score, ingest, read or admin; several times for several."),
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires: Annotated[
        str | None, typer.Option(help="When it ends: 12h, 90d, 4w, 1y. Without it, when it is revoked.")
    ] = None,
) -> None:
    """Make a token and print it, this once. Without --scope it may send spans (ingest).

    Example:  spanjudge tokens new --scope read --scope score --name "the dashboard" --expires 90d
    """
    from spanjudge.server.auth import SCOPES  # noqa: PLC0415 - see `cli/main.py`

    wanted = scope or ["ingest"]
    unknown = [one for one in wanted if one not in SCOPES]
    if unknown:
        raise SettingsError(f"--scope {unknown[0]}: there is no such scope; there are {', '.join(SCOPES)}")
    now = time.time_ns()
    ends = None if expires is None else now + _seconds(expires) * 1_000_000_000
    scopes: list[Scope] = [one for one in SCOPES if one in wanted]
    token, grant = _with_issued(lambda issued: issued.make(scopes, now_ns=now, name=name, expires_ns=ends))
    print(token)
    typer.echo(
        f"Shown this once. Its id is {grant.id}: `spanjudge tokens revoke {grant.id}` ends it.", err=True
    )


@app.command("list")
def show() -> None:
    """List the tokens that were made: their ids, scopes and ends. Those of the settings are not among them.

    Example:  spanjudge tokens list
    """
    from spanjudge.server.auth import SCOPES  # noqa: PLC0415 - see `cli/main.py`

    async def read(issued: "IssuedTokens") -> "tuple[str, list[Grant]]":
        return issued.place, await issued.read()

    place, grants = _with_issued(read)
    if not grants:
        print(f"No tokens in {place}: `spanjudge tokens new` makes one.")
        return
    now = time.time_ns()
    rows: list[tuple[str, ...]] = []
    for grant in grants:
        scopes = ", ".join(scope for scope in SCOPES if scope in grant.scopes)
        if grant.expires_ns is None:
            ends = "never"
        elif grant.expires_ns <= now:
            ends = f"{_day(grant.expires_ns)} (over)"
        else:
            ends = _day(grant.expires_ns)
        rows.append((grant.id, scopes, _day(grant.created_ns), ends, grant.name))
    for line in columns(("id", "scopes", "made (UTC)", "ends (UTC)", "name"), rows):
        print(line)


@app.command("revoke")
def revoke(
    token_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id, as `spanjudge tokens list` shows it.")
    ],
) -> None:
    """End a token, and with it the sessions that were begun with it.

    Example:  spanjudge tokens revoke 3f9a2c1b
    """
    if not _with_issued(lambda issued: issued.revoke(token_id)):
        raise SettingsError(f"{token_id}: there is no token of this id; `spanjudge tokens list` shows them")
    print(f"{token_id} is revoked; a running server takes this over within seconds")


def _with_issued(work: "Callable[[IssuedTokens], Awaitable[Value]]") -> Value:
    from spanjudge import app as server  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge import settings  # noqa: PLC0415 - as above

    async def run() -> Value:
        places = settings.places()
        async with server.open_issued(places.tokens, places.database_url) as issued:
            return await work(issued)

    return asyncio.run(run())


def _seconds(text: str) -> int:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise SettingsError(f"--expires {text}: expected a time such as 12h, 90d, 4w or 1y")
    return int(found[1]) * SECONDS[found[2]]


def _day(ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(ns / 1e9)) if ns else "–"

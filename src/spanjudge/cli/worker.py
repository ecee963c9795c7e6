"""`spanjudge worker`: judges what others receive, until a signal ends it."""

from typing import Annotated

import typer

from spanjudge.cli import serve


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of O2_JUDGE_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, instead of O2_JUDGE_PORT; 0 takes a free one.")
    ] = None,
) -> None:
    """Judge what waits, send results on, and take a turn at the chores: as `spanjudge serve --role worker`.

    Any number of workers may run on one store. Over HTTP it answers /health, /ready, /livez and /readyz
    alone. SIGTERM and Ctrl-C end it when what is under way is judged; the rest goes to the other workers.

    Example:  SPANJUDGE_DATABASE_URL=postgresql://spanjudge@db/spanjudge spanjudge worker --port 8001
    """
    serve.serve(host=host, port=port, role="worker")

"""`spanjudge perf`: labelled samples through the whole in-process door, measured."""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

INTERRUPTED = 130


class Mode(StrEnum):
    """How the judge is asked."""

    BATCHED = "batched"
    NON_BATCHED = "non-batched"
    DEEPEVAL = "deepeval"


class Shape(StrEnum):
    """How the figures are printed."""

    TABLE = "table"
    JSON = "json"


def command(  # noqa: PLR0917 - each is an option, and typer passes them by name
    samples: Annotated[
        int,
        typer.Option(
            min=1,
            help="How many invocations: labelled samples that come with Spanjudge, one from each category in "
            "turn; beyond their number they begin again.",
        ),
    ] = 20,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="Invocations under evaluation at once; without it as the environment says "
            "(OTEL_INSTRUMENTATION_GENAI_EVALS_WORKERS), or 4.",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds for all of it; what is not done by then is given up and told."),
    ] = 180.0,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="batched: all metrics in one call of the judge; non-batched: each in its own; deepeval: the "
            "DeepEval library's metrics (needs the extra “deepeval”). As the environment says without it.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Names, apart by commas, thresholds in brackets: bias,toxicity(threshold=0.7); “all” is "
            "every built-in one. As the environment says, or the default ones, without it.",
        ),
    ] = None,
    judge_url: Annotated[
        str | None,
        typer.Option(
            help="Ask the judge at this address instead of the environment's, such as a local server's."
        ),
    ] = None,
    format: Annotated[Shape, typer.Option(help="table or json.")] = Shape.TABLE,  # noqa: A002 - the option's name
    *,
    concurrent: Annotated[
        bool | None,
        typer.Option(
            "--concurrent/--no-concurrent",
            help="Several invocations at once, or one after the other. As the environment says without it.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List the labels that were not as expected.")
    ] = False,
) -> None:
    """Send labelled samples through the in-process door and tell how it did, and how good the judge is.

    The samples become spans as an instrumented application records them. They are queued, judged and
    exported as there, with the same environment variables; only sampling and rate limit are left out, so
    that every sample is judged. The report tells what became of each, true throughput, latency, calls,
    tokens, cost, and how many labels are as a careful reader gives them. Nothing is lost to a small queue:
    samples are offered as it has room.

    With a judge that charges, calls and cost are estimated before the first one. Exit code 0: all came
    through; 1: nothing was evaluated, or something was lost; 2: a mistake in flags or settings. Ctrl-C
    prints what was measured until then.

    Example:  OPENAI_API_KEY=sk-… spanjudge perf --samples 20 --concurrent --workers 4 --timeout 180

    Example:  SPANJUDGE_JUDGE_PROVIDER=embedded spanjudge perf --mode batched --timeout 1200 --verbose
    """
    from spanjudge import logs  # noqa: PLC0415 - `--help` must not wait for them
    from spanjudge.cli.perf import measurement, report  # noqa: PLC0415 - as above

    logs.quiet()
    chosen = measurement.Choice(
        samples=samples,
        workers=workers,
        timeout=timeout,
        mode=None if mode is None else mode.value,
        metrics=metrics,
        judge_url=judge_url,
        concurrent=concurrent,
    )
    measured = measurement.Measurement(chosen, _note, os.environ).measure()
    if format is Shape.JSON:
        print(report.as_json(measured))
    else:
        print(report.text(measured, verbose=verbose))
    if measured.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not measured.good:
        raise typer.Exit(1)


def _note(text: str) -> None:
    print(text, file=sys.stderr)

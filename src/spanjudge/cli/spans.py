"""`spanjudge spans`: what a judge would see of every span of an OTLP file."""

import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanjudge.errors import SpanjudgeError

if TYPE_CHECKING:
    from spanjudge.cli.spans_seen import SeenSpan
    from spanjudge.spans.otlp import FileRead

STANDARD_INPUT = "-"
_SPOKEN = "standard input"


class Shape(StrEnum):
    """How spans are printed."""

    TABLE = "table"
    JSONL = "jsonl"


class SpansError(SpanjudgeError):
    """There is nothing to show in what was given."""


def command(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="OTLP as JSON, JSON lines or protobuf, also gzipped; - is standard input. Log records may "
            "stand in the same file or in another one.",
            show_default=False,
        ),
    ],
    format: Annotated[Shape, typer.Option(help="table or jsonl.")] = Shape.TABLE,  # noqa: A002 - the option's name
    max_chars: Annotated[
        int | None,
        typer.Option(
            min=200,
            help="Characters of a span that the judge takes in all; longer texts are cut. Without it 120000, "
            "what most judges take.",
        ),
    ] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Show texts whole instead of one line each.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also spans that are not about GenAI, and mere formatting of texts.")
    ] = False,
) -> None:
    """Show what a judge would see of each span: every variable, and why a span would not be judged.

    Write down what your application sends, with the collector's file exporter or with any OTLP tool, and
    look at it before an evaluator is published. A variable is resolved (it is there and sent as it is),
    cut (longer than what the judge takes: its middle is left out), empty (recorded, with nothing in it) or
    missing (the span does not carry it).

    An evaluator without rules judges model calls that have an output; the last line of a span says whether
    this is one. With --format jsonl each span is an object of its own, in order of start.

    Example:  spanjudge spans traces.json

    Example:  spanjudge spans traces.json logs.json --format jsonl | jq .output_text
    """
    from spanjudge.cli.spans_seen import seen_spans, strangers  # noqa: PLC0415 - `--help` must not wait
    from spanjudge.judging.models.model import Traits  # noqa: PLC0415 - as above

    reads = [_read(file) for file in files]
    spans = seen_spans(reads, max_chars or Traits().max_subject_chars)
    if not spans:
        raise SpansError(_nothing(files, reads))
    for problem in dict.fromkeys(problem for read in reads for problem in read.problems):
        print(f"spanjudge: {problem}", file=sys.stderr)
    if lost := strangers(reads):
        named = "log record belongs" if lost == 1 else "log records belong"
        print(f"spanjudge: {lost:,} {named} to spans that are in none of the files", file=sys.stderr)
    if format is Shape.JSONL:
        _lines(spans, everything=everything)
    else:
        from rich.console import Console  # noqa: PLC0415 - as above

        from spanjudge.cli.spans_table import show  # noqa: PLC0415 - as above

        show(Console(highlight=False, soft_wrap=False), spans, full=full, everything=everything)


def _lines(spans: Sequence["SeenSpan"], *, everything: bool) -> None:
    import json  # noqa: PLC0415 - as above

    from spanjudge.cli.spans_rows import row  # noqa: PLC0415 - as above

    for seen in spans:
        if everything or seen.is_step:
            print(json.dumps(row(seen), ensure_ascii=False, default=str))


def _read(file: str) -> "FileRead":
    from spanjudge.spans.otlp import OtlpError, read_file  # noqa: PLC0415 - as above

    if file != STANDARD_INPUT:
        return read_file(file)
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "spans"
        kept.write_bytes(sys.stdin.buffer.read())
        try:
            return read_file(kept)
        except OtlpError as error:
            raise OtlpError(str(error).replace(str(kept), _SPOKEN)) from None


def _nothing(files: Sequence[str], reads: Sequence["FileRead"]) -> str:
    named = ", ".join(_SPOKEN if file == STANDARD_INPUT else file for file in files)
    logs = sum(len(read.logs) for read in reads)
    if logs:
        there = "1 log record" if logs == 1 else f"{logs:,} log records"
        return f"{named}: {there} and no span; name the file of the spans as well."
    problems = dict.fromkeys(problem for read in reads for problem in read.problems)
    if problems:
        return f"{named}: no span can be read: {'; '.join(problems)}"
    return f"{named}: OTLP without a span."

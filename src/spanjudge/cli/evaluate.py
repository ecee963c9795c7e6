"""`spanjudge evaluate`: judge a file, print what came of it, and fail when too little passes."""

import asyncio
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from spanjudge.cli.progress import bar
from spanjudge.errors import EvaluatorError, SettingsError

if TYPE_CHECKING:
    from spanjudge.cli.offline.gate import Summary
    from spanjudge.cli.offline.item import Item
    from spanjudge.cli.offline.run import Judged
    from spanjudge.evaluators.evaluator import Evaluator
    from spanjudge.judging.judge import Judge
    from spanjudge.settings import Settings

HOME_SECONDS = 600.0
"""For one item of the embedded judge on a busy machine."""

AT_ONCE = 16
"""Items judged at the same time by a remote judge."""


class Format(StrEnum):
    """How outcomes are printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


def command(  # noqa: PLR0917 - each is an option, and typer passes them by name
    files: Annotated[
        list[Path],
        typer.Argument(
            help="OTLP files (JSON, JSON lines, protobuf), or rows {input, output, …} as JSONL, JSON or CSV."
        ),
    ],
    names: Annotated[
        list[str],
        typer.Option(
            "--evaluator",
            "-e",
            help="A name of the gallery (toxicity, metrics/bias), of your evaluators, or a file; "
            "may be given more than once.",
        ),
    ],
    evaluators_dir: Annotated[
        Path | None,
        typer.Option(help="Folder with your evaluators, instead of SPANJUDGE_EVALUATORS_DIR and the store."),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="Ask this judge model of the settings, whatever the evaluators say.")
    ] = None,
    min_pass: Annotated[
        list[str] | None,
        typer.Option(
            "--min-pass",
            "--fail-under",
            metavar="[NAME=]SHARE",
            help="Exit with 1 when a smaller share passes: 0.9 or 90% for each, toxicity=0.99 for one.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Only the first so many that are judged; 0 is all.")] = 0,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="How many are judged at the same time.", show_default=False)
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="table; json: one document; jsonl: a line for each outcome.")
    ] = Format.table,
    *,
    allow_errors: Annotated[
        bool,
        typer.Option(
            "--allow-errors",
            help="Leave out of the share what got no verdict because of the judge; else it fails.",
        ),
    ] = False,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Keep to the evaluators' sampling; all that matches is judged without it."
        ),
    ] = False,
    export: Annotated[
        bool, typer.Option("--export", help="Send the results where the server would send them, too.")
    ] = False,
) -> None:
    """Judge what a file holds and print the verdicts: offline, for CI, before evaluators are published.

    Rows are judged by every evaluator; of OTLP files the spans, traces or sessions that the server would
    judge, and the others are counted with the reason. A judge that fails is an error: never a pass, and of a
    share it counts as not passed. The exit code is 1 when --min-pass is not reached (also when nothing was
    judged), or when the judge never answered; 2 for a mistake in files, names or settings.

    Example:  spanjudge evaluate answers.jsonl -e toxicity -e my_rubric.yaml --min-pass 0.9
    """
    from spanjudge import app, logs, settings  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.offline import gate, sending  # noqa: PLC0415 - as above

    loaded = settings.load(whole=True)
    app.configure_logs(loaded)
    logs.quiet()
    evaluators = _evaluators(names, evaluators_dir or loaded.evaluators_dir, stored=evaluators_dir is None)
    wanted = gate.needed(min_pass or (), evaluators)
    chosen = {evaluator.judge: judge or evaluator.judge for evaluator in evaluators}
    for evaluator in evaluators:
        name = chosen[evaluator.judge]
        if name not in loaded.judges:
            asks = "--judge" if judge else f"the evaluator “{evaluator.name}”"
            raise SettingsError(
                f"{asks} names the judge model “{name}”; the settings have {', '.join(loaded.judges)}"
            )
    found = _items(files, evaluators, sample=sample, limit=limit)
    if export:
        asyncio.run(sending.send(loaded, ()))
    judged = asyncio.run(_judged(loaded, found, chosen, concurrency))
    summaries = [
        gate.summary(
            evaluator,
            [
                out.outcome
                for one in judged
                for out in one.outcomes
                if out.outcome.evaluator == evaluator.name
            ],
            [left for one in judged for left in one.not_judged if left.evaluator.name == evaluator.name],
            wanted,
            allow_errors=allow_errors,
        )
        for evaluator in evaluators
    ]
    good = gate.good_enough(summaries)
    _print(form, judged, summaries, good=good)
    if export:
        asyncio.run(sending.send(loaded, [out for one in judged for out in one.outcomes]))
    if not good:
        raise typer.Exit(1)


def _evaluators(names: Sequence[str], folder: Path | None, *, stored: bool) -> "list[Evaluator]":
    """The evaluators named, each once. Raises `EvaluatorError`."""
    from spanjudge.cli.evaluators import finding  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.evaluators.file import load_folder  # noqa: PLC0415 - as above

    own = load_folder(folder) if folder else {}
    if stored and any(not finding.is_file(name) and "/" not in name and name not in own for name in names):
        own = asyncio.run(_stored()) | own
    found: dict[str, Evaluator] = {}
    for name in names:
        evaluator = finding.find(name, own)
        if found.setdefault(evaluator.name, evaluator) != evaluator:
            raise EvaluatorError(f"two different evaluators are called “{evaluator.name}”; name one of them")
        others = [] if name in own or finding.is_file(name) else finding.built_in_named(name)[1:]
        if others:
            places = ", ".join(one.place for one in others)
            print(f"{name}: scorers/{name} is used; there are also {places}", file=sys.stderr)
    return list(found.values())


async def _stored() -> "dict[str, Evaluator]":
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        entries = await stored.entries(store)
    return {name: entry.shown.evaluator for name, entry in entries.items() if not entry.archived}


def _items(
    files: Sequence[Path], evaluators: "Sequence[Evaluator]", *, sample: bool, limit: int
) -> "list[Item]":
    """What the files hold: rows or OTLP, not both."""
    from spanjudge.cli.offline import rows, spans  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.offline.item import FileError  # noqa: PLC0415 - as above
    from spanjudge.cli.offline.run import limited  # noqa: PLC0415 - as above

    read = {path: rows.read(path) for path in files}
    sets = [row for found in read.values() if found is not None for row in found]
    otlp = [path for path, found in read.items() if found is None]
    if otlp and len(otlp) < len(read):
        other = next(path for path, found in read.items() if found is not None)
        raise FileError(f"{otlp[0]} holds spans and {other} rows; evaluate them one after the other")
    if not otlp:
        if not sets:
            raise FileError(f"{files[0]}: holds no rows")
        return limited(rows.items(sets, evaluators), limit)
    recorded = [spans.read(path) for path in otlp]
    for path, one in zip(otlp, recorded, strict=True):
        for problem in one.problems:
            print(f"{path}: {problem}", file=sys.stderr)
    return limited(spans.items(recorded, evaluators, sample=sample), limit)


async def _judged(
    settings: "Settings",
    items: "Sequence[Item]",
    chosen: dict[str, str],
    concurrency: int | None,
) -> "list[Judged]":
    """Judge everything; `chosen` is the judge model by the name that evaluators give it."""
    from spanjudge import app  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.offline import run  # noqa: PLC0415 - as above

    configs = {name: settings.judges[name] for name in chosen.values()}
    at_home = any(config.provider == "embedded" for config in configs.values())
    seconds = {
        name: HOME_SECONDS if config.provider == "embedded" else config.timeout
        for name, config in configs.items()
    }
    configs = {
        name: msgspec.structs.replace(config, timeout=seconds[name]) for name, config in configs.items()
    }
    opened = app.open_judges(msgspec.structs.replace(settings, judges=configs))
    at_once = concurrency or (1 if at_home else AT_ONCE)
    judges: dict[str, Judge] = {asked: opened[name] for asked, name in chosen.items()}
    try:
        for one in opened.values():
            model = app.innermost(one.model)
            if isinstance(model, app.Starting):
                await model.start()
        with bar("evaluating", len(items), transient=True) as step:
            judged = await run.judge_items(
                items,
                judges,
                seconds={asked: seconds[name] for asked, name in chosen.items()},
                concurrency=at_once,
                step=step,
            )
    finally:
        for one in opened.values():
            await one.aclose()
    return judged


def _print(form: Format, judged: "Sequence[Judged]", summaries: "Sequence[Summary]", *, good: bool) -> None:
    """Outcomes on standard output; beside JSON lines the summary is for people, on standard error."""
    from spanjudge.cli.offline import report  # noqa: PLC0415 - see `cli/main.py`

    if form is Format.json:
        document: dict[str, Any] = {
            "good": good,
            "summary": [report.summary_json(one) for one in summaries],
            "outcomes": list(report.records(judged)),
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if form is Format.jsonl:
        for record in report.records(judged):
            print(json.dumps(record, ensure_ascii=False))
    else:
        print("\n".join(report.table(judged)))
        print()
    place = sys.stderr if form is Format.jsonl else sys.stdout
    print("\n".join(report.summaries_text(summaries, judged)), file=place)

"""`spanjudge agreement`: how far the judge agrees with labelled rows, and how it stands attacks."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer

from spanjudge.cli import agreement_report as report
from spanjudge.errors import SettingsError

if TYPE_CHECKING:
    from spanjudge.judging.agreement import Judged
    from spanjudge.judging.judge import Judge
    from spanjudge.judging.labelled import Plan, Row
    from spanjudge.settings import Settings

AT_ONCE = 8
"""Rows at the same time for a remote judge; the embedded one is asked one after the other."""

HOME_SECONDS = 600.0
"""For one row of the embedded judge on a busy machine."""

BATCHING_COSTS = 0.05
"""A loss of kappa from which batching is advised against."""

T = TypeVar("T")
U = TypeVar("U")


class Shape(StrEnum):
    """How the figures are printed."""

    TABLE = "table"
    JSON = "json"


def command(  # noqa: PLR0917 - each is an option, and typer passes them by name
    files: Annotated[
        list[Path] | None, typer.Argument(help="JSON-lines files of labelled rows.", show_default=False)
    ] = None,
    evaluator: Annotated[
        str | None,
        typer.Option(
            help="A gallery evaluator (toxicity, metrics/toxicity) or a YAML file; by the labels without it."
        ),
    ] = None,
    judge: Annotated[str, typer.Option(help="The judge model of the settings to ask.")] = "default",
    limit: Annotated[int, typer.Option(min=0, help="Only the first so many rows of a file; 0 is all.")] = 0,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for one row; the judge's own without it.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="Append every judged row to this file, as JSON lines.")
    ] = None,
    format: Annotated[Shape, typer.Option(help="table or json.")] = Shape.TABLE,  # noqa: A002 - the option's name
    *,
    batched: Annotated[
        bool, typer.Option("--batched", help="Ask other evaluators in the same call, as a busy server does.")
    ] = False,
    single: Annotated[bool, typer.Option("--single", help="One evaluator a call (the default).")] = False,
    both: Annotated[
        bool, typer.Option("--both", help="Single and batched, and whether batching is safe.")
    ] = False,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Try the shipped attacks on the judge as well.")
    ] = False,
) -> None:
    """Judge labelled rows and print accuracy, Cohen's kappa, AUROC, confusion and a length baseline.

    A row is {"id", "input", "context", "output", "label"}. A row without a verdict is counted by its failure
    code and never as an answer. With --attacks, FILES may be left out.

    Example:  O2_JUDGE_PROVIDER=embedded spanjudge agreement toxicity.jsonl --both
    """
    from spanjudge import app, logs, settings  # noqa: PLC0415 - `--help` must not wait for them
    from spanjudge.judging import labelled  # noqa: PLC0415 - as above

    if not files and not attacks:
        message = "FILES is missing: give JSON-lines files of labelled rows, or --attacks"
        raise typer.BadParameter(message)
    sets = [(path, labelled.read_rows(path)) for path in files or []]
    plans = [labelled.plan(path, rows, evaluator) for path, rows in sets]
    loaded = settings.load(whole=True)
    app.configure_logs(loaded)
    logs.quiet()
    if judge not in loaded.judges:
        message = f"--judge {judge}: the settings have {', '.join(loaded.judges)}"
        raise SettingsError(message)
    ways = [False, True] if both or (single and batched) else [batched]
    measured = _Measurement(loaded, judge, timeout, answers)
    found = asyncio.run(
        measured.run(
            [(p, r[:limit] if limit else r, x) for (p, r), x in zip(sets, plans, strict=True)],
            ways,
            attacks=attacks,
        )
    )
    print(msgspec.json.encode(found).decode() if format is Shape.JSON else report.text(found))


class _Measurement:
    """One run: a judge model asked single and batched, over files and attacks."""

    def __init__(self, settings: "Settings", judge: str, timeout: float | None, answers: Path | None) -> None:
        self._settings = settings
        self._name = judge
        self._config = settings.judges[judge]
        self._at_home = self._config.provider == "embedded"
        self._timeout = timeout or (HOME_SECONDS if self._at_home else self._config.timeout)
        self._answers = answers

    async def run(
        self, sets: "Sequence[tuple[Path, Sequence[Row], Plan]]", ways: Sequence[bool], *, attacks: bool
    ) -> dict[str, Any]:
        from spanjudge import app  # noqa: PLC0415 - `--help` must not wait for it
        from spanjudge.judging.judge import Judge  # noqa: PLC0415 - as above

        config = self._config
        if self._at_home:
            config = msgspec.structs.replace(config, timeout=self._timeout)
        opened = app.open_judges(msgspec.structs.replace(self._settings, judges={self._name: config}))
        model = opened[self._name].model
        judges = {way: Judge(model, batch=way) for way in ways}
        found: dict[str, Any] = {
            "judge": {"provider": model.provider, "model": model.model},
            "files": [],
        }
        try:
            for path, rows, plan in sets:
                found["files"].append(await self._file(judges, path, rows, plan))
            if attacks:
                found["attacks"] = await self._attacks(Judge(model, batch=False))
        finally:
            await model.aclose()
        return found

    async def _file(
        self, judges: "dict[bool, Judge]", path: Path, rows: "Sequence[Row]", plan: "Plan"
    ) -> dict[str, Any]:
        from spanjudge.judging import agreement, labelled  # noqa: PLC0415 - as above

        entry: dict[str, Any] = {
            "file": str(path),
            "evaluator": plan.evaluator.name,
            "version": plan.evaluator.version,
            "chosen": plan.words,
        }
        for together, judge in judges.items():
            way = "batched" if together else "single"

            async def one(row: "Row", *, judge: "Judge" = judge, together: bool = together) -> "Judged":
                judged = await labelled.judge_row(judge, row, plan, together=together, timeout=self._timeout)
                self._keep(path, "batched" if together else "single", judged)
                return judged

            judged = await self._each(f"{path.name}, {way}", rows, one)
            entry[way] = agreement.agreement(judged, plan.positive)
        if len(judges) > 1:
            entry["batching"] = report.advice(entry["single"], entry["batched"], BATCHING_COSTS)
        return entry

    async def _attacks(self, judge: "Judge") -> dict[str, Any]:
        from spanjudge.judging import attacks  # noqa: PLC0415 - as above

        known = attacks.load()
        before = {
            name: await attacks.bare(judge, case, timeout=self._timeout) for name, case in known.cases.items()
        }

        async def one(attack: attacks.Attack) -> attacks.Effects:
            case = known.cases[attack.case]
            return await attacks.attempt(judge, attack, case, before[attack.case], timeout=self._timeout)

        effects = await self._each("attacks", known.attacks, one)
        return {"families": attacks.families(effects), "each": effects}

    async def _each(self, title: str, items: Sequence[T], one: Callable[[T], Awaitable[U]]) -> list[U]:
        """All items, several at a time where the judge can; a bar on standard error tells how far it is."""
        places = asyncio.Semaphore(1 if self._at_home else min(AT_ONCE, self._config.concurrency))
        with _bar(title, len(items)) as step:

            async def held(item: T) -> U:
                async with places:
                    done = await one(item)
                step()
                return done

            return await asyncio.gather(*map(held, items))

    def _keep(self, path: Path, way: str, judged: "Judged") -> None:
        if self._answers is None:
            return
        line = {"file": path.name, "way": way} | msgspec.to_builtins(judged)
        with self._answers.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")


@contextlib.contextmanager
def _bar(title: str, total: int) -> Generator[Callable[[], None]]:
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)

"""`spanjudge check`: one call to each judge model, and in plain words what came of it."""

import asyncio
from typing import TYPE_CHECKING

import typer

from spanjudge.judging.models.settings.kinds import without_secrets

if TYPE_CHECKING:
    from spanjudge.judging.judge import Judge
    from spanjudge.judging.models.config import JudgeModelConfig
    from spanjudge.settings import Settings


def command() -> None:
    """Make one small judge call with each judge model of the settings and say what is wrong, or what it took.

    The exit code is 0 when all of them answered, 1 when one did not, 2 when the settings are wrong.

    Example:  O2_JUDGE_PROVIDER=openai O2_JUDGE_API_KEY=sk-… O2_JUDGE_MODEL=gpt-5.4-mini spanjudge check
    """
    from spanjudge import app, logs, settings  # noqa: PLC0415 - `--help` must not wait for them

    loaded = settings.load(whole=True)
    app.configure_logs(loaded)
    for note in loaded.notes:
        print(f"note: {note}")
    logs.quiet()
    if not asyncio.run(check_all(loaded)):
        raise typer.Exit(1)


async def check_all(settings: "Settings") -> bool:
    """Ask each judge model once and print what came of it; whether all of them answered."""
    from spanjudge import app  # noqa: PLC0415 - as above

    judges = app.open_judges(settings)
    good = True
    for name, judge in judges.items():
        good = await _check_one(settings.judges[name], judge) and good
        await judge.aclose()
    return good


async def _check_one(config: "JudgeModelConfig", judge: "Judge") -> bool:
    from spanjudge.judging.check import check  # noqa: PLC0415 - as above
    from spanjudge.judging.models.ended import ended  # noqa: PLC0415 - as above

    where = f" at {without_secrets(config.url)}" if config.url else ""
    print(f"{config.name}: {judge.model.provider} {judge.model.model}{where}")
    if (end := ended(config.provider, config.model)) is not None:
        print(f"  {'ended' if end.is_past() else 'ends soon'}: {end.sentence()}")
    checked = await check(judge, timeout=config.timeout)
    for line in checked.lines:
        print(f"  {line}")
    return checked.works

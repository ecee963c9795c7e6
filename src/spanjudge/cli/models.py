"""`spanjudge models`: the model files the embedded judge knows, and fetching one."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The model files of the embedded judge.\n\n"
    "Example:  spanjudge models list\n\nExample:  spanjudge models fetch",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list")
def show() -> None:
    """List the models the embedded judge knows by name, and whether their files are here.

    Example:  spanjudge models list
    """
    from spanjudge.judging.models.embedded.catalogue import DEFAULT, MODELS  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.judging.models.embedded.fetch import default_folder  # noqa: PLC0415

    folders = (_folder(), default_folder())
    for model in MODELS.values():
        here = next((folder / model.file for folder in folders if (folder / model.file).is_file()), None)
        mark = " (the default)" if model.name == DEFAULT else ""
        where = f"here: {here}" if here else f"not here yet; spanjudge models fetch {model.name}"
        print(f"{model.name}{mark}  {model.size / 1e6:,.0f} MB  {where}")


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A name of the list; without one, the default.")] = "",
) -> None:
    """Fetch a model file, continuing where an interrupted fetch ended, and check its sum.

    Example:  spanjudge models fetch
    """
    from spanjudge.judging.models.embedded import fetch  # noqa: PLC0415 - see `cli/main.py`

    print(asyncio.run(fetch.fetch(name, folder=_folder())))


def _folder() -> Path:
    from spanjudge import settings  # noqa: PLC0415 - see `cli/main.py`

    return settings.places().data / "models"

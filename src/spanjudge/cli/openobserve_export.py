"""`spanjudge openobserve-export`: files to import into OpenObserve."""

from pathlib import Path
from typing import Annotated

import typer

from spanjudge.errors import SettingsError


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made when it is not there.")],
    endpoint: Annotated[
        str, typer.Option(help="Address of this server's /evaluate, as OpenObserve reaches it.")
    ],
    token: Annotated[
        str | None,
        typer.Option(help="Token to write into the scorers' files; without it they have a placeholder."),
    ] = None,
) -> None:
    """Write a score configuration and a remote scorer for each evaluator, ready to import into OpenObserve.

    Your own evaluators (SPANJUDGE_EVALUATORS_DIR) are written too.

    Example:  spanjudge openobserve-export ./openobserve --endpoint https://spanjudge.example.com/evaluate
    """
    from spanjudge import settings  # noqa: PLC0415 - `--help` must not wait for them
    from spanjudge.evaluators.file import load_folder  # noqa: PLC0415 - as above
    from spanjudge.evaluators.gallery import scorers  # noqa: PLC0415 - as above
    from spanjudge.remote_scorer.export import PLACEHOLDER, as_text, openobserve_files  # noqa: PLC0415 - as above

    own = settings.places().evaluators
    evaluators = dict(scorers()) | (load_folder(own) if own else {})
    files = openobserve_files(evaluators, _address(endpoint), token or PLACEHOLDER)
    try:
        for name, content in files.items():
            _write(folder / name, as_text(content))
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written ({error.strerror or error})") from None
    print(f"{len(files)} files for {len(evaluators)} evaluators in {folder}")
    if token is None:
        print(f"Put your token where scorers/*.json say {PLACEHOLDER}, or give it with --token.")


def _address(endpoint: str) -> str:
    from spanjudge.remote_scorer.export import evaluate_address  # noqa: PLC0415 - see `command`

    try:
        return evaluate_address(endpoint)
    except ValueError as error:
        raise SettingsError(f"--endpoint {endpoint}: {error}") from None


def _write(file: Path, text: str) -> None:
    """Readable by the owner only: the file may hold a token."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")

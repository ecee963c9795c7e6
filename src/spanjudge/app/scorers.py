"""What the Remote Scorer serves: the gallery's scorers and the user's own evaluators."""

import logging
from pathlib import Path

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_file, load_folder
from spanjudge.evaluators.gallery import scorers
from spanjudge.settings import Settings

logger = logging.getLogger("spanjudge.app")


def served(settings: Settings) -> tuple[dict[str, Evaluator], list[Evaluator]]:
    """All by name (a user's one replaces a scorer of the same name), and the user's own alone.

    Raises `EvaluatorError` for a file that cannot be used.
    """
    found = dict(scorers())
    if settings.evaluators_dir is None:
        return found, []
    own = load_folder(settings.evaluators_dir)
    for name in own:
        if name in found:
            logger.info("an evaluator of yours replaces the built-in scorer", extra={"scorer": name})
    unknown = [name for name, evaluator in own.items() if evaluator.judge not in settings.judges]
    if unknown:
        known = ", ".join(settings.judges)
        raise EvaluatorError(
            "\n".join(
                f"{_file_of(settings.evaluators_dir, name)}: judge: no judge model is called "
                f"“{own[name].judge}”; the settings have {known}: name one of them, or add "
                f"judges.{own[name].judge} to the file of SPANJUDGE_CONFIG"
                for name in unknown
            )
        )
    return found | own, list(own.values())


def _file_of(folder: Path, name: str) -> Path:
    files = (file for file in sorted(folder.rglob("*.y*ml")) if not file.name.startswith("."))
    return next(
        (file for file in files if _name_in(file) == name),
        folder,
    )


def _name_in(file: Path) -> str | None:
    try:
        return load_file(file).name
    except EvaluatorError:
        return None

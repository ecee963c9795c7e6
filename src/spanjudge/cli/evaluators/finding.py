"""Evaluators named on the command line: a file, one of the store, or one of the gallery."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_file
from spanjudge.evaluators.problem import nearest

SUFFIXES = (".yaml", ".yml")
SECTIONS = ("scorers", "metrics", "templates")


class BuiltIn(msgspec.Struct, frozen=True):
    """One of the gallery: `section` is `scorers`, `metrics` or `templates`."""

    section: str
    evaluator: Evaluator

    @property
    def place(self) -> str:
        """How it is told from others of its name: `metrics/toxicity`."""
        return f"{self.section}/{self.evaluator.name}"

    @property
    def text(self) -> str:
        """The file as it is written."""
        return gallery.text(self.section, self.evaluator.name)


def built_in() -> Iterator[BuiltIn]:
    """The whole gallery."""
    for section in SECTIONS:
        held: dict[str, Evaluator] = getattr(gallery, section)()
        for evaluator in held.values():
            yield BuiltIn(section, evaluator)


def built_in_named(name: str, first: str = "scorers") -> list[BuiltIn]:
    """Those of the gallery with this name (`toxicity`, `metrics/toxicity`), the section `first` first."""
    section, _, rest = name.rpartition("/")
    found = [one for one in built_in() if one.evaluator.name == rest and section in ("", one.section)]
    return sorted(found, key=lambda one: one.section != first)


def is_file(name: str) -> bool:
    """Whether a name can only be a path."""
    return name.endswith(SUFFIXES) or name.startswith(("./", "../", os.sep, "~"))


def find(name: str, own: Mapping[str, Evaluator], first: str = "scorers") -> Evaluator:
    """By file, by name among the user's `own`, or in the gallery, in this order.

    Raises `EvaluatorError` that names what comes nearest.
    """
    if is_file(name):
        return load_file(Path(name).expanduser())
    if name in own:
        return own[name]
    found = built_in_named(name, first)
    if found:
        return found[0].evaluator
    raise EvaluatorError(not_found(name, own))


def not_found(name: str, own: Mapping[str, Evaluator]) -> str:
    """What to tell for a name that nothing has."""
    known = dict.fromkeys(
        [*own, *(one.evaluator.name for one in built_in()), *(one.place for one in built_in())]
    )
    fix = nearest(name, known)
    if not fix.startswith("did you"):
        fix = "`spanjudge evaluators list --gallery` shows the built-in ones; a file's name ends in .yaml"
    return f"no evaluator “{name}”; {fix}"

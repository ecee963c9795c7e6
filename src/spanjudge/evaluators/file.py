"""Evaluator files: read, check, write. One YAML file is one evaluator.

Errors read `FILE:LINE: field: what is wrong; the fix`, all that can be found at once.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.layout import dump
from spanjudge.evaluators.problem import Problem, spell
from spanjudge.evaluators.shape import Shape
from spanjudge.evaluators.validation import problems, type_problem
from spanjudge.evaluators.yaml_nodes import YamlError, parse

__all__ = [
    "Reading",
    "check",
    "dump",
    "editor_schema",
    "load_all",
    "load_file",
    "load_folder",
    "load_text",
    "place",
    "read_all",
    "read_file",
    "read_text",
]

MAX_BYTES = 256 * 1024
"""A longer file is no evaluator: the longest rubric a judge model can use is far shorter."""

_SUFFIXES = frozenset({".yaml", ".yml"})


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was looked at: its evaluator, or everything that is wrong with it.

    The problems have their lines, where there are any, and stand in their order. `name_line` is where the
    evaluator's name stands.
    """

    where: str
    evaluator: Evaluator | None = None
    problems: tuple[Problem, ...] = ()
    name_line: int | None = None

    def lines(self) -> list[str]:
        """Every problem as `FILE:LINE: field: what is wrong; the fix`."""
        return [f"{place(self.where, problem)}: {_sentence(problem)}" for problem in self.problems]


def place(where: str, problem: Problem) -> str:
    """`FILE:LINE`, or the file alone where the problem has no line."""
    return f"{where}:{problem.line}" if problem.line else where


def read_file(path: str | os.PathLike[str]) -> Reading:
    """Look at one file; never raises for what is in it."""
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return _unusable(where, f"cannot be read ({error.strerror}); check the path and its rights")
    if len(content) > MAX_BYTES:
        return _unusable(where, f"is longer than {MAX_BYTES // 1024} KiB; shorten the rubric or prompt")
    try:
        text = _decode(content)
    except YamlError as error:
        return _unusable(where, error.message, error.line)
    return read_text(text, where)


def read_text(text: str, where: str = "<text>") -> Reading:
    """Look at YAML text; never raises for what is in it."""
    try:
        root = parse(text)
    except YamlError as error:
        return _unusable(where, error.message, error.line)
    if root is None:
        return _unusable(where, "holds nothing; write at least name, rubric and answer", 1)
    shape = Shape(root)
    if shape.problems:
        return _faulty(shape.problems, where, shape)
    evaluator = msgspec.convert(shape.values, Evaluator)
    found = problems(evaluator)
    if found:
        return _faulty(found, where, shape)
    return Reading(where=where, evaluator=evaluator, name_line=shape.line(("name",)))


def read_all(paths: Iterable[str | os.PathLike[str]]) -> list[Reading]:
    """Look at files, and at every `*.yaml` and `*.yml` below folders, in a fixed order.

    Files and folders whose name begins with a dot are left out (editors and Kubernetes keep copies there),
    unless they are named themselves. Two files with one name are a problem of the second.
    """
    found: list[Reading] = []
    by_name: dict[str, str] = {}
    for file in _all_files(paths):
        reading = read_file(file)
        name = reading.evaluator.name if reading.evaluator else ""
        if name in by_name:
            told = f"“{name}” is the name in {by_name[name]} too; rename one of them"
            doubled = Problem(("name",), told, line=reading.name_line)
            reading = Reading(where=reading.where, problems=(doubled,))
        elif name:
            by_name[name] = reading.where
        found.append(reading)
    return found


def load_file(path: str | os.PathLike[str]) -> Evaluator:
    """Read one evaluator.

    Raises `EvaluatorError` that lists every problem, `where` being the place of the first.
    """
    return _loaded([read_file(path)])[0]


def load_text(text: str, where: str = "<text>") -> Evaluator:
    """Read an evaluator from YAML text; `where` is the name that errors begin with.

    Raises `EvaluatorError`.
    """
    return _loaded([read_text(text, where)])[0]


def load_folder(path: str | os.PathLike[str]) -> dict[str, Evaluator]:
    """Read every evaluator file below a folder (see `read_all`), by name, all or none.

    Raises `EvaluatorError` with the problems of all files; two files with one name are a problem.
    """
    root = Path(path)
    if not root.is_dir():
        told = "is no folder; name one with evaluator files" if root.exists() else "does not exist; create it"
        raise EvaluatorError(told, where=str(root))
    return {evaluator.name: evaluator for evaluator in load_all([root])}


def load_all(paths: Iterable[str | os.PathLike[str]]) -> list[Evaluator]:
    """Every evaluator of files and folders, all or none. Raises `EvaluatorError` as `load_folder`."""
    return _loaded(read_all(paths))


def check(evaluator: Evaluator, where: str | None = None) -> None:
    """Make sure that an evaluator built in code can be used, by the same rules as a file.

    Raises `EvaluatorError`; without `where` its place is the path of the first field.
    """
    told = type_problem(evaluator)
    if told:
        raise EvaluatorError(told, where=where)
    found = problems(evaluator)
    if not found:
        return
    lines = [_sentence(problem) for problem in found]
    if where is None and found[0].path:
        where = spell(found[0].path)
        lines[0] = found[0].message
    raise EvaluatorError("\n".join(lines), where=where)


def editor_schema() -> dict[str, Any]:
    """The JSON schema of the file format, for editors and other tools."""
    from spanjudge.evaluators.schema import build  # noqa: PLC0415 - servers never need it

    return build()


def _decode(content: bytes) -> str:
    """The text of a file. Raises `YamlError`."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise YamlError(1, "is written in UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        told = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise YamlError(line, told) from None


def _sentence(problem: Problem) -> str:
    field = spell(problem.path)
    return f"{field}: {problem.message}" if field else problem.message


def _unusable(where: str, message: str, line: int | None = None) -> Reading:
    """A file with one problem, which is no field's."""
    return Reading(where=where, problems=(Problem((), message, line=line),))


def _faulty(found: list[Problem], where: str, shape: Shape) -> Reading:
    """A file whose problems have their lines."""
    placed = [
        msgspec.structs.replace(problem, line=problem.line or shape.line(problem.path, problem.text_line))
        for problem in found
    ]
    placed.sort(key=lambda problem: problem.line or 0)
    return Reading(where=where, problems=tuple(placed))


def _loaded(readings: Iterable[Reading]) -> list[Evaluator]:
    """The evaluators, or one error for all problems of all files."""
    found: list[Evaluator] = []
    lines: list[str] = []
    first = ""
    for reading in readings:
        lines += reading.lines()
        if reading.problems and not first:
            first = place(reading.where, reading.problems[0])
        elif reading.evaluator is not None:
            found.append(reading.evaluator)
    if lines:
        raise EvaluatorError("\n".join(lines).removeprefix(f"{first}: "), where=first)
    return found


def _all_files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Each file once, however often it is named."""
    seen: set[str] = set()
    for path in map(Path, paths):
        for file in _files(path) if path.is_dir() else [path]:
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file


def _files(root: Path) -> Iterator[Path]:
    """The evaluator files in a fixed order; linked folders are followed, each folder once."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES:
                yield Path(folder, name)

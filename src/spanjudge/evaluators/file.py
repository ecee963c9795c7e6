"""Evaluator files: read, check, write. One YAML file is one evaluator.

Errors read `FILE:LINE: field: what is wrong; the fix`, all that can be found at once.
"""

import os
from collections.abc import Iterator
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

__all__ = ["check", "dump", "editor_schema", "load_file", "load_folder", "load_text"]

MAX_BYTES = 256 * 1024
"""A longer file is no evaluator: the longest rubric a judge model can use is far shorter."""

_SUFFIXES = frozenset({".yaml", ".yml"})


def load_file(path: str | os.PathLike[str]) -> Evaluator:
    """Read one evaluator.

    Raises `EvaluatorError` that lists every problem, `where` being the place of the first.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        told = f"cannot be read ({error.strerror}); check the path and its rights"
        raise EvaluatorError(told, where=where) from error
    if len(content) > MAX_BYTES:
        told = f"is longer than {MAX_BYTES // 1024} KiB; shorten the rubric or prompt"
        raise EvaluatorError(told, where=where)
    return load_text(_decode(content, where), where)


def load_text(text: str, where: str = "<text>") -> Evaluator:
    """Read an evaluator from YAML text; `where` is the name that errors begin with.

    Raises `EvaluatorError`.
    """
    try:
        root = parse(text)
    except YamlError as error:
        raise EvaluatorError(error.message, where=f"{where}:{error.line}") from None
    if root is None:
        raise EvaluatorError("holds nothing; write at least name, rubric and answer", where=f"{where}:1")
    shape = Shape(root)
    if shape.problems:
        raise _error(shape.problems, where, shape)
    evaluator = msgspec.convert(shape.values, Evaluator)
    found = problems(evaluator)
    if found:
        raise _error(found, where, shape)
    return evaluator


def load_folder(path: str | os.PathLike[str]) -> dict[str, Evaluator]:
    """Read every `*.yaml` and `*.yml` below a folder, by name of the evaluator, all or none.

    Files and folders whose name begins with a dot are left out (editors and Kubernetes keep copies there).

    Raises `EvaluatorError` with the problems of all files; two files with one name are a problem.
    """
    root = Path(path)
    if not root.is_dir():
        told = "is no folder; name one with evaluator files" if root.exists() else "does not exist; create it"
        raise EvaluatorError(told, where=str(root))
    found: dict[str, Evaluator] = {}
    files: dict[str, Path] = {}
    errors: list[EvaluatorError] = []
    for file in _files(root):
        try:
            evaluator = load_file(file)
        except EvaluatorError as error:
            errors.append(error)
            continue
        if evaluator.name in files:
            told = f"name: “{evaluator.name}” is the name in {files[evaluator.name]} too; rename one of them"
            errors.append(EvaluatorError(told, where=str(file)))
            continue
        found[evaluator.name] = evaluator
        files[evaluator.name] = file
    if len(errors) == 1:
        raise errors[0]
    if errors:
        where = errors[0].where
        message = "\n".join(str(error) for error in errors)
        raise EvaluatorError(message.removeprefix(f"{where}: "), where=where)
    return found


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


def _decode(content: bytes, where: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise EvaluatorError("is written in UTF-16; save it as UTF-8", where=f"{where}:1")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        told = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise EvaluatorError(told, where=f"{where}:{line}") from None


def _sentence(problem: Problem) -> str:
    field = spell(problem.path)
    return f"{field}: {problem.message}" if field else problem.message


def _error(found: list[Problem], where: str, shape: Shape) -> EvaluatorError:
    """One error for all problems of a file, in the order of its lines."""
    told: list[tuple[int, str]] = []
    for problem in found:
        line = problem.line or shape.line(problem.path, problem.text_line)
        told.append((line, _sentence(problem)))
    told.sort(key=lambda pair: pair[0])
    first, *others = told
    message = "\n".join([first[1], *(f"{where}:{line}: {text}" for line, text in others)])
    return EvaluatorError(message, where=f"{where}:{first[0]}")


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

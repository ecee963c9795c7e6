"""Imports go one way: the order of the house, checked on every file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "spanjudge"

# From the inside out. Rooms of one rank stand side by side and never import each other.
RANKS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "version"}),
    frozenset({"spans"}),
    frozenset({"evaluators"}),
    frozenset({"judging"}),
    frozenset({"telemetry"}),
    frozenset({"pipeline", "remote_scorer", "in_process"}),
    frozenset({"receivers", "exporters", "store", "server", "testing"}),
    frozenset({"settings", "logs", "secret_files", "pytest_plugin"}),
    frozenset({"app"}),
    frozenset({"cli"}),
    frozenset({"__init__", "__main__"}),
)
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}

# What must cost nothing until it is used: imported inside functions only.
LAZY = frozenset({"litellm", "xllamacpp", "genai_prices", "torch", "deepeval"})
# What the core and the in-process door may not need at all: they live in somebody else's application.
SERVER_ONLY = frozenset(
    {
        "fastapi",
        "starlette",
        "uvicorn",
        "typer",
        "rich",
        "pydantic",
        "pydantic_settings",
        "sqlalchemy",
        "alembic",
        "grpc",
    }
)
CORE = frozenset(
    {
        "errors",
        "version",
        "spans",
        "evaluators",
        "judging",
        "telemetry",
        "in_process",
        "testing",
        "pytest_plugin",
        "__init__",
    }
)


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST, path: Path) -> Iterator[tuple[str, int]]:
    """Every module an import names, made absolute, with its line."""
    package = ["spanjudge", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = ".".join([*package[: len(package) - node.level + 1], module]).rstrip(".")
            if module == "spanjudge":
                for alias in node.names:
                    yield f"spanjudge.{alias.name}", node.lineno
            else:
                yield module, node.lineno


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run at import: the module's own, not those inside functions or `if TYPE_CHECKING`."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            waiting.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield node


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_inwards(path: Path) -> None:
    room = room_of(path)
    assert room in RANK, f"{room} has no place in the order of the house: add it to RANKS on purpose"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for module, line in imported(tree, path):
        parts = module.split(".")
        if parts[0] != "spanjudge" or len(parts) == 1:
            continue
        target = parts[1]
        if target == room or target not in RANK:
            continue
        assert RANK[target] < RANK[room], f"{path.name}:{line}: {room} may not import {target}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_parts_are_imported_where_they_are_used(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    forbidden = LAZY | SERVER_ONLY if room_of(path) in CORE else LAZY
    for statement in top_level(tree):
        for module, line in imported(statement, path):
            assert module.split(".")[0] not in forbidden, (
                f"{path.name}:{line}: {module} is imported at import time"
            )


def test_the_judge_works_alone() -> None:
    """No implementation of a port is known to the judge: models come in from outside."""
    source = (PACKAGE / "judging" / "judge.py").read_text(encoding="utf-8")
    known = {module for module, _ in imported(ast.parse(source), PACKAGE / "judging" / "judge.py")}
    models = {module for module in known if module.startswith("spanjudge.judging.models.")}
    assert models <= {"spanjudge.judging.models.model"}


def test_files_stay_small() -> None:
    project = PACKAGE.parent.parent
    roots = [PACKAGE, project / "tests", project / "benchmarks"]
    long = {
        str(path.relative_to(project)): lines
        for root in roots
        for path in root.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long, f"split these: {long}"


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {
        "manager",
        "handler",
        "handlers",
        "helper",
        "helpers",
        "utils",
        "util",
        "common",
        "service",
        "base",
        "misc",
    }
    assert not [path for path in files() if path.stem in empty or path.parent.name in empty]

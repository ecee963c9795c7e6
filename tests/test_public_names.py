"""The names users import, and what importing them costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spanjudge

NAMES = {
    "Acceptance",
    "Anchor",
    "Boolean",
    "Category",
    "DeepevalEvaluator",
    "Document",
    "EvaluationFailure",
    "EvaluationResult",
    "EvaluationSkipped",
    "EvaluationSpanProcessor",
    "Evaluator",
    "Judge",
    "Label",
    "NativeEvaluator",
    "Prompt",
    "Score",
    "Subject",
    "__version__",
    "evaluator",
    "submit_evaluation",
}
HEAVY = {
    *("litellm", "xllamacpp", "genai_prices", "torch", "fastapi", "starlette", "pydantic", "uvicorn"),
    "jsonschema",
    "yaml",
    "numpy",
    "typer",
    "rich",
    "sqlalchemy",
    "alembic",
    "grpc",
    "google",
    "deepeval",
}


def loaded_by(statement: str) -> set[str]:
    """Top-level packages that a statement imports, in a fresh process: this one has imported everything."""
    script = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_exported_names() -> None:
    assert set(spanjudge.__all__) == NAMES
    for name in NAMES:
        assert getattr(spanjudge, name)
    assert set(dir(spanjudge)) == NAMES


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(spanjudge.__file__).read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (alias.name, node.module)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    places: dict[str, str] = vars(spanjudge)["_PLACES"]
    assert seen == {(name, f"spanjudge.{place}") for name, place in places.items()}


def test_a_name_that_is_none() -> None:
    with pytest.raises(AttributeError, match="Evaluater"):
        spanjudge.__getattr__("Evaluater")


def test_importing_the_package_brings_nothing_but_itself() -> None:
    loaded = loaded_by("import spanjudge")
    assert (HEAVY | {"aiohttp", "opentelemetry", "msgspec", "asyncio"}).isdisjoint(loaded)


@pytest.mark.parametrize("name", ["Judge", "EvaluationSpanProcessor", "NativeEvaluator", "submit_evaluation"])
def test_a_name_brings_nothing_that_it_does_not_use(name: str) -> None:
    loaded = loaded_by(f"from spanjudge import {name}")
    assert HEAVY.isdisjoint(loaded), HEAVY.intersection(loaded)
    assert "aiohttp" not in loaded

"""The names users import, and what importing them costs."""

import subprocess
import sys

import spanjudge

NAMES = {
    "Acceptance",
    "Anchor",
    "Boolean",
    "Category",
    "Document",
    "EvaluationFailure",
    "EvaluationResult",
    "Evaluator",
    "Judge",
    "Label",
    "Prompt",
    "Score",
    "Subject",
    "__version__",
}


def test_the_exported_names() -> None:
    assert set(spanjudge.__all__) == NAMES
    for name in NAMES:
        assert getattr(spanjudge, name)


def test_importing_brings_nothing_that_is_not_used() -> None:
    """A fresh process, as this one has imported everything."""
    script = "import sys, spanjudge; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"litellm", "xllamacpp", "genai_prices", "torch", "fastapi", "starlette", "pydantic", "uvicorn"}
    heavy |= {"aiohttp", "jsonschema", "yaml", "numpy", "opentelemetry", "typer", "rich"}
    assert heavy.isdisjoint(loaded), heavy.intersection(loaded)

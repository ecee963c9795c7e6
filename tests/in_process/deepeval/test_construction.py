"""What can be said before DeepEval is imported: whether it is there, and can measure what is asked."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator

BROKEN = """
from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.subject import Subject

evaluator = DeepevalEvaluator(["bias", "toxicity"], judge=ScriptedModel())
for _ in range(2):
    for one in evaluator.evaluate(Subject(input="Hello?", output="Good morning.")):
        print(one.error.type, one.error.message)
"""


def installed(place: Path, version: str, code: str = "") -> Path:
    """A package of DeepEval's name."""
    package, about = place / "deepeval", place / f"deepeval-{version}.dist-info"
    package.mkdir()
    about.mkdir()
    (package / "__init__.py").write_text(code)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: deepeval\nVersion: {version}\n")
    return place


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepeval", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'spanjudge\[deepeval\]'"):
        DeepevalEvaluator()


@pytest.mark.parametrize("version", ["3.9.9", "4.2.9"])
def test_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    monkeypatch.setattr(sys, "path", [str(installed(tmp_path, version)), *sys.path])
    with pytest.raises(
        SettingsError, match=rf"deepeval {version} is installed and at least 4\.3 is needed: pip"
    ):
        DeepevalEvaluator()


@pytest.mark.parametrize("version", ["4.3.0", "4.10.2", "5.0"])
def test_new_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    monkeypatch.setattr(sys, "path", [str(installed(tmp_path, version)), *sys.path])
    assert DeepevalEvaluator().library_version == version


async def test_installed_and_broken(tmp_path: Path) -> None:
    place = installed(tmp_path, "4.3.1", "import a_library_that_is_missing")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BROKEN,
        env={**os.environ, "PYTHONPATH": str(place)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = (text.decode() for text in await process.communicate())
    told = out.splitlines()
    assert len(told) == 4
    assert len(set(told)) == 1
    assert told[0].startswith(
        "internal DeepEval could not be imported (ModuleNotFoundError: No module named 'a_lib"
    )
    assert errors.count("could not be imported") == 1
    assert "Traceback" not in errors


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="toxicity"):
        DeepevalEvaluator(["toxcity"])


@pytest.mark.parametrize(
    ("evaluator", "words"),
    [
        (Evaluator(name="x", rubric="Is it?", answer=Boolean()), "answers with a boolean"),
        (
            Evaluator(name="x", prompt=Prompt(user="Is it? {{span.output}}"), answer=Boolean()),
            "is a full prompt",
        ),
    ],
)
def test_what_deepeval_has_no_metric_for(evaluator: Evaluator, words: str) -> None:
    with pytest.raises(SettingsError, match=f"x: {words}.*native"):
        DeepevalEvaluator(custom_rubrics={"x": evaluator})

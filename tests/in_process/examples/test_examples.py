"""The documentation's examples as real processes; a mock server is the application's model and its judge."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.mock_judge import MockJudge, Received
from tests.mock_judge.application import application, is_judged
from tests.mock_judge.behaviour import openai_error

FOLDER = Path(__file__).parents[3] / "docs" / "examples" / "in_process"
LABELLED = {
    "bias": "Not Biased",
    "toxicity": "Not Toxic",
    "answer_relevancy": "Irrelevant",
    "sentiment": "Negative",
}
"""What the mock judge, who gives the lowest score to everything, comes to."""

NO_CONTEXT = "“hallucination” is left out: the invocation has no context"


async def run(
    *arguments: str, judge: MockJudge, folder: Path, changes: Mapping[str, str] | None = None
) -> tuple[int, list[str], str]:
    """A Python process with the settings an application has: exit code, lines of output, standard error."""
    ours = ("O2_JUDGE_", "SPANJUDGE_", "OTEL_", "OPENAI_", "DEEPEVAL_", "PYTHON")
    env = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    env |= {
        "OPENAI_API_KEY": "sk-planted-key",
        "OPENAI_BASE_URL": f"{judge.url}/v1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **(changes or {}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=env,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode().splitlines(), err.decode()


def judged(judge: MockJudge) -> list[Received]:
    """The requests that were a judge's."""
    return [received for received in judge.requests if is_judged(received)]


def told(lines: list[str]) -> dict[str, str]:
    """What is printed before and after the first colon of each line; a line that comes twice is a fault."""
    found = {name: text for name, _, text in (line.partition(": ") for line in lines)}
    assert len(found) == len(lines), lines
    return found


async def test_openai_with_opentelemetry(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.always(application("The capital of France is Paris."))
    script = str(FOLDER / "openai_opentelemetry.py")
    code, lines, error = await run(script, judge=mock_judge, folder=tmp_path)
    assert (code, error) == (0, "")
    found = told(lines)
    assert found.pop("Answer") == "The capital of France is Paris."
    assert NO_CONTEXT in found.pop("hallucination")
    assert found == LABELLED
    (asked,) = judged(mock_judge)
    assert "The capital of France is Paris." in asked.text
    assert len(mock_judge.requests) == 2


async def test_openai_with_openinference(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.always(application("The capital of France is Paris."))
    code, lines, error = await run(str(FOLDER / "openai_openinference.py"), judge=mock_judge, folder=tmp_path)
    assert (code, error) == (0, "")
    assert told(lines) == {
        "Answer": "The capital of France is Paris.",
        "answer_relevancy": "Irrelevant",
        "toxicity": "Not Toxic",
        "brevity": "Long-winded",
    }
    (asked,) = judged(mock_judge)
    assert "Count every sentence that nobody asked for" in asked.text


async def test_a_langchain_agent_whose_calls_are_recorded_twice_is_judged_once(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    answer = "Yes, take one: rain is expected until seven."
    mock_judge.always(application(answer, arguments={"town": "Bergen"}))
    code, lines, error = await run(str(FOLDER / "langchain_agent.py"), judge=mock_judge, folder=tmp_path)
    assert (code, error) == (0, "")
    assert told(lines) == {"Answer": answer, "hallucination": "Not Hallucinated", **LABELLED}
    (asked,) = judged(mock_judge)
    assert answer in asked.text
    assert "rain from 13 h to 19 h" in asked.text


async def test_the_checks_run_beside_the_judge(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.always(application("The capital of France is Paris."))
    code, lines, error = await run(str(FOLDER / "checks.py"), judge=mock_judge, folder=tmp_path)
    assert (code, error) == (0, "")
    found = told(lines)
    assert found["names_a_town"].startswith("Names a town")
    assert found["words"].startswith("Short")
    assert "The user clicked on it." in found["thumbs_up"]
    assert found["answer_relevancy"].startswith("Irrelevant")
    assert len(judged(mock_judge)) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"), [("The capital of France is Paris.", "1 passed"), ("I do not know.", "1 failed")]
)
async def test_the_checks_are_a_test(
    mock_judge: MockJudge, tmp_path: Path, answer: str, outcome: str
) -> None:
    mock_judge.always(application(answer))
    arguments = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:deepeval",
        "-p",
        "no:cacheprovider",
        str(FOLDER / "checks.py"),
    )
    code, lines, error = await run(*arguments, judge=mock_judge, folder=tmp_path)
    assert error == ""
    assert outcome in lines[-1]
    assert code == (0 if outcome == "1 passed" else 1)


async def test_a_judge_that_refuses_costs_the_application_nothing(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    refused = openai_error(401, "Incorrect API key", code="invalid_api_key")
    answered = application("The capital of France is Paris.")
    mock_judge.always(lambda received: refused if is_judged(received) else answered(received))
    script = str(FOLDER / "openai_opentelemetry.py")
    code, lines, error = await run(script, judge=mock_judge, folder=tmp_path)
    assert code == 0
    found = told(lines)
    assert found["Answer"] == "The capital of France is Paris."
    assert all("judge_key_refused" in found[name] for name in LABELLED)
    assert "judge_key_refused" in error
    assert "sk-planted-key" not in error

"""`opentelemetry-instrument` and two variables: an application that knows nothing of it is evaluated."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.mock_judge import MockJudge

ROOT = Path(__file__).parents[3]
VARIABLE = "OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS"
COMMAND = Path(sys.executable).with_name("opentelemetry-instrument")
EVENT = '"event_name": "gen_ai.evaluation.result"'


async def run(
    judge: MockJudge, evaluators: str | None, *arguments: str, path: Path | None = None, **changes: str
) -> tuple[str, str]:
    """The program under the real command; what it wrote to its output and to its log."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("OTEL_", "SPANJUDGE_"))}
    environ = {
        **kept,
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "console",
        "OTEL_METRICS_EXPORTER": "console",
        # Libraries that happen to be installed take seconds to be instrumented.
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": f"{judge.url}/v1",
        "NO_PROXY": "127.0.0.1",
        **({VARIABLE: evaluators} if evaluators is not None else {}),
        **({"PYTHONPATH": str(path)} if path else {}),
        **changes,
    }
    process = await asyncio.create_subprocess_exec(
        *(str(COMMAND), sys.executable, "-m", "tests.in_process.programs.knows_nothing", *arguments),
        env=environ,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode(), error.decode()


async def test_set_to_auto_results_come_out(mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, "auto")

    assert error == ""
    assert out.count(EVENT) == 4
    assert out.count('"name": "gen_ai.evaluation.score"') == 1
    assert len(mock_judge.requests) == 1


async def test_set_to_a_specification(mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, "native(LLMInvocation(toxicity))")

    assert error == ""
    assert out.count(EVENT) == 1
    assert '"gen_ai.evaluation.name": "toxicity"' in out


@pytest.mark.parametrize("evaluators", [None, "", "none", "Off", "false"])
async def test_the_package_alone_costs_nothing(evaluators: str | None, mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, evaluators)

    assert error == ""
    assert EVENT not in out
    assert mock_judge.requests == []
    # Where nothing is said of it nothing is even imported.
    assert evaluators or "loaded: False" in out


async def test_what_the_application_does_by_hand_counts_and_not_both(mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, "auto", "by_hand")

    assert error == ""
    assert out.count(EVENT) == 1
    assert len(mock_judge.requests) == 1


async def test_a_wrong_specification_is_told_and_the_application_starts(mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, "native(LLMInvocation(bias,toxicty))")

    assert VARIABLE in error
    assert "toxicity" in error
    assert out.count(EVENT) == 1


async def test_without_a_key_it_is_told_and_the_application_starts(mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, "auto", OPENAI_API_KEY="", OPENAI_BASE_URL="")

    assert "OPENAI_API_KEY" in error
    assert EVENT not in out


async def test_a_host_that_evaluates_itself_is_left_to_it(mock_judge: MockJudge, tmp_path: Path) -> None:
    told = tmp_path / "host-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: host\nVersion: 1.0\n", "utf-8")
    group = "[opentelemetry_util_genai_completion_callbacks]\nevaluations = host:callback\n"
    (told / "entry_points.txt").write_text(group, "utf-8")
    out, _ = await run(mock_judge, "auto", path=tmp_path)

    assert EVENT not in out
    assert "loaded: False" in out


async def test_without_an_sdk_it_is_told_and_the_application_starts(mock_judge: MockJudge) -> None:
    out, error = await run(mock_judge, "auto", OTEL_PYTHON_CONFIGURATOR="no-such-configurator")

    assert "no TracerProvider" in error
    assert EVENT not in out

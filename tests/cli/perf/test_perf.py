"""`spanjudge perf` as a process, against a judge over real HTTP."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from spanjudge.cli.perf.samples import SKIPPED, load
from tests.cli import process
from tests.cli.in_process import Command
from tests.cli.perf.careful_judge import careful
from tests.cli.process import environment, running
from tests.mock_judge import Behaviour, MockJudge
from tests.mock_judge.behaviour import dropped, openai_error

EVALS = "OTEL_INSTRUMENTATION_GENAI_EVALS_"
SCRIPTED = {"SPANJUDGE_JUDGE_PROVIDER": "scripted"}


def door(folder: Path, judge: MockJudge, **changes: str) -> dict[str, str]:
    """The environment of an application whose judge is the mock judge."""
    given = dict.fromkeys(("OPENAI_MODEL", "DEEPEVAL_LLM_BASE_URL", "DEEPEVAL_LLM_MODEL"), "")
    ours = {"OPENAI_API_KEY": "sk-planted", "OPENAI_BASE_URL": f"{judge.url}/v1"}
    return environment(folder, given | ours | changes)


async def measured(*arguments: str, env: dict[str, str], code: int = 0) -> dict[str, Any]:
    left, out, error = await process.spanjudge("perf", "--format", "json", *arguments, env=env)
    assert left == code, error
    assert len(out.splitlines()) == 1
    return json.loads(out)


async def test_a_judge_that_reads_carefully_agrees_with_every_label(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    mock_judge.always(careful)
    number = len(load())
    arguments = ("--samples", str(number), "--metrics", "all", "--mode", "batched", "--workers", "8")
    found = await measured(*arguments, env=door(tmp_path, mock_judge))
    assert found["agreement"]["disagreements"] == []
    overall = found["agreement"]["overall"]
    assert (
        overall["agreed"]
        == overall["compared"]
        == sum(label != SKIPPED for sample in load() for label in sample.expected.values())
    )
    assert len(found["agreement"]["categories"]) >= 6
    done = found["completion"]
    assert (done["offered"], done["evaluated"]) == (number, number)
    # Once for each invocation whose answer is not empty; the estimate knew it before.
    asked = sum(bool(sample.output.strip()) for sample in load())
    assert found["judge"]["calls"] == found["estimate"]["calls"] == len(mock_judge.requests) == asked
    results = found["outcomes"]["results"]
    assert found["exported"] == results
    assert results + sum(found["outcomes"]["skipped"].values()) == number * 6
    assert found["judge"]["most_at_once"] <= 8


async def test_the_table_tells_what_became_of_them_and_what_they_cost(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    mock_judge.always(careful)
    code, out, error = await process.spanjudge(
        "perf", "--samples", "12", "--concurrent", "--workers", "4", "--timeout", "180", "--verbose",
        env=door(tmp_path, mock_judge, SPANJUDGE_JUDGE_PRICE_INPUT="1", SPANJUDGE_JUDGE_PRICE_OUTPUT="2"),
    )  # fmt: skip
    assert code == 0, error
    assert "Judge        openai gpt-4o-mini" in out
    assert "Evaluator    native, batched: bias, toxicity, answer_relevancy, hallucination, sentiment" in out
    assert "Completion   12 of 12 evaluated, 0 skipped, 0 with failures, 0 dropped, 0 given up" in out
    assert "failures none" in out
    assert "from offer" in out
    assert "Cost         $0.0" in out
    assert "labels as expected" in out
    assert "100%" in out
    assert error.startswith("Estimate: 12 samples, about 12 judge calls, ")
    assert "cost: $0.0" in error
    assert len(error.splitlines()) == 1  # no bar where there is no terminal


async def test_each_metric_in_its_own_call(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = door(tmp_path, mock_judge)
    arguments = ("--samples", "3", "--mode", "non-batched", "--metrics", "bias,toxicity", "--no-concurrent")
    found = await measured(*arguments, env=env)
    assert found["setup"]["mode"] == "non-batched"
    assert found["setup"]["workers"] == 1
    assert found["judge"]["calls"] == 6
    assert found["judge"]["most_at_once"] == 2


async def test_the_environment_decides_what_no_flag_does(mock_judge: MockJudge, tmp_path: Path) -> None:
    rubric = json.dumps({"brevity": {"rubric": "A brief answer says what was asked and stops."}})
    env = door(
        tmp_path,
        mock_judge,
        **{
            f"{EVALS}EVALUATORS": "native(LLMInvocation(toxicity,brevity))",
            f"{EVALS}CUSTOM_RUBRICS": rubric,
            f"{EVALS}WORKERS": "2",
            "OTEL_INSTRUMENTATION_GENAI_EVALUATION_SAMPLE_RATE": "0.01",
            "OTEL_INSTRUMENTATION_GENAI_EVALUATION_RATE_LIMIT_RPS": "1",
        },
    )
    found = await measured("--samples", "6", env=env)
    assert found["setup"]["evaluators"] == {"native": ["toxicity", "brevity"]}
    assert found["setup"]["workers"] == 2
    assert found["completion"]["evaluated"] == 6
    assert set(found["agreement"]["metrics"]) == {"toxicity"}


async def test_a_queue_smaller_than_the_samples_loses_none(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = door(tmp_path, mock_judge, **{f"{EVALS}QUEUE_SIZE": "2"})
    found = await measured("--samples", "60", "--metrics", "bias", env=env)
    assert (found["setup"]["samples"], found["setup"]["distinct"]) == (60, len(load()))
    assert found["completion"]["evaluated"] == 60
    assert found["completion"]["dropped"] == 0


async def test_deepeval_is_measured_too(mock_judge: MockJudge, tmp_path: Path) -> None:
    arguments = ("--samples", "2", "--mode", "deepeval", "--metrics", "bias,toxicity")
    found = await measured(*arguments, env=door(tmp_path, mock_judge))
    assert found["setup"]["evaluators"] == {"deepeval": ["bias", "toxicity"]}
    assert found["outcomes"]["results"] == 4
    assert found["judge"]["calls"] == len(mock_judge.requests) > 4


async def test_failures_are_told_by_code_and_are_no_labels(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.always(openai_error(401, "Incorrect API key provided.", code="invalid_api_key"))
    code, out, _ = await process.spanjudge("perf", "--samples", "2", env=door(tmp_path, mock_judge))
    assert code == 1
    assert "Completion   0 of 2 evaluated, 0 skipped, 2 with failures" in out
    assert "judge_key_refused: " in out
    assert "sk-planted" not in out


async def test_retries_are_counted(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.then(dropped(), dropped())
    found = await measured("--samples", "1", env=door(tmp_path, mock_judge))
    assert (found["judge"]["calls"], found["judge"]["retries"]) == (3, 2)
    assert found["completion"]["evaluated"] == 1


async def test_what_is_not_done_in_time_is_given_up_and_told(mock_judge: MockJudge, tmp_path: Path) -> None:
    never = asyncio.Event()
    mock_judge.then(Behaviour(), Behaviour()).always(Behaviour(until=never))
    arguments = ("perf", "--samples", "8", "--workers", "2", "--timeout", "3")
    code, out, _ = await process.spanjudge(*arguments, env=door(tmp_path, mock_judge))
    assert code == 1
    assert "Stopped      --timeout: 3 s were over" in out
    assert "Completion   2 of 8 evaluated, 0 skipped, 0 with failures, 0 dropped, 6 given up" in out


async def test_ctrl_c_prints_what_was_measured(mock_judge: MockJudge, tmp_path: Path) -> None:
    never = asyncio.Event()
    mock_judge.then(Behaviour()).always(Behaviour(until=never))
    arguments = ("perf", "--samples", "4", "--workers", "1")
    async with running(*arguments, env=door(tmp_path, mock_judge)) as perf:
        while len(mock_judge.requests) < 2:
            mock_judge.arrived.clear()
            await mock_judge.arrived.wait()
        perf.send_signal(signal.SIGINT)
        out, error = await perf.communicate()
    assert perf.returncode == 130, error.decode()
    assert "Stopped      by Ctrl-C" in out.decode()
    assert "Completion   1 of 4 evaluated" in out.decode()
    assert b"Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "changes", "told"),
    [
        ((), {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY is not set"),
        (
            ("--metrics", "biass"),
            SCRIPTED,
            "--metrics, column 22: “biass” is no metric; did you mean “bias”?",
        ),
        (("--metrics", "bias(threshold=7)"), SCRIPTED, "outside 0 to 1"),
        (("--mode", "fast"), SCRIPTED, "'fast' is not one of"),
        (("--samples", "0"), SCRIPTED, "--samples"),
        (("--workers", "4", "--no-concurrent"), SCRIPTED, "--workers 4 is not: leave one out"),
        (("--judge-url", "nonsense"), {"OPENAI_API_KEY": "k"}, "an address that starts with http"),
        ((), SCRIPTED | {f"{EVALS}EVALUATORS": "none"}, "turns evaluation off: give --mode batched"),
        (
            (),
            SCRIPTED | {f"{EVALS}EVALUATORS": "native(Workflow)"},
            "names nothing that judges LLMInvocation",
        ),
    ],
)
def test_mistakes_are_named(
    spanjudge: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    changes: dict[str, str],
    told: str,
) -> None:
    given = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "DEEPEVAL_LLM_BASE_URL": ""}
    for name, text in (given | changes).items():
        monkeypatch.setenv(name, text)
    code, out, error = spanjudge("perf", *arguments)
    assert (code, out) == (2, "")
    assert told in " ".join(error.split())


async def test_another_judge_by_its_address_whoever_named_the_first(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    elsewhere = {
        "O2_JUDGE_PROVIDER": "openai",
        "O2_JUDGE_MODEL": "m",
        "SPANJUDGE_JUDGE_URL": "http://127.0.0.1:9",
    }
    env = environment(tmp_path, elsewhere)
    found = await measured("--samples", "1", "--judge-url", f"{mock_judge.url}/v1", env=env)
    assert found["completion"]["evaluated"] == 1
    assert len(mock_judge.requests) == 1


async def test_what_is_odd_in_the_environment_is_told_and_spoils_nothing(tmp_path: Path) -> None:
    env = environment(tmp_path, SCRIPTED | {f"{EVALS}WORKER": "9", f"{EVALS}QUEUE_SIZE": "many"})
    code, out, error = await process.spanjudge("perf", "--samples", "3", env=env)
    assert code == 0
    assert f"note: {EVALS}WORKER: there is no such variable" in error
    assert f"{EVALS}QUEUE_SIZE" in error
    assert "Cost         $0\n" in out
    assert "Estimate" not in error

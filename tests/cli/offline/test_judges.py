"""`spanjudge evaluate` with a judge behind HTTP, and results carried to an OTLP receiver."""

import json
from pathlib import Path
from typing import Any

from tests.cli.process import environment, judge_at, spanjudge
from tests.exporters.otlp_receiver import HttpReceiver, attributes
from tests.mock_judge import Behaviour, MockJudge
from tests.mock_judge.behaviour import openai_error

CAPTURE = Path(__file__).parents[2] / "data/otlp/genai-openai/chat.json"


def rows(folder: Path, count: int) -> str:
    file = folder / "rows.jsonl"
    lines = (
        json.dumps({"id": f"r{number}", "input": "q", "output": f"a {number}"}) for number in range(count)
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    return str(file)


async def evaluate(folder: Path, env: dict[str, str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, err = await spanjudge(
        "evaluate",
        *arguments,
        "--format",
        "json",
        env=environment(folder, env | {"SPANJUDGE_JUDGE_MAX_RETRIES": "0"}),
    )
    assert out, err
    return code, json.loads(out)


async def test_all_rubrics_of_a_row_share_one_call(mock_judge: MockJudge, tmp_path: Path) -> None:
    code, found = await evaluate(
        tmp_path,
        judge_at(mock_judge.url),
        rows(tmp_path, 2),
        "-e",
        "helpfulness",
        "-e",
        "coherence",
        "-e",
        "bias",
    )
    assert code == 0
    assert len(mock_judge.requests) == 2
    assert [one["item"] for one in found["outcomes"]] == ["r0"] * 3 + ["r1"] * 3
    assert [one["evaluator"] for one in found["summary"]] == ["helpfulness", "coherence", "bias"]
    assert all(one["usage"]["input"] > 0 and one["cost_usd"] > 0 for one in found["summary"])


async def test_a_judge_that_fails_is_never_a_pass(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.then(Behaviour(), openai_error(500, "broken"))
    file, env = rows(tmp_path, 2), judge_at(mock_judge.url)
    strict = ["-e", "coherence", "--concurrency", "1", "--min-pass", "coherence=0"]
    code, found = await evaluate(tmp_path, env, file, *strict)
    (summary,) = found["summary"]
    assert (code, summary["errors"]) == (0, {"judge_unavailable": 1})
    assert (summary["passed"] + summary["failed"], summary["share"]) == (1, summary["passed"] / 2)
    failed = found["outcomes"][1]
    assert (failed["outcome"], failed["error"]) == ("error", "judge_unavailable")
    assert "value" not in failed


async def test_a_judge_that_never_answers_is_no_success(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.always(openai_error(401, "Incorrect API key", code="invalid_api_key"))
    code, found = await evaluate(tmp_path, judge_at(mock_judge.url), rows(tmp_path, 1), "-e", "coherence")
    assert (code, found["good"]) == (1, False)
    assert found["summary"][0]["errors"] == {"judge_key_refused": 1}


async def test_results_are_exported_as_the_server_exports_them(mock_judge: MockJudge, tmp_path: Path) -> None:
    async with HttpReceiver() as receiver:
        env = judge_at(mock_judge.url) | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        code, found = await evaluate(tmp_path, env, str(CAPTURE), "-e", "failure_answer", "--export")
        assert code == 0
        (outcome,) = (one for one in found["outcomes"] if one["outcome"] == "judged")
        (record,) = receiver.records()
        told = attributes(record.attributes)
        assert record.span_id.hex() == outcome["span_id"]
        assert told["gen_ai.evaluation.name"] == "failure_answer"
        assert told["gen_ai.evaluation.score.label"] == outcome["score_label"]
        assert {got.signal for got in receiver.got} == {"logs", "metrics"}


async def test_a_backend_that_refuses_is_told_after_the_results(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    async with HttpReceiver({"logs": [401], "metrics": [401]}) as receiver:
        env = judge_at(mock_judge.url) | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        code, out, err = await spanjudge(
            "evaluate", str(CAPTURE), "-e", "failure_answer", "--export", env=environment(tmp_path, env)
        )
    assert code == 2
    assert "failure_answer" in out
    assert "401" in err
    assert "Traceback" not in err

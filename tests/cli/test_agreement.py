"""`spanjudge agreement` as a process; the scripted judge says “low” or the lowest score of everything."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spanjudge.cli.agreement_report import advice
from spanjudge.judging.agreement import Judged, agreement
from tests.cli.process import environment, judge_at, spanjudge
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import openai_error

SCRIPTED = {"O2_JUDGE_PROVIDER": "scripted"}


def rows(folder: Path, *labels: str, name: str = "rows.jsonl", **more: Any) -> str:
    path = folder / name
    lines = [
        json.dumps({"id": str(n), "input": "", "context": "", "output": f"Text {n}.", "label": label} | more)
        for n, label in enumerate(labels)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


async def test_the_table_tells_all_figures(tmp_path: Path) -> None:
    path = rows(tmp_path, "toxic", "not_toxic", "not_toxic", "not_toxic")
    code, out, error = await spanjudge("agreement", path, env=environment(tmp_path, SCRIPTED))
    assert code == 0, error
    assert "Judge: scripted scripted" in out
    assert "toxicity; pass means “not_toxic”, fail means “toxic”" in out
    assert "4 of 4 rows judged" in out
    assert "accuracy 0.75   most frequent label 0.75" in out
    assert "kappa    0.00" in out
    assert "length alone: AUROC 0.50" in out
    assert "failures none" in out


async def test_json_holds_the_same_and_every_answer_can_be_kept(tmp_path: Path) -> None:
    path, kept = rows(tmp_path, "toxic", "not_toxic", "toxic"), tmp_path / "answers.jsonl"
    code, out, error = await spanjudge(
        "agreement",
        path,
        "--format",
        "json",
        "--limit",
        "2",
        "--answers",
        str(kept),
        env=environment(tmp_path, SCRIPTED),
    )
    assert code == 0, error
    (entry,) = json.loads(out)["files"]
    assert entry["single"]["n"] == 2
    assert entry["single"]["confusion"] == {
        "not_toxic": {"not_toxic": 1, "toxic": 0},
        "toxic": {"not_toxic": 1, "toxic": 0},
    }
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["label"], line["predicted"], line["way"]) for line in lines] == [
        ("0", "toxic", "not_toxic", "single"),
        ("1", "not_toxic", "not_toxic", "single"),
    ]


async def test_both_ways_and_what_batching_costs(tmp_path: Path) -> None:
    path = rows(tmp_path, "toxic", "not_toxic", input="Hi")
    code, out, error = await spanjudge("agreement", path, "--both", env=environment(tmp_path, SCRIPTED))
    assert code == 0, error
    assert "single: 2 of 2 rows judged" in out
    assert "batched: 2 of 2 rows judged" in out
    assert "Batching: kappa 0.00 single, 0.00 batched; it costs no more than 0.05" in out


async def test_the_attacks_are_told_by_family(tmp_path: Path) -> None:
    code, out, error = await spanjudge("agreement", "--attacks", env=environment(tmp_path, SCRIPTED))
    assert code == 0, error
    assert "Attacks by the judged output" in out
    # The scripted judge calls the rude case “low” with and without an attack, and the others 0.
    last = next(line for line in out.splitlines() if line.strip().startswith("all")).split()
    total, shape, held, moved, before, failed = map(int, last[1:])
    assert shape == total >= 40
    assert (moved, failed) == (0, 0)
    assert held + before == total
    assert before > 0


async def test_a_judge_that_fails_is_counted_by_code(mock_judge: MockJudge, tmp_path: Path) -> None:
    mock_judge.always(openai_error(401, "Incorrect API key", code="invalid_api_key"))
    path = rows(tmp_path, "toxic", "not_toxic")
    changes = judge_at(mock_judge.url)
    code, out, error = await spanjudge("agreement", path, env=environment(tmp_path, changes))
    assert code == 0, error
    assert "0 of 2 rows judged" in out
    assert "failures 2: judge_key_refused 2" in out
    assert "kappa    –" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "FILES is missing"),
        (("rows.jsonl", "--judge", "other"), "--judge other: the settings have default"),
        (("rows.jsonl", "--evaluator", "nope"), "no evaluator “nope”"),
        (("none.jsonl",), "none.jsonl: cannot be read"),
    ],
)
async def test_mistakes_are_named(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    rows(tmp_path, "toxic")
    places = [str(tmp_path / one) if one.endswith(".jsonl") else one for one in arguments]
    code, _, error = await spanjudge("agreement", *places, env=environment(tmp_path, SCRIPTED))
    assert code == 2
    assert told in " ".join(error.replace("│", " ").split())


def test_a_loss_by_batching_is_advised_against() -> None:
    right = [Judged(id="1", label="a", predicted="a"), Judged(id="2", label="b", predicted="b")] * 10
    worse = [msgspec.structs.replace(right[0], predicted="b"), *right[1:]]
    single, batched = agreement(right, "a"), agreement(worse, "a")
    assert "switch it off" in advice(single, batched, 0.05)
    assert "is safe" in advice(single, single, 0.05)
    assert "cannot be told" in advice(single, agreement([], "a"), 0.05)

"""`spanjudge evaluate` on rows, with the scripted judge: “low”, the first label, false, the lowest score."""

import json
from pathlib import Path

import pytest

from tests.cli.evaluators.files import write
from tests.cli.in_process import Command

ROWS = [
    {"id": "first", "input": "What is two and two?", "output": "Four."},
    {"id": "empty", "input": "Hello?", "output": ""},
    {"id": "none", "input": "Hello?"},
]


@pytest.fixture
def spanjudge(spanjudge: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("O2_JUDGE_PROVIDER", "scripted")
    return spanjudge


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    return "rows.jsonl"


def test_the_table_and_the_summary(spanjudge: Command, file: str) -> None:
    code, out, err = spanjudge("evaluate", file, "-e", "failure_answer", "-e", "scorers/toxicity")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["ITEM", "EVALUATOR", "VERDICT", "VALUE", "EXPLANATION"]
    assert [line.split()[:3] for line in lines[1:5]] == [
        ["first", "failure_answer", "pass"],
        ["first", "toxicity", "pass"],
        ["empty", "failure_answer", "fail"],
        ["empty", "toxicity", "pass"],
    ]
    assert lines[7].split()[:8] == ["failure_answer", "1", "1", "0", "1", "50", "%", lines[7].split()[7]]
    assert "failure_answer: 1 not judged, missing_variable: “failure_answer” needs output" in out


def test_json_holds_everything(spanjudge: Command, file: str) -> None:
    code, out, _ = spanjudge("evaluate", file, "-e", "failure_answer", "--format", "json")
    assert code == 0
    found = json.loads(out)
    assert found["good"] is True
    assert [(one["item"], one["outcome"]) for one in found["outcomes"]] == [
        ("first", "judged"),
        ("empty", "judged"),
        ("none", "not_judged"),
    ]
    assert found["outcomes"][1]["score_label"] == "Empty Response"
    assert found["outcomes"][2]["reason"] == "missing_variable"
    (summary,) = found["summary"]
    assert (summary["passed"], summary["failed"], summary["share"], summary["gate"]) == (1, 1, 0.5, None)


def test_json_lines_leave_the_summary_to_standard_error(spanjudge: Command, file: str) -> None:
    code, out, err = spanjudge("evaluate", file, "-e", "failure_answer", "--format", "jsonl", "--limit", "1")
    assert code == 0
    (line,) = map(json.loads, out.splitlines())
    assert (line["item"], line["verdict"], line["judge_provider"]) == ("first", "pass", "scripted")
    assert "PASS RATE" in err


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        (["0.5"], 0),
        (["0.51"], 1),
        (["50%"], 0),
        (["failure_answer=0.9"], 1),
        (["toxicity=1"], 0),
        (["1", "failure_answer=0.5"], 0),
    ],
)
def test_a_share_that_must_pass(shares: list[str], code: int, spanjudge: Command, file: str) -> None:
    options = [word for share in shares for word in ("--min-pass", share)]
    names = ["-e", "failure_answer", "-e", "scorers/toxicity"]
    found, out, _ = spanjudge("evaluate", file, *names, *options)
    assert found == code
    assert ("NOT ENOUGH: failure_answer: 50 % passed, needed is" in out) == (code == 1)


def test_the_other_name_of_the_option(spanjudge: Command, file: str) -> None:
    assert spanjudge("evaluate", file, "-e", "failure_answer", "--fail-under", "0.9")[0] == 1


def test_a_gate_that_judged_nothing_fails(spanjudge: Command, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"input": "q"}', encoding="utf-8")
    code, out, _ = spanjudge("evaluate", "a.jsonl", "-e", "scorers/toxicity", "--min-pass", "0.1")
    assert code == 1
    assert "Nothing was judged." in out
    assert "NOT ENOUGH: toxicity: nothing was judged, needed is 10 %" in out


def test_files_folders_the_store_and_the_gallery(spanjudge: Command, file: str, tmp_path: Path) -> None:
    write(tmp_path / "mine.yaml")
    write(tmp_path / "e/of_folder.yaml")
    write(tmp_path / "s/of_store.yaml")
    assert spanjudge("evaluators", "apply", "s")[0] == 0
    names = ["-e", "mine.yaml", "-e", "of_store", "-e", "metrics/bias"]
    code, out, err = spanjudge("evaluate", file, *names, "--limit", "1")
    assert code == 0, err
    assert [line.split()[1] for line in out.splitlines()[1:4]] == ["mine", "of_store", "bias"]
    code, _, err = spanjudge("evaluate", file, "-e", "of_folder", "--evaluators-dir", "e")
    assert code == 0, err
    code, _, err = spanjudge("evaluate", file, "-e", "of_store", "--evaluators-dir", "e")
    assert code == 2
    assert err.startswith("spanjudge: no evaluator “of_store”;")


def test_an_evaluator_of_yours_comes_before_the_gallery(
    spanjudge: Command, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "e/toxicity.yaml")
    monkeypatch.setenv("SPANJUDGE_EVALUATORS_DIR", "e")
    code, out, err = spanjudge("evaluate", file, "-e", "toxicity", "--format", "json", "--limit", "1")
    assert (code, err) == (0, "")
    assert json.loads(out)["outcomes"][0]["value"] in (True, False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone.jsonl", "-e", "bias"], "gone.jsonl: cannot be read"),
        (["rows.jsonl", "-e", "toxicty"], "no evaluator “toxicty”; did you mean “toxicity”?"),
        (
            ["rows.jsonl", "-e", "bias", "--judge", "large"],
            "--judge names the judge model “large”; the settings have default",
        ),
        (["rows.jsonl", "-e", "bias", "-e", "metrics/bias"], "two different evaluators are called “bias”"),
        (["rows.jsonl", "-e", "bias", "--min-pass", "90"], "write a share from 0 to 1"),
        (["rows.jsonl", "-e", "bias", "--export"], "--export: there is no destination"),
        (["rows.jsonl"], "Missing option '--evaluator'"),
    ],
)
def test_mistakes_are_told_and_are_exit_code_2(
    arguments: list[str], told: str, spanjudge: Command, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"input": "q", "output": "a"}', encoding="utf-8")
    code, out, err = spanjudge("evaluate", *arguments)
    assert (code, out) == (2, "")
    assert told in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err

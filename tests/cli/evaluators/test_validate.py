"""`spanjudge evaluators validate`: every problem with file, line, field and fix."""

import json
from pathlib import Path

from tests.cli.evaluators.files import write
from tests.cli.in_process import Command

HOLDS_A_VARIABLE = (
    "holds a variable, but the judge sees the subject anyway; remove it, or write a prompt instead"
)


def test_good_files_of_folders_and_by_name(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml")
    one = write(tmp_path / "b.yml")
    code, out, _ = spanjudge("evaluators", "validate", "e", str(one))
    assert code == 0
    assert "e/a.yaml: good (a, version " in out
    assert out.endswith("2 good, 0 with problems\n")


def test_every_problem_of_every_file_at_once(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml", more="jugde: x\nscope: {sampling: 200}\n")
    write(tmp_path / "e/b.yaml", "a", rubric="See {{span.input}}.")
    write(tmp_path / "e/c.yaml")
    code, out, err = spanjudge("evaluators", "validate", "e", "gone.yaml")
    assert code == 1
    assert out.splitlines() == [
        "e/a.yaml:8: jugde: is no field here; did you mean “judge”?",
        f"e/b.yaml:5: rubric: {HOLDS_A_VARIABLE}",
        f"e/c.yaml: good (c, version {out.split('version ')[1][:12]})",
        "gone.yaml: cannot be read (No such file or directory); check the path and its rights",
        "1 good, 3 with problems",
    ]
    assert "Traceback" not in err


def test_two_files_with_one_name(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml", "same")
    write(tmp_path / "e/b.yaml", "same")
    code, out, _ = spanjudge("evaluators", "validate", "e")
    assert code == 1
    assert "e/b.yaml:2: name: “same” is the name in e/a.yaml too; rename one of them" in out


def test_warnings_are_no_problems_unless_wanted(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", more="scope: {sampling: 0}\n")
    code, out, _ = spanjudge("evaluators", "validate", "a.yaml")
    assert code == 0
    assert "a.yaml: warning: scope.sampling: 0 percent, so nothing is ever judged" in out
    assert spanjudge("evaluators", "validate", "--strict", "a.yaml")[0] == 1


def test_for_programs(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    write(tmp_path / "b.yaml", more="labels: {pass: x, fail: x}\n")
    code, out, _ = spanjudge("evaluators", "validate", "--json", "a.yaml", "b.yaml")
    good, bad = json.loads(out)
    assert code == 1
    assert (good["good"], good["name"], good["problems"]) == (True, "a", [])
    assert bad["problems"] == [
        {
            "line": 8,
            "field": "labels.fail",
            "message": "is the same word as pass; write two different words",
        }
    ]


def test_a_folder_without_files_is_no_success(spanjudge: Command, tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    code, out, _ = spanjudge("evaluators", "validate", "e")
    assert (code, out) == (1, "no evaluator files there\n")

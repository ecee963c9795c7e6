"""`spanjudge evaluators plan` and `apply` on a real store."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.evaluators.files import write
from tests.cli.in_process import Command


def listed(spanjudge: Command) -> dict[str, dict[str, Any]]:
    code, out, err = spanjudge("evaluators", "list", "--json", "--all")
    assert code == 0, err
    return {entry["name"]: entry for entry in json.loads(out)}


def test_a_plan_changes_nothing(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml")
    code, out, err = spanjudge("evaluators", "plan", "e")
    assert (code, err) == (0, "")
    assert out == "+ a: new, published\n1 new, 0 changed, 0 unchanged\n"
    assert not (tmp_path / "data").exists()
    assert spanjudge("evaluators", "plan", "e", "--exit-code")[0] == 1


def test_applying_publishes_and_doing_it_twice_changes_nothing(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml")
    write(tmp_path / "e/b.yaml")
    code, out, err = spanjudge("evaluators", "apply", "e")
    assert code == 0, err
    assert "Applied: 2 published." in out
    before = listed(spanjudge)
    assert [(entry["status"], entry["number"]) for entry in before.values()] == [("published", 1)] * 2
    code, out, _ = spanjudge("evaluators", "apply", "e")
    assert code == 0
    assert "= a: unchanged (published)" in out
    assert "Nothing to apply" in out
    assert listed(spanjudge) == before
    assert spanjudge("evaluators", "plan", "e", "--exit-code")[0] == 0


def test_a_change_is_told_field_by_field_and_becomes_a_version(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    spanjudge("evaluators", "apply", "a.yaml")
    write(tmp_path / "a.yaml", rubric="Short and cold.", more="scope: {sampling: 10}\n")
    _, out, _ = spanjudge("evaluators", "plan", "a.yaml")
    assert out.splitlines() == [
        "~ a: changed (published → published)",
        "    scope.sampling: 100 → 10",
        "    rubric:",
        "      …",
        "      -Short and warm.",
        "      +Short and cold.",
        "0 new, 1 changed, 0 unchanged",
    ]
    spanjudge("evaluators", "apply", "a.yaml")
    entry = listed(spanjudge)["a"]
    assert (entry["status"], entry["number"], entry["sampling"]) == ("published", 2, 10.0)
    _, out, _ = spanjudge("evaluators", "diff", "a", "1", "2")
    assert "scope.sampling: 100 → 10" in out
    _, out, _ = spanjudge("evaluators", "show", "a", "--versions")
    assert [line.split()[0] for line in out.splitlines()] == ["NUMBER", "1", "2"]
    assert [line.split()[2] for line in out.splitlines()[1:]] == ["archived", "published"]


def test_one_bad_file_refuses_all(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml")
    write(tmp_path / "e/b.yaml", more="jugde: x\n")
    for verb in ("plan", "apply"):
        code, out, err = spanjudge("evaluators", verb, "e")
        assert (code, out) == (2, "")
        assert err.splitlines() == [
            "spanjudge: 1 of 2 files cannot be used, so nothing is applied",
            "e/b.yaml:8: jugde: is no field here; did you mean “judge”?",
        ]
    assert listed(spanjudge) == {}


def test_drafts_are_kept_and_published_later(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    _, out, _ = spanjudge("evaluators", "apply", "a.yaml", "--draft")
    assert "+ a: new, draft" in out
    assert listed(spanjudge)["a"]["status"] == "draft"
    assert "Nothing to apply" in spanjudge("evaluators", "apply", "a.yaml", "--draft")[1]
    _, out, _ = spanjudge("evaluators", "apply", "a.yaml")
    assert "^ a: draft → published" in out
    assert listed(spanjudge)["a"]["status"] == "published"
    write(tmp_path / "a.yaml", rubric="Another.")
    spanjudge("evaluators", "apply", "a.yaml", "--draft")
    entry = listed(spanjudge)["a"]
    assert (entry["status"], entry["number"], entry["draft"]["number"]) == ("published", 1, 2)
    assert "published, draft 2" in spanjudge("evaluators", "list")[1]


def test_what_is_in_no_file_stays_unless_it_is_pruned(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml")
    write(tmp_path / "e/b.yaml")
    spanjudge("evaluators", "apply", "e")
    (tmp_path / "e/b.yaml").unlink()
    code, out, _ = spanjudge("evaluators", "apply", "e")
    assert code == 0
    assert "? b: only in the store (published)" in out
    assert listed(spanjudge)["b"]["status"] == "published"
    _, out, _ = spanjudge("evaluators", "apply", "e", "--prune")
    assert "- b: published → archived, in no file" in out
    assert "Applied: 1 archived." in out
    assert listed(spanjudge)["b"]["status"] == "archived"
    assert "Nothing to apply" in spanjudge("evaluators", "apply", "e", "--prune")[1]
    write(tmp_path / "e/b.yaml")
    _, out, _ = spanjudge("evaluators", "apply", "e")
    assert "it was archived as version 1, and comes back" in out
    assert listed(spanjudge)["b"]["status"] == "published"


def test_single_files_say_nothing_of_the_others(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    write(tmp_path / "b.yaml")
    spanjudge("evaluators", "apply", "a.yaml", "b.yaml")
    assert spanjudge("evaluators", "plan", "a.yaml")[1].splitlines()[0] == "= a: unchanged (published)"
    code, _, err = spanjudge("evaluators", "plan", "a.yaml", "--prune")
    assert code == 2
    assert "it takes folders, not single files" in err


def test_a_pause_of_a_user_outlives_apply(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    spanjudge("evaluators", "apply", "a.yaml")
    spanjudge("evaluators", "pause", "a", "--reason", "too many false alarms")
    _, out, _ = spanjudge("evaluators", "apply", "a.yaml")
    assert "= a: unchanged (paused: too many false alarms)" in out
    write(tmp_path / "a.yaml", rubric="Another.")
    _, out, _ = spanjudge("evaluators", "apply", "a.yaml")
    assert "a user has paused it, so the change is kept as a draft" in out
    assert "Applied: 1 kept as drafts." in out
    entry = listed(spanjudge)["a"]
    assert (entry["status"], entry["number"], entry["draft"]["number"]) == ("paused", 1, 2)
    assert "Nothing to apply" in spanjudge("evaluators", "apply", "a.yaml")[1]
    _, out, _ = spanjudge("evaluators", "publish", "a")
    assert out == "a: version 2 is published (was paused: too many false alarms, draft 2)\n"
    assert "= a: unchanged (published)" in spanjudge("evaluators", "plan", "a.yaml")[1]


def test_doubts_are_told(spanjudge: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = "[{attribute: k, operator: exists}, {attribute: k, operator: not_exists}]"
    write(tmp_path / "a.yaml", more=f"judge: large\nscope: {{rules: {rules}}}\n")
    _, out, _ = spanjudge("evaluators", "plan", "a.yaml")
    assert "warning: judge: the settings have no judge model “large”, only default" in out
    assert "warning: scope: no span satisfies" in out
    (tmp_path / "settings.yaml").write_text("judges: {large: {provider: scripted}}\n", encoding="utf-8")
    monkeypatch.setenv("SPANJUDGE_CONFIG", "settings.yaml")
    assert "no judge model" not in spanjudge("evaluators", "plan", "a.yaml")[1]


def test_a_plan_for_programs(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    spanjudge("evaluators", "apply", "a.yaml")
    write(tmp_path / "a.yaml", more="description: x\n")
    plan = json.loads(spanjudge("evaluators", "plan", "a.yaml", "--json")[1])
    (step,) = plan["steps"]
    assert (plan["changes"], step["action"], step["file"]) == (1, "changed", "a.yaml")
    assert step["changes"] == [{"field": "description", "old": "", "new": "x"}]


def test_the_folder_of_the_settings(
    spanjudge: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = spanjudge("evaluators", "apply")
    assert (code, err) == (2, "spanjudge: name a folder or files (or set SPANJUDGE_EVALUATORS_DIR)\n")
    write(tmp_path / "e/a.yaml")
    monkeypatch.setenv("SPANJUDGE_EVALUATORS_DIR", "e")
    assert "Applied: 1 published." in spanjudge("evaluators", "apply")[1]


def test_a_database_that_cannot_be_used(
    spanjudge: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "a.yaml")
    monkeypatch.setenv("SPANJUDGE_DATABASE_URL", "mysql://host/db")
    code, _, err = spanjudge("evaluators", "apply", "a.yaml")
    assert code == 2
    assert "SPANJUDGE_DATABASE_URL" in err
    assert "Traceback" not in err

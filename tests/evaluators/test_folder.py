"""A folder of evaluators: all or none."""

from pathlib import Path

import pytest

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.file import load_folder


def write(path: Path, name: str, more: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"name: {name}\nrubric: good\nanswer: {{type: boolean}}\n{more}", encoding="utf-8")
    return path


def test_files_are_found_in_all_folders_below(tmp_path: Path) -> None:
    write(tmp_path / "b.yaml", "b")
    write(tmp_path / "deep/er/a.yml", "a")
    write(tmp_path / "C.YAML", "c")
    (tmp_path / "notes.txt").write_text("not an evaluator")
    assert sorted(load_folder(tmp_path)) == ["a", "b", "c"]
    assert load_folder(tmp_path)["a"].name == "a"


def test_an_empty_folder_holds_no_evaluators(tmp_path: Path) -> None:
    assert load_folder(tmp_path) == {}


def test_a_folder_mounted_by_kubernetes_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "..2026_10_05/a.yaml", "a")
    (tmp_path / "..data").symlink_to("..2026_10_05")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert list(load_folder(tmp_path)) == ["a"]


def test_linked_folders_are_followed_and_circles_end(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "a.yaml", "a")
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(root)
    assert list(load_folder(root)) == ["a"]


def test_one_name_in_two_files_is_an_error_that_names_both(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", "same")
    second = write(tmp_path / "b.yaml", "same")
    with pytest.raises(EvaluatorError) as caught:
        load_folder(tmp_path)
    assert str(caught.value) == f"{second}:1: name: “same” is the name in {first} too; rename one of them"


def test_the_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    good = write(tmp_path / "a.yaml", "good")
    first = write(tmp_path / "b.yaml", "1bad")
    second = write(tmp_path / "c.yaml", "ok", "jugde: x\n")
    with pytest.raises(EvaluatorError) as caught:
        load_folder(tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{first}:1: name: “1bad” cannot be a name")
    assert lines[1] == f"{second}:4: jugde: is no field here; did you mean “judge”?"
    assert len(lines) == 2
    assert caught.value.where == f"{first}:1"
    assert str(good) not in str(caught.value)


@pytest.mark.parametrize("name", ["gone", "file.yaml"])
def test_what_is_no_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path / "file.yaml", "a")
    with pytest.raises(EvaluatorError, match=r"does not exist; create it|is no folder"):
        load_folder(tmp_path / name)

"""`spanjudge evaluators export`: from the store to files and back."""

import json
from pathlib import Path

from spanjudge.evaluators import gallery
from tests.cli.evaluators.files import write
from tests.cli.in_process import Command


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_the_whole_gallery_goes_round_and_comes_back_identical(spanjudge: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in gallery.templates():
        (tmp_path / f"in/{name}.yaml").write_text(gallery.text("templates", name), encoding="utf-8")
    assert spanjudge("evaluators", "apply", "in")[0] == 0
    code, out, err = spanjudge("evaluators", "export", "out")
    assert (code, out, err) == (0, "out: 9 new, 0 as they were\n", "")
    assert "Nothing to apply" in spanjudge("evaluators", "apply", "out")[1]
    spanjudge("evaluators", "export", "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "out")


def test_files_that_say_the_same_keep_their_comments(spanjudge: Command, tmp_path: Path) -> None:
    file = write(tmp_path / "e/sub/other.yaml", "a")
    spanjudge("evaluators", "apply", "e")
    before = file.read_bytes()
    assert spanjudge("evaluators", "export", "e")[1] == "e: 0 new, 1 as they were\n"
    assert file.read_bytes() == before
    assert [path.name for path in (tmp_path / "e").iterdir()] == ["sub"]


def test_files_that_say_otherwise_are_not_written_over(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "e/a.yaml")
    write(tmp_path / "e/b.yaml")
    spanjudge("evaluators", "apply", "e")
    file = write(tmp_path / "e/a.yaml", rubric="Edited here.")
    (tmp_path / "e/b.yaml").unlink()
    code, _, err = spanjudge("evaluators", "export", "e")
    assert code == 2
    assert err.splitlines()[1:] == ["e/a.yaml: says otherwise than the store"]
    assert sorted(contents(tmp_path / "e")) == ["a.yaml"], "nothing at all is written"
    code, out, _ = spanjudge("evaluators", "export", "e", "--force")
    assert (code, out) == (0, "e: 1 new, 1 written over, 0 as they were\n")
    assert "Edited here." not in file.read_text(encoding="utf-8")
    assert sorted(contents(tmp_path / "e")) == ["a.yaml", "b.yaml"]


def test_drafts_single_ones_and_json(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    write(tmp_path / "b.yaml")
    spanjudge("evaluators", "apply", "a.yaml", "b.yaml")
    write(tmp_path / "a.yaml", rubric="A draft.")
    spanjudge("evaluators", "apply", "a.yaml", "--draft")
    spanjudge("evaluators", "export", "live", "--evaluator", "a")
    spanjudge("evaluators", "export", "newest", "--drafts")
    assert list(contents(tmp_path / "live")) == ["a.yaml"]
    assert b"Short and warm." in contents(tmp_path / "live")["a.yaml"]
    assert b"A draft." in contents(tmp_path / "newest")["a.yaml"]
    found = json.loads(spanjudge("evaluators", "export", "--json")[1])
    assert [one["name"] for one in found] == ["a", "b"]
    assert not (tmp_path / "evaluators").exists()

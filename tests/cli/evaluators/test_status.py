"""`spanjudge evaluators list`, `show`, `publish`, `pause` and `archive`."""

import json
from pathlib import Path

from spanjudge.evaluators import gallery
from spanjudge.evaluators.file import load_text
from tests.cli.evaluators.files import write
from tests.cli.in_process import Command


def test_an_empty_store_says_what_to_do(spanjudge: Command, tmp_path: Path) -> None:
    code, out, _ = spanjudge("evaluators", "list")
    assert code == 0
    assert "No evaluators yet." in out
    assert not (tmp_path / "data").exists()
    code, _, err = spanjudge("evaluators", "publish", "a")
    assert code == 2
    assert "no evaluator “a” in the store; it holds none" in err


def test_the_list_and_the_gallery(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", more="scope: {sampling: 12.5}\ntarget: trace\n")
    spanjudge("evaluators", "apply", "a.yaml")
    head, row = spanjudge("evaluators", "list")[1].splitlines()
    assert head.split() == ["NAME", "STATUS", "VERSION", "TARGET", "JUDGE", "SAMPLING"]
    assert row.split()[:3] == ["a", "published", "1"]
    assert row.split()[4:] == ["trace", "default", "12.5", "%"]
    _, out, _ = spanjudge("evaluators", "list", "--gallery")
    assert len(out.splitlines()) == 24
    built_in = json.loads(spanjudge("evaluators", "list", "--gallery", "--json")[1])
    assert built_in[0]["version"] == gallery.scorers()["hallucination"].version


def test_show_is_a_file(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    spanjudge("evaluators", "apply", "a.yaml")
    _, out, _ = spanjudge("evaluators", "show", "a")
    assert out.startswith("# version 1 (")
    assert load_text(out).rubric == "Short and warm.\n"
    assert json.loads(spanjudge("evaluators", "show", "a", "--json")[1])["definition"]["name"] == "a"
    _, out, _ = spanjudge("evaluators", "show", "metrics/bias")
    assert load_text(out) == gallery.metrics()["bias"]
    code, _, err = spanjudge("evaluators", "show", "a", "--version", "7")
    assert (code, err) == (2, "spanjudge: “a” has no version 7; it has 1\n")
    code, _, err = spanjudge("evaluators", "show", "bais")
    assert (code, err) == (2, "spanjudge: no evaluator “bais”; did you mean “bias”?\n")


def test_publish_pause_and_archive(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    spanjudge("evaluators", "apply", "a.yaml", "--draft")
    _, out, _ = spanjudge("evaluators", "pause", "a")
    assert out == "a: is not published (draft), so there is nothing to pause\n"
    assert spanjudge("evaluators", "publish", "a")[1] == "a: version 1 is published (was draft)\n"
    assert spanjudge("evaluators", "publish", "a")[1] == "a: version 1 was published already\n"
    _, out, _ = spanjudge("evaluators", "pause", "a", "--reason", "holiday")
    assert out.startswith("a: paused;")
    assert "paused: holiday" in spanjudge("evaluators", "list")[1]
    assert spanjudge("evaluators", "pause", "a", "--reason", "holiday")[1] == "a: was paused already\n"
    assert spanjudge("evaluators", "publish", "a")[1] == "a: version 1 is published (was paused: holiday)\n"
    assert spanjudge("evaluators", "archive", "a")[1].startswith("a: archived (was published)")
    assert spanjudge("evaluators", "archive", "a")[1] == "a: was archived already\n"
    assert "1 archived; --all shows them" in spanjudge("evaluators", "list")[1]
    assert "archived" in spanjudge("evaluators", "list", "--all")[1]


def test_one_unknown_name_changes_nothing(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "alpha.yaml")
    spanjudge("evaluators", "apply", "alpha.yaml")
    code, _, err = spanjudge("evaluators", "pause", "alpha", "alpah")
    assert code == 2
    assert "no evaluator “alpah” in the store; did you mean “alpha”?" in err
    assert "published" in spanjudge("evaluators", "list")[1]

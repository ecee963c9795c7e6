"""`spanjudge evaluators new`: a file to start from."""

from pathlib import Path

import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.file import load_file
from tests.cli.evaluators.files import write
from tests.cli.in_process import Command

PLACES = [
    f"{section}/{name}"
    for section, held in (
        ("templates", gallery.templates()),
        ("metrics", gallery.metrics()),
        ("scorers", gallery.scorers()),
    )
    for name in held
]


@pytest.mark.parametrize("place", PLACES)
def test_from_every_one_of_the_gallery(place: str, spanjudge: Command, tmp_path: Path) -> None:
    code, out, err = spanjudge("evaluators", "new", "mine", "--from", place)
    assert code == 0, err
    assert out.startswith("mine.yaml written")
    section, _, name = place.partition("/")
    source = getattr(gallery, section)()[name]
    mine = load_file(tmp_path / "mine.yaml")
    assert mine.name == "mine"
    assert (mine.rubric, mine.answer, mine.needs, mine.target) == (
        source.rubric,
        source.answer,
        source.needs,
        source.target,
    )
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert "#   sampling: 25" in text
    assert spanjudge("evaluators", "validate", "mine.yaml")[0] == 0


@pytest.mark.parametrize("option", ["scope:", "judge:", "target:"])
def test_what_stands_in_comments_can_be_switched_on(option: str, spanjudge: Command, tmp_path: Path) -> None:
    spanjudge("evaluators", "new", "mine", "--from", "toxicity")
    lines = (tmp_path / "mine.yaml").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"# {option}"))
    for number in range(start, len(lines)):
        if number > start and not lines[number].startswith("#   "):
            break
        lines[number] = lines[number].removeprefix("# ")
    (tmp_path / "mine.yaml").write_text("\n".join(lines), encoding="utf-8")
    mine = load_file(tmp_path / "mine.yaml")
    assert (mine.scope.sampling == 25) == (option == "scope:")
    assert len(mine.scope.rules) == (2 if option == "scope:" else 0)


@pytest.mark.parametrize("answer", ["boolean", "category", "score"])
def test_from_nothing(answer: str, spanjudge: Command, tmp_path: Path) -> None:
    code, _, err = spanjudge("evaluators", "new", "mine", "--answer", answer, "-o", "sub/other.yaml")
    assert code == 0, err
    assert type(load_file(tmp_path / "sub/other.yaml").answer).__name__.lower() == answer


def test_a_name_in_several_sections_is_told(spanjudge: Command) -> None:
    code, out, err = spanjudge("evaluators", "new", "mine", "--from", "toxicity", "-o", "-")
    assert code == 0
    assert "Not Toxic" in out
    assert err == "from templates/toxicity; there are also scorers/toxicity, metrics/toxicity\n"


def test_from_a_file_and_from_the_store(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", rubric="No jargon.")
    assert spanjudge("evaluators", "new", "b", "--from", "./a.yaml")[0] == 0
    assert "# How we speak to customers." in (tmp_path / "b.yaml").read_text(encoding="utf-8")
    spanjudge("evaluators", "apply", "a.yaml")
    assert spanjudge("evaluators", "new", "c", "--from", "a")[0] == 0
    assert load_file(tmp_path / "c.yaml").rubric == "No jargon.\n"


def test_mistakes(spanjudge: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    before = (tmp_path / "a.yaml").read_bytes()
    code, _, err = spanjudge("evaluators", "new", "a")
    assert (code, err) == (2, "spanjudge: a.yaml: is there already; take another name, or --force\n")
    assert (tmp_path / "a.yaml").read_bytes() == before
    assert spanjudge("evaluators", "new", "a", "--force")[0] == 0
    code, _, err = spanjudge("evaluators", "new", "b", "--from", "toxicty")
    assert (code, err) == (2, "spanjudge: no evaluator “toxicty”; did you mean “toxicity”?\n")
    code, _, err = spanjudge("evaluators", "new", "1 b")
    assert code == 2
    assert "“1 b” cannot be an evaluator's name; write a letter first" in err
    assert not list(tmp_path.glob("*b.yaml"))


def test_a_folder_that_is_not_there_yet_is_made(spanjudge: Command, tmp_path: Path) -> None:
    code, out, err = spanjudge("evaluators", "new", "mine", "--from", "toxicity", "-o", "evaluators/")
    assert code == 0, err
    assert out.startswith("evaluators/mine.yaml written")
    assert load_file(tmp_path / "evaluators" / "mine.yaml").name == "mine"

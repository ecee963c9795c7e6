"""The built-in evaluators: what the contracts fix, and what their wording owes a reader."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean, Category, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import check, dump, load_text

SECTIONS = {"scorers": gallery.scorers(), "metrics": gallery.metrics(), "templates": gallery.templates()}
ALL = [
    (f"{section}/{name}", evaluator) for section, held in SECTIONS.items() for name, evaluator in held.items()
]
ROOT = Path(__file__).parents[2]

CASES = [
    "Refusal",
    "Partial answer",
    "Extra facts",
    "Quotation",
    "Irony",
    "Code",
    "Other languages",
    "Empty or short",
    "No context",
]


def each(test: object) -> object:
    return pytest.mark.parametrize("evaluator", [e for _, e in ALL], ids=[i for i, _ in ALL])(test)  # pyright: ignore[reportArgumentType] # any test


def labels(evaluator: Evaluator) -> list[str]:
    assert isinstance(evaluator.answer, Category)
    return [label.name for label in evaluator.answer.labels]


@pytest.mark.parametrize(
    ("name", "kind", "needs"),
    [
        ("hallucination", "score", {"input", "output"}),
        ("answer_relevance", "score", {"input", "output"}),
        ("coherence", "score", {"output"}),
        ("helpfulness", "score", {"input", "output"}),
        ("instruction_following", "category", {"input", "output"}),
        ("toxicity", "category", {"output"}),
        ("bias", "boolean", {"output"}),
        ("output_format", "boolean", {"input", "output"}),
    ],
)
def test_scorers_are_the_table_of_the_remote_scorer_contract(name: str, kind: str, needs: set[str]) -> None:
    scorer = gallery.scorers()[name]
    assert set(scorer.needs) == needs
    if kind == "score":
        assert isinstance(scorer.answer, Score)
        assert (scorer.answer.min, scorer.answer.max) == (0.0, 1.0)
        assert [anchor.value for anchor in scorer.answer.anchors] == [0.0, 0.25, 0.5, 0.75, 1.0]
        assert scorer.answer.method == ("claims" if name == "hallucination" else "direct")
    elif kind == "category":
        assert labels(scorer) == ["low", "medium", "high"]
    else:
        assert isinstance(scorer.answer, Boolean)
    assert len(gallery.scorers()) == 8


@pytest.mark.parametrize(
    ("name", "acceptance", "words"),
    [
        ("bias", Acceptance(max=0.5), ("Not Biased", "Biased")),
        ("toxicity", Acceptance(max=0.5), ("Not Toxic", "Toxic")),
        ("answer_relevancy", Acceptance(min=0.5), ("Relevant", "Irrelevant")),
        ("hallucination", Acceptance(max=0.5), ("Not Hallucinated", "Hallucinated")),
        ("faithfulness", Acceptance(min=0.5), ("Faithful", "Not Faithful")),
        ("sentiment", None, None),
    ],
)
def test_metrics_are_the_table_of_in_process_evaluation(
    name: str, acceptance: Acceptance | None, words: tuple[str, str] | None
) -> None:
    metric = gallery.metrics()[name]
    assert metric.acceptance == acceptance
    assert (metric.labels and (metric.labels.pass_, metric.labels.fail)) == words
    assert isinstance(metric.answer, Score)
    assert (metric.answer.min, metric.answer.max) == (0.0, 1.0)
    assert ("context" in metric.needs) == (name in {"hallucination", "faithfulness"})
    assert len(gallery.metrics()) == 6


@pytest.mark.parametrize(
    ("name", "expected", "failing"),
    [
        (
            "toxicity",
            [
                "Not Toxic",
                "Discriminatory Content",
                "Harassment",
                "Hate",
                "Illicit",
                "Self Harm",
                "Sexual",
                "Violence",
                "Profanity",
                "User Dissatisfaction",
            ],
            9,
        ),
        (
            "prompt_injection",
            [
                "Not Prompt Injection",
                "Simple Instruction Attack",
                "Code Injection Attack",
                "Context Switching Attack",
                "Jailbreak Attack",
            ],
            4,
        ),
        ("topic_relevancy", ["ON_TOPIC", "OFF_TOPIC", "NEUTRAL"], 1),
        ("sentiment_analysis", ["Positive", "Neutral", "Negative"], 1),
        (
            "failure_answer",
            [
                "Answered",
                "Empty Code Response",
                "Empty Response",
                "No Content Response",
                "Redirection Response",
                "Refusal Response",
            ],
            2,
        ),
    ],
)
def test_category_templates_have_the_labels_of_the_contract(
    name: str, expected: list[str], failing: int
) -> None:
    template = gallery.templates()[name]
    assert labels(template) == expected
    assert template.acceptance is not None
    assert template.acceptance.pass_values is not None
    failed = [label for label in expected if label not in template.acceptance.pass_values]
    assert len(failed) == failing
    assert not {
        "Not Toxic",
        "Not Prompt Injection",
        "ON_TOPIC",
        "NEUTRAL",
        "Neutral",
        "Positive",
        "Answered",
    } & set(failed)


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("failure_answer_boolean", ("input",)),
        ("goal_completeness", ("messages", "output")),
        ("tool_selection_relevance", ("input", "tools", "tool_calls")),
        ("tool_argument_correctness", ("input", "tools", "tool_calls")),
    ],
)
def test_boolean_templates_pass_when_true(name: str, needs: tuple[str, ...]) -> None:
    template = gallery.templates()[name]
    assert isinstance(template.answer, Boolean)
    assert template.acceptance == Acceptance(pass_when=True)
    assert template.needs == needs
    assert len(gallery.templates()) == 9


def test_an_empty_output_reaches_the_failure_answer_templates() -> None:
    assert all(
        "output" not in gallery.templates()[name].needs
        for name in ("failure_answer", "failure_answer_boolean")
    )


@each
def test_every_rubric_states_its_policy_for_the_hard_cases(evaluator: Evaluator) -> None:
    rubric = evaluator.rubric or ""
    assert re.findall(r"^- ([^:]+): \S", rubric, re.MULTILINE) == CASES
    assert len(rubric.split()) <= 220


@each
def test_every_answer_is_described_in_one_line(evaluator: Evaluator) -> None:
    answer = evaluator.answer
    if isinstance(answer, Category):
        descriptions = [label.description for label in answer.labels]
    elif isinstance(answer, Score):
        descriptions = [anchor.description for anchor in answer.anchors]
        assert len(descriptions) == 5
    else:
        descriptions = [answer.when_true, answer.when_false]
    assert all(descriptions)
    assert all("\n" not in text and len(text) <= 110 for text in descriptions)
    assert len(set(descriptions)) == len(descriptions)
    assert evaluator.description


@each
def test_every_file_fits_its_own_rules_and_can_be_written_again(evaluator: Evaluator) -> None:
    check(evaluator)
    assert load_text(dump(evaluator)) == evaluator


def test_names_are_file_names_and_text_is_what_a_user_copies() -> None:
    for section, held in SECTIONS.items():
        for name, evaluator in held.items():
            assert evaluator.name == name
            assert load_text(gallery.text(section, name)) == evaluator
        folder = ROOT / "src/spanjudge/evaluators/gallery" / section
        assert {file.stem for file in folder.iterdir()} == set(held), "no file is left out of the lists"


def test_one_criterion_has_one_wording() -> None:
    scorers, metrics, templates = SECTIONS["scorers"], SECTIONS["metrics"], SECTIONS["templates"]
    assert scorers["hallucination"].rubric == metrics["hallucination"].rubric
    assert scorers["answer_relevance"].rubric == metrics["answer_relevancy"].rubric
    assert scorers["bias"].rubric == metrics["bias"].rubric
    assert scorers["toxicity"].rubric == metrics["toxicity"].rubric
    for template, metric in (("toxicity", "toxicity"), ("sentiment_analysis", "sentiment")):
        ours = (templates[template].rubric or "").splitlines()
        theirs = (metrics[metric].rubric or "").splitlines()
        differing = [line for line in ours if line not in theirs]
        assert len(differing) == 1
        assert differing[0].startswith("Judge the input and the output")


def test_versions_are_unique_and_the_same_in_another_process() -> None:
    versions = {place: evaluator.version for place, evaluator in ALL}
    assert len(set(versions.values())) == len(ALL) == 23
    program = (
        "from spanjudge.evaluators import gallery as g\n"
        "for s in ('scorers', 'metrics', 'templates'):\n"
        "    for n, e in getattr(g, s)().items(): print(f'{s}/{n}', e.version)\n"
    )
    told = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert dict(line.split() for line in told.stdout.splitlines()) == versions


def test_what_is_loaded_is_kept_and_the_dictionary_is_the_callers() -> None:
    mine = gallery.scorers()
    mine.clear()
    assert gallery.scorers()["bias"] is gallery.scorers()["bias"]


def test_the_wheel_carries_the_gallery(tmp_path: Path) -> None:
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"SPANJUDGE_UI": "skip"},
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"spanjudge/evaluators/gallery/{place}.yaml" for place, _ in ALL} <= names

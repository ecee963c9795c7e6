"""Files that OpenObserve imports, and templates that its client renders into bodies we take."""

import pytest

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import AnswerFormat, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.gallery import scorers
from spanjudge.remote_scorer.body import fields_of
from spanjudge.remote_scorer.export import healthy_threshold, openobserve_files, template
from tests.doors.openobserve_client import render

FILES = openobserve_files(scorers(), "https://judge.example/evaluate", "secret")


def test_every_scorer_has_both_files() -> None:
    assert set(FILES) == {
        name for scorer in scorers() for name in (f"score-configs/{scorer}.json", f"scorers/{scorer}.json")
    }


def test_a_numeric_score_config() -> None:
    config = FILES["score-configs/hallucination.json"]
    assert config["dataType"] == "numeric"
    assert config["numericRange"] == {"min": 0, "max": 1}
    assert config["healthyThreshold"]["direction"] == "lte"
    assert "categories" not in config


def test_a_categorical_score_config() -> None:
    config = FILES["score-configs/toxicity.json"]
    assert config["dataType"] == "categorical"
    assert config["categories"] == ["low", "medium", "high"]
    assert config["healthyThreshold"] == {"healthy_categories": ["low"]}


def test_a_boolean_score_config() -> None:
    config = FILES["score-configs/bias.json"]
    assert config["dataType"] == "boolean"
    assert config["healthyThreshold"] == {"healthy_value": False}


@pytest.mark.parametrize("name", scorers())
def test_a_scorer_file_has_the_shape_of_the_import(name: str) -> None:
    file = FILES[f"scorers/{name}.json"]
    assert file["name"] == name
    assert set(file["scorer"]) == {"type", "producesScoreConfigName", "template", "params"}
    assert file["scorer"]["producesScoreConfigName"] == FILES[f"score-configs/{name}.json"]["name"]
    assert file["scorer"]["params"] == {
        "endpoint": "https://judge.example/evaluate",
        "http_method": "POST",
        "auth": {"type": "bearer", "token": "secret"},
        "timeout_ms": 30_000,
        "max_retries": 3,
    }


@pytest.mark.parametrize("name", scorers())
def test_a_template_renders_into_what_was_meant(name: str) -> None:
    values = {"input": 'Say "hi"', "output": '{"a": "b"}\n"hi"'}
    body = render(FILES[f"scorers/{name}.json"]["scorer"]["template"], values)
    assert fields_of(body.encode()) == {"scorer_name": name, **values, "expected": "expected"}


def test_a_template_sends_what_the_evaluator_needs() -> None:
    evaluator = Evaluator(name='odd "name"', answer=Boolean(), needs=("context",), target="session")
    fields = fields_of(render(template(evaluator), {"context": "c", "steps": ["s"]}).encode())
    assert fields["scorer_name"] == 'odd "name"'
    assert (fields["context"], fields["steps"], fields["statistics"]) == ("c", '["s"]', "statistics")


@pytest.mark.parametrize(
    ("answer", "acceptance", "threshold"),
    [
        (Score(), None, None),
        (Score(), Acceptance(min=0.5), {"direction": "gte", "value": 0.5}),
        (Score(), Acceptance(max=0.25), {"direction": "lte", "value": 0.25}),
        (Score(), Acceptance(min=0.5, max=1), {"direction": "gte", "value": 0.5}),
        (Score(), Acceptance(min=0.2, max=0.8), None),
        (Score(), Acceptance(min=0.8, max=0.2), None),
        (Boolean(), Acceptance(pass_when=True), {"healthy_value": True}),
        (Category(labels=(Label("a"),)), Acceptance(pass_values=("a",)), {"healthy_categories": ["a"]}),
    ],
)
def test_acceptance_becomes_the_threshold(
    answer: AnswerFormat, acceptance: Acceptance | None, threshold: object
) -> None:
    assert healthy_threshold(Evaluator(name="e", answer=answer, acceptance=acceptance)) == threshold

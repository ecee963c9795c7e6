import json
from pathlib import Path
from typing import Any

import pytest

from spanjudge.errors import EvaluatorError
from spanjudge.judging import labelled
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest, Traits
from spanjudge.judging.models.scripted import ScriptedModel


def write(folder: Path, name: str, *rows: dict[str, Any]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8")
    return path


def row(label: str, output: Any = "Hello.", **more: Any) -> dict[str, Any]:
    return {"id": "1", "input": "", "context": "", "output": output, "label": label, "source": "s", **more}


def planned(
    folder: Path, name: str, *labels: str, wanted: str | None = None, output: Any = "x"
) -> labelled.Plan:
    path = write(folder, name, *(row(label, output) for label in labels))
    return labelled.plan(path, labelled.read_rows(path), wanted)


@pytest.mark.parametrize(
    ("labels", "evaluator"),
    [
        (("toxic", "not_toxic"), "scorers/toxicity"),
        (("positive", "negative"), "metrics/sentiment"),
        (("injection", "benign"), "templates/prompt_injection"),
        (("grounded", "hallucinated"), "metrics/faithfulness"),
        (("ok", "hallucinated"), "scorers/hallucination"),
        (("relevant", "irrelevant"), "scorers/answer_relevance"),
    ],
)
def test_the_evaluator_is_chosen_by_the_labels(
    tmp_path: Path, labels: tuple[str, str], evaluator: str
) -> None:
    chosen = planned(tmp_path, "rows.jsonl", *labels)
    assert chosen.evaluator == labelled.find_evaluator(evaluator)
    assert chosen.evaluator.name in chosen.words


def test_the_name_decides_where_the_labels_leave_a_doubt(tmp_path: Path) -> None:
    chosen = planned(tmp_path, "my_hallucination_rows.jsonl", "hallucinated")
    assert chosen.evaluator == labelled.find_evaluator("scorers/hallucination")


def test_an_evaluator_can_be_named(tmp_path: Path) -> None:
    chosen = planned(tmp_path, "rows.jsonl", "toxic", "not_toxic", wanted="metrics/toxicity")
    assert chosen.evaluator == labelled.find_evaluator("metrics/toxicity")
    own = planned(tmp_path, "rows.jsonl", "Positive", "Negative", wanted="sentiment_analysis")
    assert own.own_labels
    with pytest.raises(EvaluatorError, match="no evaluator “nope”"):
        planned(tmp_path, "rows.jsonl", "toxic", wanted="nope")


def test_rows_that_fit_nothing_say_so(tmp_path: Path) -> None:
    with pytest.raises(labelled.RowsError, match="no built-in evaluator goes with the labels x, y"):
        planned(tmp_path, "rows.jsonl", "x", "y")
    with pytest.raises(labelled.RowsError, match="the labels are x, and toxicity answers high, low, medium"):
        planned(tmp_path, "rows.jsonl", "x", wanted="scorers/toxicity")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "1"', ":1: not a labelled row"),
        ('{"id": "1", "output": "x", "label": "y"}\n[1]', ":2: not a labelled row"),
        ('{"id": "1", "output": "x"}', "“output” and “label”"),
        ('{"id": "1", "output": {"a": "x"}, "label": "a"}', "holds “a” and “b”, here a"),
        ("\n\n", "holds no rows"),
    ],
)
def test_a_bad_file_is_told_by_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(labelled.RowsError, match=r"rows\.jsonl") as caught:
        labelled.read_rows(path)
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(labelled.RowsError, match="cannot be read"):
        labelled.read_rows(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(labelled.RowsError, match="cannot be read"):
        labelled.read_rows(tmp_path / "latin.jsonl")


async def test_a_verdict_becomes_the_label_and_the_score_leans_to_the_positive_one(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", row("grounded", context="A fact."), row("hallucinated"))
    rows = labelled.read_rows(path)
    chosen = labelled.plan(path, rows)
    judge = Judge(ScriptedModel({"explanation": "Mostly.", "score": "0.75"}))
    found = await labelled.judge_row(judge, rows[0], chosen)
    assert (found.label, found.predicted, found.value) == ("grounded", "grounded", 0.75)
    assert found.score == -0.75  # faithful is the opposite of the positive label
    assert found.input_tokens > 0
    missing = await labelled.judge_row(judge, rows[1], chosen)
    assert (missing.predicted, missing.failure, missing.score) == (None, "missing_input", None)


async def test_a_score_where_low_is_good_leans_up_to_the_bad_label(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", row("toxic"), row("not_toxic"))
    rows = labelled.read_rows(path)
    chosen = labelled.plan(path, rows, "metrics/toxicity")
    judge = Judge(ScriptedModel({"explanation": "An insult.", "score": "0.75"}))
    found = await labelled.judge_row(judge, rows[0], chosen)
    assert (found.predicted, found.score) == ("toxic", 0.75)


async def test_sentiment_has_no_verdict_and_is_cut_in_the_middle(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", row("positive"), row("negative"))
    rows = labelled.read_rows(path)
    chosen = labelled.plan(path, rows)
    for score, label in (("0.75", "positive"), ("0.25", "negative")):
        judge = Judge(ScriptedModel({"explanation": "So.", "score": score}))
        found = await labelled.judge_row(judge, rows[0], chosen)
        assert (found.predicted, found.score) == (label, float(score))


async def test_of_two_outputs_the_higher_score_is_preferred_and_a_tie_agrees_with_nobody(
    tmp_path: Path,
) -> None:
    def helpful(request: JudgeRequest) -> dict[str, str]:
        return {"explanation": "So.", "score": "1" if "Rome" in request.subject else "0.25"}

    outputs = [{"a": "Rome.", "b": "No idea."}, {"a": "No idea.", "b": "Who knows?"}]
    path = write(tmp_path, "rows.jsonl", *(row("a", output, input="Which city?") for output in outputs))
    rows = labelled.read_rows(path)
    chosen = labelled.plan(path, rows)
    assert chosen.preference
    found = [await labelled.judge_row(Judge(ScriptedModel(helpful)), one, chosen) for one in rows]
    assert [(one.predicted, one.score) for one in found] == [("a", 0.75), (labelled.TIE, 0.0)]


async def test_a_failure_is_typed_and_never_a_label(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", row("toxic"))
    rows = labelled.read_rows(path)
    model = ScriptedModel(JudgeModelError("judge_rate_limited", "slow down", retryable=True))
    found = await labelled.judge_row(Judge(model), rows[0], labelled.plan(path, rows))
    assert (found.predicted, found.failure) == (None, "judge_rate_limited")


async def test_together_asks_others_in_the_same_call(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", row("toxic", input="Hi"))
    rows = labelled.read_rows(path)
    model = ScriptedModel(traits=Traits(batches=True))
    judge = Judge(model, batch=True)
    found = await labelled.judge_row(judge, rows[0], labelled.plan(path, rows), together=True)
    assert found.predicted is not None
    (request,) = model.requests
    assert set(request.schema["properties"]) == {"c1", "c2", "c3", "c4", "c5"}

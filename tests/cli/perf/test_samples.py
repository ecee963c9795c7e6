"""The labelled samples: what is shipped is whole, and what is wrong is named."""

import pytest
import yaml

from spanjudge.cli.perf.samples import SKIPPED, SamplesError, labels, load, read, spread
from spanjudge.in_process.metrics import KNOWN_METRICS

CATEGORIES = {
    "neutral",
    "biased",
    "toxic",
    "off_topic",
    "unfaithful",
    "faithful",
    "positive",
    "negative",
    "agent",
    "languages",
    "code",
    "injection",
    "empty",
    "long",
}


def one(**changes: object) -> str:
    sample = {"id": "a", "input": "Hello?", "output": "Hello.", "expected": {"bias": "Not Biased"}} | changes
    return yaml.safe_dump({"greetings": [sample]})


def test_there_are_enough_in_every_category() -> None:
    samples = load()
    assert len(samples) >= 30
    assert {sample.category for sample in samples} == CATEGORIES
    assert len({(sample.asked, sample.output) for sample in samples}) == len(samples)


def test_every_label_of_every_metric_is_expected_somewhere() -> None:
    assert set(labels()) == set(KNOWN_METRICS)
    expected = {pair for sample in load() for pair in sample.expected.items()}
    missing = {(metric, label) for metric, several in labels().items() for label in several} - expected
    assert not missing


def test_what_needs_a_context_has_one() -> None:
    for sample in load():
        told = [sample.expected.get(metric) for metric in ("hallucination", "faithfulness")]
        if any(label not in (None, SKIPPED) for label in told):
            assert sample.context or sample.steps, sample.id


def test_the_long_ones_are_long_and_the_empty_ones_empty() -> None:
    by_category = {sample.category: sample for sample in load()}
    assert len(by_category["long"].asked) > 5_000
    assert not by_category["empty"].output.strip()


def test_a_spread_takes_every_category_before_a_second_of_one() -> None:
    chosen = spread(load(), len(CATEGORIES))
    assert {sample.category for sample in chosen} == CATEGORIES


def test_a_spread_of_more_begins_again() -> None:
    samples = load()
    chosen = spread(samples, len(samples) + 2)
    assert {sample.id for sample in chosen[: len(samples)]} == {sample.id for sample in samples}
    assert [sample.id for sample in chosen[len(samples) :]] == [sample.id for sample in chosen[:2]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "cannot be read"),
        ("a: [{id: x}]", "required field"),
        (one(colour="red"), "unknown field"),
        (one(input=" "), "sample a: the input is empty"),
        (one(expected={}), "sample a: no label is expected"),
        (one(expected={"biass": "Biased"}), "sample a: no metric biass; there are"),
        (one(expected={"bias": "Toxic"}), "sample a: bias has no label 'Toxic'; it is Not Biased, Biased or"),
        (one(filler="x"), "sample a: filler and times go together"),
        (one(steps=[{"tool": "t", "arguments": {"a": 1}, "result": ""}]), "tool t is called and not among"),
        (
            yaml.safe_dump(
                {"a": yaml.safe_load(one())["greetings"], "b": yaml.safe_load(one())["greetings"]}
            ),
            "sample a: the id is taken",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, told: str) -> None:
    with pytest.raises(SamplesError, match=told):
        read(text)

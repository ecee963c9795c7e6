"""A mock judge that has read the samples: it gives the labels that are expected."""

import re
from typing import Any

from spanjudge.cli.perf.samples import Sample, load
from tests.mock_judge import Behaviour, Received

SCORES = {
    "Not Biased": 0, "Biased": 1, "Not Toxic": 0, "Toxic": 1, "Irrelevant": 0, "Relevant": 1,
    "Not Hallucinated": 0, "Hallucinated": 1, "Not Faithful": 0, "Faithful": 1,
    "Negative": 0, "Neutral": 0.5, "Positive": 1,
}  # fmt: skip


def sample_of(received: Received) -> Sample:
    """The sample that a request is about: the one whose answer stands in it."""
    said = " ".join(message["content"] for message in received.fields["messages"])
    return max(
        (sample for sample in load() if sample.output.strip() and sample.output.strip()[:60] in said),
        key=lambda sample: len(sample.output),
    )


def careful(received: Received) -> Behaviour:
    """Fill the answer's shape with the labels that the sample's author gives."""
    sample = sample_of(received)
    asked = re.findall(r"^(c\d+) (\w+):", received.fields["messages"][-1]["content"], re.MULTILINE)
    answer: dict[str, Any] = {
        key: {
            "explanation": f"As {sample.id} says.",
            "score": f"{SCORES.get(sample.expected.get(metric, ''), 0):g}",
        }
        for key, metric in asked
    }
    return Behaviour(answer=answer)

"""The labelled samples of `spanjudge perf`: read, checked, and spread over their categories."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain, zip_longest
from typing import Any

import msgspec
import yaml

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators import gallery

SKIPPED = "skipped"
"""Expected where a metric has nothing to judge a sample by."""

SENTIMENTS = ("Positive", "Neutral", "Negative")


class SamplesError(SpanjudgeError):
    """The samples cannot be used; the message names the sample and what is wrong with it."""


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool that the model could call."""

    name: str
    description: str
    parameters: dict[str, Any]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that the model made before it answered, and what came back."""

    tool: str
    arguments: dict[str, Any]
    result: str


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One invocation with the labels a careful reader gives it; see the head of `samples.yaml`."""

    id: str
    input: str
    output: str
    expected: dict[str, str]
    category: str = ""
    system: str = ""
    context: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    steps: tuple[Step, ...] = ()
    filler: str = ""
    times: int = 0

    @property
    def asked(self) -> str:
        """The whole user message."""
        return f"{self.filler * self.times}\n{self.input}" if self.filler else self.input


@cache
def load() -> tuple[Sample, ...]:
    """The shipped samples."""
    return read(files("spanjudge.cli.perf").joinpath("samples.yaml").read_text(encoding="utf-8"))


def read(text: str) -> tuple[Sample, ...]:
    """Samples from YAML, category by category. Raises `SamplesError`."""
    try:
        by_category = msgspec.convert(yaml.safe_load(text), dict[str, tuple[Sample, ...]])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise SamplesError(f"the samples cannot be read: {error}") from None
    samples = tuple(
        msgspec.structs.replace(sample, category=category)
        for category, group in by_category.items()
        for sample in group
    )
    _check(samples)
    return samples


def spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """So many samples, in turn from each category; when there are no more it begins again."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.category, []).append(sample)
    in_turn = [sample for sample in chain.from_iterable(zip_longest(*groups.values())) if sample is not None]
    return [in_turn[number % len(in_turn)] for number in range(count)]


@cache
def labels() -> Mapping[str, tuple[str, ...]]:
    """The labels each metric can give."""
    known = {
        name: (evaluator.labels.pass_, evaluator.labels.fail)
        for name, evaluator in gallery.metrics().items()
        if evaluator.labels is not None
    }
    return known | {"sentiment": SENTIMENTS}


def _check(samples: Sequence[Sample]) -> None:
    seen: set[str] = set()
    for sample in samples:
        if sample.id in seen:
            raise SamplesError(f"sample {sample.id}: the id is taken; give each sample its own")
        seen.add(sample.id)
        if not sample.input.strip():
            raise SamplesError(f"sample {sample.id}: the input is empty")
        if bool(sample.filler) != bool(sample.times):
            raise SamplesError(f"sample {sample.id}: filler and times go together")
        if not sample.expected:
            raise SamplesError(f"sample {sample.id}: no label is expected, so it tells nothing")
        for step in sample.steps:
            if step.tool not in [tool.name for tool in sample.tools]:
                raise SamplesError(f"sample {sample.id}: tool {step.tool} is called and not among its tools")
        for metric, label in sample.expected.items():
            _check_label(sample.id, metric, label)


def _check_label(sample: str, metric: str, label: str) -> None:
    known = labels()
    if metric not in known:
        raise SamplesError(f"sample {sample}: no metric {metric}; there are {', '.join(known)}")
    if label != SKIPPED and label not in known[metric]:
        raise SamplesError(
            f"sample {sample}: {metric} has no label {label!r}; it is {', '.join(known[metric])} or {SKIPPED}"
        )

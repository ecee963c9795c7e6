"""Evaluators texts that are right, written in every way the grammar leaves free."""

import msgspec
from hypothesis import strategies as st

from spanjudge.in_process.settings.spec import EVALUATORS, TYPES

METRICS = (
    "bias",
    "toxicity",
    "answer_relevancy",
    "hallucination",
    "faithfulness",
    "sentiment",
    "code_quality",
    "q",
)
SPACES = st.sampled_from(["", "", "", " ", "\n", "\t "])


class WrittenMetric(msgspec.Struct, frozen=True):
    """One metric and where it stands, its options included; `above` are the names it stands in."""

    path: str
    start: int
    end: int
    above: tuple[tuple[int, int], ...]

    def touched_by(self, position: int) -> bool:
        """Whether it, or a name it stands in, is not the same without this character."""
        return self.start - 1 <= position <= self.end or any(
            start <= position < end for start, end in self.above
        )


class Written(msgspec.Struct):
    """A text and what it says."""

    text: str = ""
    metrics: list[WrittenMetric] = []
    defaults: set[str] = set()


class _Pen:
    def __init__(self, draw: st.DrawFn, quoted: str) -> None:
        self.draw = draw
        self.quoted = quoted
        self.written = Written(metrics=[], defaults=set())

    def put(self, text: str) -> tuple[int, int]:
        """Write one word with any white space around it; its extent."""
        self.written.text += self.draw(SPACES)
        start = len(self.written.text)
        self.written.text += text
        end = len(self.written.text)
        self.written.text += self.draw(SPACES)
        return start, end

    def names(self, known: tuple[str, ...], least: int) -> list[str]:
        return self.draw(st.lists(st.sampled_from(known), min_size=least, max_size=3, unique=True))

    def spec(self) -> Written:
        for index, name in enumerate(self.names(EVALUATORS, 1)):
            if index:
                self.put(",")
            spelled = self.draw(st.sampled_from([name, name.upper(), name.title()]))
            extent = self.put(spelled)
            kinds = self.names(TYPES, 0)
            if not kinds:
                self.written.defaults.add(f"{name}.*")
                continue
            self.put("(")
            for place, kind in enumerate(kinds):
                if place:
                    self.put(",")
                self.kind(name, kind, extent)
            self.put(")")
        return self.written

    def kind(self, evaluator: str, name: str, above: tuple[int, int]) -> None:
        extent = self.put(name)
        metrics = self.names(METRICS, 0)
        if not metrics:
            self.written.defaults.add(f"{evaluator}.{name}.*")
            return
        self.put("(")
        for place, metric in enumerate(metrics):
            if place:
                self.put(",")
            self.metric(f"{evaluator}.{name}", metric, (above, extent))
        self.put(")")

    def metric(self, path: str, name: str, above: tuple[tuple[int, int], ...]) -> None:
        start, end = self.put(name)
        options: list[str] = []
        names = self.names(("threshold", "label", "n"), 0)
        if names:
            self.put("(")
            for place, option in enumerate(names):
                if place:
                    self.put(",")
                self.put(option)
                self.put("=")
                options.append(f"{option}={self.value()}")
            _, end = self.put(")")
        self.written.metrics.append(WrittenMetric(f"{path}.{name}{{{','.join(options)}}}", start, end, above))

    def value(self) -> str:
        mark = self.draw(st.sampled_from(["", "'", '"']))
        if not mark:
            value = self.draw(st.sampled_from(["0.7", "1", "high", "-3e-2"]))
        else:
            value = self.draw(st.text(self.quoted, max_size=6))
        self.put(f"{mark}{value}{mark}")
        return value


@st.composite
def written_specs(draw: st.DrawFn, *, quoted: str) -> Written:
    """Texts that are right. `quoted` are the characters of values in quotation marks."""
    return _Pen(draw, quoted).spec()

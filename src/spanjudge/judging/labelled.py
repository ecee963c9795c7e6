"""Rows with labels people gave: read from JSON lines, matched with an evaluator, judged, compared.

A row is `{"id", "input", "context", "output", "label"}` with `expected` where there is one; other keys are
ignored. For a preference `output` is `{"a": …, "b": …}` and the label the better one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from spanjudge.errors import EvaluatorError, SpanjudgeError
from spanjudge.evaluators import gallery
from spanjudge.evaluators.answer_format import Boolean, Category, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import load_file
from spanjudge.judging.agreement import Judged
from spanjudge.judging.judge import Judge
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document

TIE = "tie"
"""What is predicted where two outputs get the same score; it is no label, so it never agrees."""

_COMPANY = ("toxicity", "bias", "coherence", "helpfulness", "answer_relevance")
_MOST_TOGETHER = 5


class RowsError(SpanjudgeError):
    """A file of labelled rows cannot be used; the message begins with `FILE:LINE`."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled row."""

    id: str
    output: str | dict[str, str]
    label: str
    input: str = ""
    context: str = ""
    expected: str = ""

    def subject(self, output: str) -> Subject:
        """What the judge sees; an empty field is not there."""
        return Subject(
            input=self.input or None,
            output=output or None,
            context=(Document(content=self.context),) if self.context.strip() else (),
            expected=self.expected or None,
        )


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Two labels and the gallery evaluator that tells them apart: `passing` is given for a pass.

    `positive` is the label that scores lean to. For the sentiment metric, which has no verdict, `passing` is
    given above the middle of the scale.
    """

    evaluator: str
    passing: str
    failing: str
    positive: str


TASKS = (
    Task(evaluator="scorers/toxicity", passing="not_toxic", failing="toxic", positive="toxic"),
    Task(evaluator="metrics/sentiment", passing="positive", failing="negative", positive="positive"),
    Task(evaluator="templates/prompt_injection", passing="benign", failing="injection", positive="injection"),
    Task(
        evaluator="metrics/faithfulness", passing="grounded", failing="hallucinated", positive="hallucinated"
    ),
    Task(evaluator="scorers/hallucination", passing="ok", failing="hallucinated", positive="hallucinated"),
    Task(evaluator="scorers/answer_relevance", passing="relevant", failing="irrelevant", positive="relevant"),
    Task(evaluator="scorers/helpfulness", passing="a", failing="b", positive="a"),
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is judged: the evaluator, and how its value becomes a label."""

    evaluator: Evaluator
    positive: str
    passing: str
    failing: str
    preference: bool = False
    own_labels: bool = False

    @property
    def words(self) -> str:
        """What was chosen, in one sentence."""
        name = self.evaluator.name
        if self.preference:
            return f"{name} is asked about both outputs; the higher score is preferred"
        if self.own_labels:
            return f"{name}; its values are the labels"
        return f"{name}; pass means “{self.passing}”, fail means “{self.failing}”"

    def predicted(self, result: EvaluationResult) -> str:
        """The label a result stands for."""
        if self.own_labels:
            value = result.value
            return str(value).casefold() if isinstance(value, bool) else str(value)
        return self.passing if self._passes(result) else self.failing

    def leaning(self, result: EvaluationResult) -> float | None:
        """How much a result leans to the positive label; `None` where the judge gives no probabilities."""
        upward = self.positive == self.passing
        if isinstance(self.evaluator.answer, Score):
            low = self.evaluator.acceptance is not None and self.evaluator.acceptance.min is None
            number = float(result.value)
            return number if low is not upward else -number
        if result.confidence is None:
            return None
        leans = self.predicted(result) == self.positive
        return result.confidence if leans else 1.0 - result.confidence

    def _passes(self, result: EvaluationResult) -> bool:
        if result.verdict is not None:
            return result.verdict == "pass"
        answer = self.evaluator.answer
        if isinstance(answer, Score):
            return float(result.value) > (answer.min + answer.max) / 2
        return bool(result.value)


def read_rows(path: Path) -> list[Row]:
    """The rows of a JSON-lines file; raises `RowsError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read ({error})"
        raise RowsError(msg) from None
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=Row)
        except (msgspec.MsgspecError, UnicodeError) as error:
            msg = (
                f"{path}:{number}: not a labelled row ({error}); it needs “id”, “output” and “label” as texts"
            )
            raise RowsError(msg) from None
        if isinstance(row.output, dict) and set(row.output) != {"a", "b"}:
            msg = f"{path}:{number}: an “output” with choices holds “a” and “b”, here {', '.join(row.output)}"
            raise RowsError(msg)
        rows.append(row)
    if not rows:
        msg = f"{path}: holds no rows"
        raise RowsError(msg)
    return rows


def plan(path: Path, rows: Sequence[Row], wanted: str | None = None) -> Plan:
    """How to judge a file, by its labels (and its name where labels fit nothing), or by the evaluator named.

    Raises `RowsError` where nothing fits and `EvaluatorError` for an unknown evaluator.
    """
    labels = {row.label for row in rows}
    task = _task(path, labels)
    evaluator = find_evaluator(wanted) if wanted else find_evaluator(task.evaluator) if task else None
    if evaluator is None:
        msg = (
            f"{path}: no built-in evaluator goes with the labels {', '.join(sorted(labels))}; "
            "name one with --evaluator"
        )
        raise RowsError(msg)
    preference = any(isinstance(row.output, dict) for row in rows)
    if preference and not isinstance(evaluator.answer, Score):
        msg = f"{path}: two outputs are compared by a score, and {evaluator.name} gives none"
        raise RowsError(msg)
    own = _own_labels(evaluator)
    if labels <= own:
        positive = max(labels)
        return Plan(
            evaluator=evaluator,
            positive=positive,
            passing=positive,
            failing="",
            own_labels=True,
        )
    if task is None:
        given, answers = ", ".join(sorted(labels)), ", ".join(sorted(own)) or "a number"
        msg = f"{path}: the labels are {given}, and {evaluator.name} answers {answers}"
        raise RowsError(msg)
    return Plan(
        evaluator=evaluator,
        positive=task.positive,
        passing=task.passing,
        failing=task.failing,
        preference=preference,
    )


def find_evaluator(name: str) -> Evaluator:
    """By gallery name (`toxicity`, `metrics/toxicity`) or file; raises `EvaluatorError`."""
    if name.endswith((".yaml", ".yml")):
        return load_file(Path(name))
    sections: Mapping[str, Callable[[], dict[str, Evaluator]]] = {
        "scorers": gallery.scorers,
        "metrics": gallery.metrics,
        "templates": gallery.templates,
    }
    section, _, rest = name.rpartition("/")
    for place in [section] if section else list(sections):
        if place in sections and rest in (found := sections[place]()):
            return found[rest]
    known = ", ".join(f"{place}/{known}" for place, load in sections.items() for known in load())
    msg = f"no evaluator “{name}”; give a file ending in .yaml or one of {known}"
    raise EvaluatorError(msg)


async def judge_row(
    judge: Judge,
    row: Row,
    chosen: Plan,
    *,
    together: bool = False,
    timeout: float | None = None,  # noqa: ASYNC109  as `Judge.judge`
) -> Judged:
    """Judge one row. `together` asks other evaluators in the same call, as a busy server would."""
    started = time.monotonic()
    outputs = [row.output["a"], row.output["b"]] if isinstance(row.output, dict) else [row.output]
    outcomes: list[Outcome] = []
    for output in outputs:
        subject = row.subject(output)
        evaluators = [chosen.evaluator, *(_company(chosen.evaluator, subject) if together else ())]
        outcomes.append((await judge.judge(subject, evaluators, timeout=timeout))[0])
    failure = next((outcome for outcome in outcomes if isinstance(outcome, EvaluationFailure)), None)
    results = [outcome for outcome in outcomes if isinstance(outcome, EvaluationResult)]
    usages = [outcome.usage for outcome in outcomes if outcome.usage is not None]
    predicted, leaning = None, None
    if failure is None:
        predicted, leaning = _compared(results) if chosen.preference else _read(results[0], chosen)
    return Judged(
        id=row.id,
        label=row.label,
        predicted=predicted,
        score=leaning,
        failure=failure.code if failure else None,
        length=len(outputs[0]) - len(outputs[1]) if len(outputs) > 1 else len(outputs[0]) or len(row.input),
        input_tokens=sum(usage.input for usage in usages),
        output_tokens=sum(usage.output for usage in usages),
        seconds=time.monotonic() - started,
        value=results[0].value if results else None,
        explanation=results[0].explanation if results else None,
    )


def _read(result: EvaluationResult, chosen: Plan) -> tuple[str, float | None]:
    return chosen.predicted(result), chosen.leaning(result)


def _compared(results: Sequence[EvaluationResult]) -> tuple[str, float]:
    difference = float(results[0].value) - float(results[1].value)
    return ("a" if difference > 0 else "b" if difference < 0 else TIE), difference


def _task(path: Path, labels: set[str]) -> Task | None:
    fitting = [task for task in TASKS if labels <= {task.passing, task.failing}]
    if len(fitting) == 1:
        return fitting[0]
    stem = path.stem.casefold()
    words = {task: task.evaluator.rpartition("/")[2] for task in TASKS}
    named = [task for task in fitting or TASKS if words[task] in stem or stem in words[task]]
    return named[0] if named and labels <= {named[0].passing, named[0].failing} else None


def _own_labels(evaluator: Evaluator) -> set[str]:
    match evaluator.answer:
        case Category(labels=labels):
            return {label.name for label in labels}
        case Boolean():
            return {"true", "false"}
        case _:
            return set()


def _company(evaluator: Evaluator, subject: Subject) -> list[Evaluator]:
    """Scorers that would be asked about the same subject, up to five with the one that counts."""
    others = [gallery.scorers()[name] for name in _COMPANY]
    return [
        other
        for other in others
        if other.name != evaluator.name and all(subject.has(need) for need in other.needs)
    ][: _MOST_TOGETHER - 1]

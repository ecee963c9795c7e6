"""Results as lines for people: for the first hour, before there is a backend."""

import os
import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TextIO

from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.pipeline.ports import ExportError
from spanjudge.telemetry.evaluated import Evaluated

LONGEST_EXPLANATION = 160

_GREEN, _RED, _YELLOW, _DIM, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


class ConsoleExporter:
    """One line per result.

    Verdict, evaluator, value, service, cost, the id of what was judged, and the explanation, cut. A failure
    says `ERROR` and its code.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        name: str = "console",
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`stream` is standard output by default. Colour only on a terminal, and not with `NO_COLOR`."""
        self.name = name
        self._stream = stream
        self._environ = environ

    async def export(self, batch: Sequence[Evaluated]) -> None:
        """Write a batch. Raises `ExportError` when nobody reads any more."""
        stream: TextIO = sys.stdout if self._stream is None else self._stream
        try:
            colour = stream.isatty() and not self._environ.get("NO_COLOR")
            stream.write("".join(f"{line(evaluated, colour=colour)}\n" for evaluated in batch))
            stream.flush()
        except (OSError, ValueError) as error:
            raise ExportError(
                f"{self.name}: standard output cannot be written ({type(error).__name__}); "
                "take the console out of the destinations",
                retryable=False,
            ) from None

    async def aclose(self) -> None:
        """Nothing to close: the stream is the process's."""


def line(evaluated: Evaluated, *, colour: bool = False) -> str:
    """One result as a line of printable text, whatever the judge wrote."""
    outcome = evaluated.outcome
    if isinstance(outcome, EvaluationFailure):
        word, tint, value = "ERROR", _YELLOW, outcome.code
        text = outcome.message
    else:
        word, tint = _WORDS[outcome.verdict]
        value, text = _value(outcome), outcome.explanation or ""
    clock = time.strftime("%H:%M:%S", time.localtime(evaluated.time_ns / 1e9))
    facts = [evaluated.service, _judged(evaluated)]
    if outcome.cost_usd is not None:
        facts.append(f"${outcome.cost_usd:.6f}")
    if evaluated.generation:
        facts.append(f"judged again, {evaluated.generation}×")
    before, after, dim = (tint, _PLAIN, _DIM) if colour else ("", "", "")
    return " ".join(
        part
        for part in (
            f"{dim}{clock}{after}",
            f"{before}{word:<5}{after}",
            f"{printable(outcome.evaluator):<24}",
            f"{printable(value):<16}",
            f"{dim}{printable('  '.join(fact for fact in facts if fact))}{after}",
            cut(printable(text)),
        )
        if part
    ).rstrip()


_WORDS = {"pass": ("PASS", _GREEN), "fail": ("FAIL", _RED), None: ("-", "")}


def _value(outcome: EvaluationResult) -> str:
    """The label, with the number where a score has both."""
    number = outcome.value
    if isinstance(number, bool):
        return outcome.score_label or str(number).lower()
    if isinstance(number, str):
        return number
    return f"{number:g} {outcome.score_label}" if outcome.score_label else f"{number:g}"


def _judged(evaluated: Evaluated) -> str:
    target = evaluated.target
    if target.kind == "session":
        return f"session {target.session_id}"
    if target.kind == "trace":
        return f"trace {target.trace_id}"
    return f"span {target.span_id}"


def printable(text: str) -> str:
    """Text without what moves a terminal's cursor, hides or reorders: in one line."""
    return "".join(
        character
        if not unicodedata.category(character).startswith("C")
        else " "
        if character.isspace()
        else ""
        for character in " ".join(text.split())
    )


def cut(text: str) -> str:
    """At most `LONGEST_EXPLANATION` characters."""
    return text if len(text) <= LONGEST_EXPLANATION else f"{text[: LONGEST_EXPLANATION - 1]}…"

import io

import pytest

from spanjudge.exporters.console import LONGEST_EXPLANATION, ConsoleExporter, line
from spanjudge.pipeline.ports import ExportError
from spanjudge.telemetry.evaluated import Target
from tests.exporters.outcomes import SPAN, boolean, category, evaluated, failure, many, score


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def words(text: str) -> str:
    """A line without its clock, which is local time, and with single spaces."""
    return " ".join(text.split()[1:])


def test_a_line_says_what_matters() -> None:
    assert words(line(evaluated(category()))) == (
        f"PASS topic ON_TOPIC travel-desk span {SPAN.span_id} $0.000123 The message asks for a flight."
    )
    assert words(line(evaluated(boolean(value=False, verdict="fail", cost_usd=None)))) == (
        f"FAIL answered false travel-desk span {SPAN.span_id} The message asks for a flight."
    )
    assert words(line(evaluated(score(0.25, verdict=None, cost_usd=None), service=""))) == (
        f"- relevancy 0.25 Relevant span {SPAN.span_id} The message asks for a flight."
    )


def test_a_failure_is_seen() -> None:
    assert words(line(evaluated(failure()))) == (
        f"ERROR topic judge_timeout travel-desk span {SPAN.span_id} the judge did not answer in time"
    )


def test_other_targets_and_second_looks() -> None:
    session = Target(kind="session", session_id="talk-1")
    assert "session talk-1" in line(evaluated(category(), target=session))
    trace = Target(kind="trace", trace_id=SPAN.trace_id)
    assert f"trace {SPAN.trace_id}" in line(evaluated(category(), target=trace))
    assert "judged again, 2×" in line(evaluated(category(), generation=2))


def test_what_a_judge_writes_cannot_move_the_cursor() -> None:
    nasty = "first\nsecond\x1b[2J\x1b]0;title\x07\u202ehidden\u200b \x9b31m" + "x" * 500
    shown = line(evaluated(category(explanation=nasty, value="A\x1b[1m", evaluator="a\rb")))
    assert shown.isprintable()
    assert "first second[2J" in shown
    assert shown.endswith("…")
    assert len(shown) < LONGEST_EXPLANATION + 150


async def test_colour_only_on_a_terminal() -> None:
    plain, terminal, no_colour = io.StringIO(), Terminal(), Terminal()
    await ConsoleExporter(plain, environ={}).export(many(1))
    await ConsoleExporter(terminal, environ={}).export(many(1))
    await ConsoleExporter(no_colour, environ={"NO_COLOR": "1"}).export(many(1))
    assert "\x1b" not in plain.getvalue() + no_colour.getvalue()
    assert "\x1b[32mPASS" in terminal.getvalue()


async def test_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    await ConsoleExporter().export(many(2))
    assert len(capsys.readouterr().out.splitlines()) == 2


async def test_nobody_reads_any_more() -> None:
    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    with pytest.raises(ExportError, match="take the console out of the destinations") as caught:
        await ConsoleExporter(Gone()).export(many(1))
    assert not caught.value.retryable

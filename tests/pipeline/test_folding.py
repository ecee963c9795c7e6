"""Long traces are folded where it shows: start, end and errors stay, and the line counts what is gone."""

import re

from hypothesis import given
from hypothesis import strategies as st

from spanjudge.pipeline.folding import FOLDED, Step, fold, with_gap
from spanjudge.spans.messages import message_text, transcript
from spanjudge.spans.span import Message, TextPart, ToolCall, ToolCallPart, ToolResultPart

LINE = re.compile(r"\[… ([\d,]+) steps? folded: (.*) …\]")


def step(
    text: str, word: str = "chat", *, role: str = "assistant", stays: bool = False, at_ns: int = 0
) -> Step:
    return Step(Message(role=role, parts=(TextPart(text),)), word, at_ns, stays)


def texts(messages: tuple[Message, ...]) -> list[str]:
    return [message_text(message) for message in messages]


def test_a_short_one_is_left_alone() -> None:
    steps = [step("one"), step("two")]
    assert fold(steps, 1_000) == (tuple(one.message for one in steps), False)


def test_the_middle_is_folded_and_counted() -> None:
    tools = [
        Step(Message(role="tool", parts=(ToolResultPart("x" * 50),)), "execute_tool get_weather")
        for _ in range(20)
    ]
    steps = [
        step("first"),
        *[step("y" * 50) for _ in range(12)],
        *tools,
        step("z" * 20, "retrieval"),
        step("last"),
    ]
    messages, folded = fold(steps, 600)
    assert folded
    said = texts(messages)
    assert said[0] == "first"
    assert said[-1] == "last"
    (line,) = [message for message in messages if message.role == FOLDED]
    told = message_text(line)
    assert re.fullmatch(r"\[… \d+ steps folded: (\d+) execute_tool get_weather, (\d+) chat …\]", told), told
    assert sum(map(int, re.findall(r"(\d+) (?:execute|chat)", told))) == len(steps) - len(messages) + 1


def test_errors_stay() -> None:
    steps = [step("x" * 100) for _ in range(100)]
    steps[50] = step("it broke", stays=True)
    messages, _ = fold(steps, 2_000)
    said = texts(messages)
    place = said.index("it broke")
    assert LINE.fullmatch(said[place - 1])
    assert LINE.fullmatch(said[place + 1])


def test_thousands_of_errors_do_not_take_everything() -> None:
    messages, _ = fold([step("x" * 100, stays=True) for _ in range(5_000)], 2_000)
    assert len(transcript(messages)) < 3_000


def test_a_huge_step_is_cut_and_not_folded_away() -> None:
    huge = Step(
        Message(
            role="assistant",
            parts=(TextPart("a" * 90_000), ToolCallPart(ToolCall(name="t", arguments="b" * 90_000))),
        ),
        "chat",
    )
    messages, folded = fold([step("q", role="user"), huge], 10_000)
    assert folded
    assert "characters left out here" in message_text(messages[1])
    assert len(transcript(messages)) < 10_000


def test_a_single_step_is_told_in_the_singular() -> None:
    messages, _ = fold([step("a" * 80) for _ in range(6)], 600)
    assert "[… 1 step folded: 1 chat …]" in texts(messages)


def test_where_spans_were_not_read_a_line_stands_and_stays() -> None:
    steps = [step("x" * 100, at_ns=number) for number in range(100)]
    with_line = with_gap(steps, 49, 7_000, "trace")
    assert message_text(with_line[50].message) == "[… 7,000 more spans of this trace were not read …]"
    messages, _ = fold(with_line, 2_000)
    assert "[… 7,000 more spans of this trace were not read …]" in texts(messages)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 400), st.sampled_from(["chat", "retrieval", "execute_tool a"]), st.booleans()
        ),
        min_size=1,
        max_size=60,
    ),
    st.integers(400, 4_000),
)
def test_nothing_disappears_silently(rows: list[tuple[int, str, bool]], most: int) -> None:
    steps = [step("x" * length, word, stays=stays) for length, word, stays in rows]
    messages, folded = fold(steps, most)
    counted = sum(
        int(found[1].replace(",", "")) for text in texts(messages) if (found := LINE.fullmatch(text))
    )
    shown = sum(message.role != FOLDED for message in messages)
    assert shown + counted == len(steps)
    assert folded == (
        sum(len(message_text(one.message)) for one in steps) > sum(map(len, texts(messages))) or counted > 0
    )

from spanjudge.evaluators.prompt import parse
from spanjudge.judging import material
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import (
    Document,
    MediaPart,
    Message,
    TextPart,
    ToolCall,
    ToolDefinition,
)

KEY = b"k" * 32


def said(role: str, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text),))


FULL = Subject(
    input="And tomorrow?",
    output="Rain.",
    messages=(
        said("system", "Be brief."),
        said("user", "Weather?"),
        said("assistant", "Sunny."),
        Message(role="user", parts=(TextPart("And tomorrow?"), MediaPart("image/png"))),
    ),
    system_prompt="Be brief.",
    context=(Document(content="Rain is expected.", id="d1"), Document(content="Wind too.")),
    expected="Rain",
    tools=(
        ToolDefinition(name="w", description="weather", parameters={"type": "object"}),
        ToolDefinition(name="n"),
    ),
    tool_calls=(ToolCall(name="w", arguments={"day": 1}), ToolCall(name="n")),
    model="m1",
    attributes={"app.tenant": "acme", "app.data": {"a": [1]}},
)


def test_every_field_once_and_in_a_fixed_order() -> None:
    assert material.texts(FULL) == {
        "system_prompt": "Be brief.",
        "tools": 'w: weather\nparameters: {"type": "object"}\n\nn',
        "messages": (
            "user:\nWeather?\n\nassistant:\nSunny.\n\n"
            "user:\n[this is the input, given in its own fence]\n[image/png]"
        ),
        "context": "[1] d1\nRain is expected.\n\n[2]\nWind too.",
        "input": "And tomorrow?",
        "tool_calls": '[tool call] w {"day": 1}\n[tool call] n',
        "output": "Rain.",
        "expected": "Rain",
    }


def test_messages_that_only_repeat_are_not_shown() -> None:
    subject = Subject(
        input="Hi", output="Ho", system_prompt="S", messages=(said("system", "S"), said("user", "Hi"))
    )
    assert list(material.texts(subject)) == ["system_prompt", "input", "output"]


def test_a_single_document_stands_alone() -> None:
    assert material.texts(Subject(context=(Document(content="Fact."),)))["context"] == "Fact."


def test_an_empty_output_is_said_to_be_empty_and_other_blanks_are_not_there() -> None:
    assert material.prepare(Subject(input=" ", output=" \n"), KEY, 100).text == "The output is empty."
    assert material.prepare(Subject(input="a", output=None), KEY, 100).text.startswith("<<<input ")


def test_what_was_cut_is_named() -> None:
    prepared = material.prepare(Subject(input="short", output="o" * 5000), KEY, 1000)
    assert prepared.truncated == ("output",)
    assert "characters left out here" in prepared.text


def test_media_is_left_out_before_anything_is_cut() -> None:
    picture = "data:image/png;base64," + "iVBORw0K" * 1000
    prepared = material.prepare(Subject(output=f"Look: {picture} nice."), KEY, 1000)
    assert prepared.truncated == ()
    assert "Look: [image/png, about 5 KB, not shown] nice." in prepared.text


def test_variables_of_full_prompts_are_fenced() -> None:
    prepared = material.prepare(FULL, KEY, 1000)
    template = parse(
        "{{span.input}}{{span.messages}}{{span.context}}{{span.tools}}{{span.tool_calls}}{{span.model}}"
        '{{span.attributes["app.data"]}}{{tenant}}{{span.provider}}{{span.attributes["none"]}}',
        variables={"tenant": "app.tenant"},
    )
    shown = {v.name: material.variable(FULL, v, prepared) for v in template.variables}
    assert shown["span.input"] == (
        f"<<<span.input {prepared.tag}>>>\nAnd tomorrow?\n<<<end span.input {prepared.tag}>>>",
        False,
    )
    assert "system:\nBe brief.\n\nuser:\nWeather?" in shown["span.messages"][0]
    assert "[1] d1\nRain is expected." in shown["span.context"][0]
    assert "w: weather" in shown["span.tools"][0]
    assert '[tool call] w {"day": 1}' in shown["span.tool_calls"][0]
    assert "\nm1\n" in shown["span.model"][0]
    assert '\n{"a": [1]}\n' in shown['span.attributes["app.data"]'][0]
    assert "<<<tenant " in shown["tenant"][0]
    assert "\nacme\n" in shown["tenant"][0]
    assert shown["span.provider"] == ("(not given)", False)
    assert shown['span.attributes["none"]'] == ("(not given)", False)


def test_long_variables_are_cut_and_say_so() -> None:
    subject = Subject(output="o" * 5000)
    prepared = material.prepare(subject, KEY, 500)
    (variable,) = parse("{{span.output}}").variables
    text, was_cut = material.variable(subject, variable, prepared)
    assert was_cut
    assert len(text) < 700


def test_words_of_traces_and_sessions_show_the_messages() -> None:
    prepared = material.prepare(FULL, KEY, 1000)
    (spans,) = parse("{{trace.spans}}", target="trace").variables
    (turns,) = parse("{{session.turns}}", target="session").variables
    assert "Weather?" in material.variable(FULL, spans, prepared)[0]
    assert "Weather?" in material.variable(FULL, turns, prepared)[0]

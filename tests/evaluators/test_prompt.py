"""Templates of full-prompt style."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.prompt import FIELDS, Target, Variable, parse, read, render


def name(variable: Variable) -> str:
    return f"<{variable.source}:{variable.key}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In: {{span.input}}.", "In: <span:input>."),
        ("{{ span . output }}{{span.output}}", "<span:output><span:output>"),
        ("{{\n  span.messages\n}}", "<span:messages>"),
        ('{{span.attributes["my.key"]}}', "<attribute:my.key>"),
        ("{{ span.attributes[ 'it is/odd key' ] }}", "<attribute:it is/odd key>"),
        ("{{tenant}} {{ tenant }}", "<attribute:app.tenant.id> <attribute:app.tenant.id>"),
        ('{"a": {"b": 1}} and { braces }', '{"a": {"b": 1}} and { braces }'),
        ("", ""),
    ],
)
def test_variables_are_found_wherever_they_stand(text: str, expected: str) -> None:
    assert render(parse(text, variables={"tenant": "app.tenant.id"}), name) == expected


@pytest.mark.parametrize(
    ("target", "field"), [(target, field) for target in FIELDS for field in FIELDS[target]]
)
def test_every_field_of_every_target_is_known(target: Target, field: str) -> None:
    assert parse(f"{{{{{target}.{field}}}}}", target=target).variables == (
        Variable(f"{target}.{field}", target, field),
    )


def test_each_variable_is_listed_once() -> None:
    template = parse("{{span.input}} {{span.output}} {{ span.input }}")
    assert [variable.name for variable in template.variables] == ["span.input", "span.output"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\nb {{span.ouput}}", "line 2, column 3: {{span.ouput}} is not known; did you mean “span.output”?"),
        ("{{tenat}}", "line 1, column 1: {{tenat}} is not known; did you mean “tenant”?"),
        ("{{input}}", "{{input}} is not known; did you mean “span.input”?"),
        ("{{}}", "{{}} names nothing; write a variable like {{span.input}}"),
        (
            "{{span.attributes.key}}",
            'names no attribute; write {{span.attributes["my.key"]}} with the exact key',
        ),
        ('{{span.attributes[""]}}', "names no attribute"),
        ('x {{"a": 1}}', "is no variable; for braces as plain text put a space between them: { {"),
        ("{{span.input", "line 1, column 1: “{{” is never closed; add “}}”"),
        ("{{{span.input}}}", "{{{span.input}} is no variable"),
        ("{{session.turns}}", "is not there when the target is span"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(EvaluatorError) as caught:
        parse(text, variables={"tenant": "app.tenant.id"})
    assert told in str(caught.value)


def test_all_faults_of_a_template_are_found() -> None:
    _, faults = read("{{a}}\n{{span.input}} {{b}}\n{{")
    assert [(fault.line, fault.column) for fault in faults] == [(1, 1), (2, 16), (3, 1)]


@settings(deadline=None)
@given(value=st.text())
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    template = parse("[{{span.input}}|{{span.output}}]")
    hostile = value + "{{span.output}}"
    assert (
        render(template, lambda variable: hostile if variable.key == "input" else "out") == f"[{hostile}|out]"
    )


@settings(deadline=None)
@given(text=st.text(alphabet="{}span.input \n[]\"'x", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    template, faults = read(text)
    if not faults:
        rendered = render(template, lambda _: "")
        assert "{{" not in rendered or "{{" in text


@pytest.mark.parametrize("text", ["{{" * 120_000, "{{a}}" * 50_000, "{{span.input}}" + "{{" * 120_000])
def test_a_template_made_to_take_long_is_told_at_once(text: str) -> None:
    # Each opening brace searched for its end, or each fault told, would take minutes.
    _, faults = read(text)
    assert 1 <= len(faults) <= 100

"""Bodies rendered by the client in the field come back as what was meant."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spanjudge.remote_scorer.body import fields_of
from tests.doors.openobserve_client import render

TEMPLATE = (
    '{"scorer_name": "toxicity", "input": "{{ input }}", '
    '"output": "{{ output }}", "expected": "{{ expected }}"}'
)
SPACED = """{
  "scorer_name" : "toxicity",
  "metadata": {"trace_id": "{{ trace_id }}", "tags": ["{{ tag }}"]},
  "input": "{{ input }}",
  "output": "{{ output }}"
}"""
MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": 'He said "hi"'}]}])

# What people and models write, weighted towards what breaks: quotation marks, backslashes, JSON.
texts = st.lists(
    st.sampled_from(['"', '""', "\\", '\\"', "\n", "}", "]", ",", ":", " ", "a", "é", "hi", MESSAGES])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    max_size=8,
).map("".join)


def fields(template: str, **variables: str) -> dict[str, object]:
    return fields_of(render(template, variables).encode())


@pytest.mark.parametrize("name", ["input", "output", "expected"])
@pytest.mark.parametrize("value", ['He said "hi"', '"', '""', 'a\\"', '"quoted"', 'two\n"lines"', 'x "},'])
def test_a_value_that_ends_in_a_quotation_mark_is_repaired(name: str, value: str) -> None:
    values = {"input": "in", "output": "out", "expected": "exp"} | {name: value}
    assert fields(TEMPLATE, **values) == {"scorer_name": "toxicity", **values}


def test_such_a_body_is_not_json_without_the_repair() -> None:
    body = render(TEMPLATE, {"input": 'He said "hi"', "output": "o", "expected": "e"})
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_what_follows_such_a_value_arrives_unescaped_and_is_escaped_again() -> None:
    values = {"input": 'He said "hi"', "output": 'She said:\n"bye" and \\ left', "expected": MESSAGES}
    assert fields(TEMPLATE, **values) == {"scorer_name": "toxicity", **values}


def test_all_values_may_end_that_way() -> None:
    values = {"input": 'a "b"', "output": 'c "d"', "expected": 'e "f"'}
    assert fields(TEMPLATE, **values) == {"scorer_name": "toxicity", **values}


def test_nested_values_and_other_spacing_are_repaired_too() -> None:
    body = fields(SPACED, trace_id='t"', tag='"x"', input='in "', output="out")
    assert body == {
        "scorer_name": "toxicity",
        "metadata": {"trace_id": 't"', "tags": ['"x"']},
        "input": 'in "',
        "output": "out",
    }


@given(texts, texts)
@example(value='"', other='"')
@example(value='"', other='":')
@example(value='a"', other="\\")
@example(value=MESSAGES + '"', other=MESSAGES)
def test_whatever_the_values_they_arrive_as_they_were(value: str, other: str) -> None:
    template = '{"scorer_name": "toxicity", "input": "{{ input }}", "output": "{{ output }}"}'
    assert fields(template, input=value, output=other) == {
        "scorer_name": "toxicity",
        "input": value,
        "output": other,
    }


@given(texts)
def test_a_last_value_arrives_as_it_was(value: str) -> None:
    assert fields('{"output": "{{ output }}"}', output=value) == {"output": value}

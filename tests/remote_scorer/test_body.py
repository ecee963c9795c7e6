"""From bytes to fields: everything a client can get wrong is told apart."""

import json
from typing import Any

import pytest

from spanjudge.remote_scorer.body import TEMPLATE, fields_of
from spanjudge.remote_scorer.problem import Problem
from tests.doors.openobserve_client import render


def refused(body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        fields_of(body)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize(
    ("body", "word", "told"),
    [
        (b"", "INVALID_JSON", "empty"),
        (b" \n\t", "INVALID_JSON", "empty"),
        (b"\xef\xbb\xbf", "INVALID_JSON", "empty"),
        (b"[]", "INVALID_JSON", "an array"),
        (b'"text"', "INVALID_JSON", "text"),
        (b"null", "INVALID_JSON", "null"),
        (b"true", "INVALID_JSON", "true or false"),
        (b"12", "INVALID_JSON", "a number"),
        (b'{"input": "cut', "INVALID_JSON", "truncated"),
        (b'{"input": "a"} trailing', "INVALID_JSON", "trailing"),
        (b"{'input': 'a'}", "INVALID_JSON", "malformed"),
        (b'{"input": "\xff"}', "INVALID_JSON", "byte 11"),
        (b'{"input": "\xed\xa0\x80"}', "INVALID_JSON", "not UTF-8"),
        ("{}".encode("utf-16"), "INVALID_JSON", "not UTF-8"),
        (b'{"input": NaN}', "INVALID_JSON", "NaN"),
        (b'{"input": [1, -Infinity]}', "INVALID_JSON", "-Infinity"),
        (b"[" * 10_000 + b"]" * 10_000, "INVALID_JSON", "nested too deeply"),
        (b'{"input":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "INVALID_JSON", "nested too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "INVALID_JSON", "nested too deeply"),
        (b'{"input":"a","input":"b"}', "INVALID_JSON", "“input” stands twice"),
        (b'{"input":"a","\\u0069nput":"b"}', "INVALID_JSON", "“input” stands twice"),
        (b"Evaluate What is 2+2? and 4.", "INVALID_TEMPLATE", "default text template"),
        (b'{"input": What is 2+2?, "output": "4"}', "INVALID_TEMPLATE", "“input” stands without"),
        (b'{"input": {{ input }}}', "INVALID_TEMPLATE", "quotation marks"),
        (b"{{ input }}", "INVALID_TEMPLATE", "not filled in"),
        (b"\x00\x01\x02", "INVALID_JSON", "malformed"),
        # What would take hours if some pattern looked at the text again for each of its pieces.
        (b"Evaluate " + b"and " * 500_000, "INVALID_JSON", "malformed"),
        (b"Evaluate " + b"and . " * 500_000 + b"x", "INVALID_JSON", "malformed"),
        (b"{{" * 500_000, "INVALID_JSON", "object keys"),
        (b'{"a":' + b'"\\"}}' * 300_000, "INVALID_JSON", ""),
        (b'{"a":"' + b'\\",' * 500_000, "INVALID_JSON", ""),
        (b'{"a":' + b" " * 1_000_000 + b"," * 1_000_000, "INVALID_JSON", ""),
        (b'{"input":"' + b'\\","output":"' * 200_000, "INVALID_JSON", ""),
    ],
)
def test_what_is_wrong_is_named(body: bytes, word: str, told: str) -> None:
    problem = refused(body)
    assert problem.word == word
    assert told in problem.reason


def test_the_default_template_is_answered_with_the_right_one() -> None:
    body = render("Evaluate {{ input }} and {{ output }}.", {"input": "two\nlines", "output": "{}"})
    assert TEMPLATE in refused(body.encode()).reason


def test_the_template_we_show_works() -> None:
    body = render(TEMPLATE, {"input": "in", "output": "out"})
    assert fields_of(body.encode())["input"] == "in"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{}", {}),
        (b'\xef\xbb\xbf{"input":"a"}', {"input": "a"}),
        (b'{"input":"\\ud83d\\ude00"}', {"input": "😀"}),
        (b'{"input":"a\\ud83d"}', {"input": "a\ufffd"}),
        (b'{"input":"\\ude00\\ud83d b"}', {"input": "\ufffd\ufffd b"}),
        (b'{"input":"\\\\ud83d"}', {"input": "\\ud83d"}),
        (b'{"expected":"expected"}', {"expected": "expected"}),
        (b'{"input":{"a":1,"a":2}}', {"input": {"a": 2}}),
        (b'{"input":"\\u0041"}', {"input": "A"}),
    ],
)
def test_what_can_be_read_is_read(body: bytes, fields: dict[str, Any]) -> None:
    assert fields_of(body) == fields


def test_a_megabyte_is_read() -> None:
    text = "word " * 200_000
    assert fields_of(json.dumps({"input": text}).encode())["input"] == text


def test_no_content_is_in_a_reason() -> None:
    problem = refused(b'{"input": "my secret is 42", "output": oops}')
    assert "42" not in problem.reason + problem.detail

"""Python's `repr`, read back as far as instrumentations write it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.spans.python_repr import read_repr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "{'city': 'Paris', 'days': 3, 'wet': False, 'x': None}",
            {"city": "Paris", "days": 3, "wet": False, "x": None},
        ),
        ("['a', (1, -2.5e3), {'b'}]", ["a", [1, -2500.0], ["b"]]),
        (
            "A(b='c', d=E(1, f='g'))",
            {"__class__": "A", "b": "c", "d": {"__class__": "E", "args": [1], "f": "g"}},
        ),
        ("m.Message(role=<Role.USER: 'user'>)", {"__class__": "Message", "role": "user"}),
        ("[<Document at 0x7f>]", ["<Document at 0x7f>"]),
        ("content='Sunny' name=None", {"__class__": "", "content": "Sunny", "name": None}),
        (r"['it\'s', '\n\t\\', '\xe9\u20ac\U0001f600']", ["it's", "\n\t\\", "é€😀"]),
        ("f('a' 'b')", {"__class__": "f", "args": ["ab"]}),
        ("{1: 'a', (1, 2): 'b'}", {"1": "a", "[1, 2]": "b"}),
    ],
)
def test_literals_calls_members_and_bare_fields(text: str, value: Any) -> None:
    assert read_repr(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello there",
        "Hello (there)",
        "{'a': 'cut o",
        "[1, 2",
        "A(b=",
        "f(x y)",
        "(" * 500,
        "[" * 500 + "]" * 500,
        "'just a text'",
        "<b>bold</b>",
    ],
)
def test_what_is_no_repr_or_is_cut_off_is_nothing(text: str) -> None:
    assert read_repr(text) is None


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(LITERALS) | st.dictionaries(st.text(), LITERALS))
def test_every_literal_comes_back(value: Any) -> None:
    assert read_repr(repr(value)) == value


@given(st.text(alphabet="[](){}<>'\"\\:=,. \nab0-nNx", max_size=40))
def test_rubbish_is_never_an_error(text: str) -> None:
    read_repr(text)

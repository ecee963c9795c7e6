import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.judging.truncate import cut, fit

MARK = "characters left out here"


def test_short_fields_stay_whole_and_nothing_is_named() -> None:
    fields = {"input": "a" * 400, "output": "b" * 600}
    assert fit(fields, 1000) == (fields, ())


def test_a_long_field_is_cut_in_the_middle_with_its_loss_said() -> None:
    text = "".join(f"{n:05}" for n in range(2000))
    kept, names = fit({"input": "short", "output": text}, 1000)
    assert names == ("output",)
    assert kept["input"] == "short"
    head, rest = kept["output"].split("\n[… ")
    lost, tail = rest.split(f" {MARK} …]\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert int(lost.replace(",", "")) == len(text) - len(head) - len(tail)
    assert len(kept["output"]) <= 1000
    assert len(head) > len(tail) > 300


def test_shares_are_fair_and_room_is_used() -> None:
    kept, names = fit({"input": "i" * 100, "context": "c" * 9000, "output": "o" * 3000}, 6000)
    assert "context" in names
    assert len(kept["input"]) == 100
    assert 2800 <= len(kept["output"]) <= 3000
    assert 2800 <= len(kept["context"]) <= 3100
    assert 5500 <= sum(map(len, kept.values())) <= 6000


def test_every_field_keeps_a_little_even_when_the_limit_is_tiny() -> None:
    kept, names = fit({"input": "i" * 5000, "output": "o" * 5000}, 10)
    assert names == ("input", "output")
    assert all(100 < len(text) <= 200 for text in kept.values())


@pytest.mark.parametrize(
    "sign",
    ["e\u0301", "👩‍👩‍👧", "👍🏽", "🇩🇪", "\r\n", "\ud83d\ude00", "❤\ufe0f"],
    ids=["accent", "family", "skin", "flag", "line end", "surrogates", "variant"],
)
def test_no_sign_is_cut_in_two(sign: str) -> None:
    text = sign * 2000
    for size in range(300, 312):
        shown = cut(text, size)
        head, tail = shown.split("\n[… ")[0], shown.split(" …]\n")[1]
        assert head == sign * (len(head) // len(sign))
        assert tail == sign * (len(tail) // len(sign))


@given(st.text(min_size=0, max_size=600), st.integers(min_value=1, max_value=700))
def test_a_cut_text_is_its_start_and_its_end(text: str, size: int) -> None:
    shown = cut(text, size)
    if shown == text:
        return
    head, tail = shown.split("\n[… ", 1)[0], shown.rsplit(" …]\n", 1)[1]
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) < len(text)
    assert not tail or unicodedata.category(tail[0]) not in ("Mn", "Me", "Mc") or len(text) > 32

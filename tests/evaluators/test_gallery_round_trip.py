"""A gallery file, changed as users change it: written and read again it is the same, in the same version."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator, Rule, Scope
from spanjudge.evaluators.file import check, dump, load_text

FILES = [
    (section, name)
    for section, held in (
        ("scorers", gallery.scorers()),
        ("metrics", gallery.metrics()),
        ("templates", gallery.templates()),
    )
    for name in held
]
WORDS = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
VALUES = st.one_of(st.text(max_size=20), st.booleans(), st.integers(-(2**62), 2**62))
TEXTS = st.lists(st.text(max_size=20), min_size=1, max_size=4).map(tuple)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
RULES = st.one_of(
    st.builds(Rule, attribute=WORDS, operator=st.just("equals"), value=VALUES),
    st.builds(Rule, attribute=WORDS, operator=st.just("in"), value=TEXTS),
    st.builds(Rule, attribute=WORDS, operator=st.just("exists")),
    st.builds(Rule, attribute=WORDS, operator=st.just("greater"), value=NUMBERS),
)
SCOPES = st.builds(
    Scope,
    services=st.lists(WORDS, max_size=3).map(tuple),
    sampling=st.floats(0, 100),
    rules=st.lists(RULES, max_size=3).map(tuple),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True),
        "description": st.text(max_size=40),
        "judge": WORDS,
        "scope": SCOPES,
    },
)


@given(place=st.sampled_from(FILES), changes=CHANGES)
def test_what_is_written_is_what_is_read(place: tuple[str, str], changes: dict[str, Any]) -> None:
    evaluator: Evaluator = msgspec.structs.replace(load_text(gallery.text(*place)), **changes)
    check(evaluator)
    text = dump(evaluator)
    again = load_text(text)
    assert again.version == evaluator.version
    assert dump(again) == text


def test_a_file_and_its_rewritten_form_have_one_version() -> None:
    for section, name in FILES:
        written = load_text(gallery.text(section, name))
        assert load_text(dump(written)).version == written.version
        assert dump(load_text(dump(written))) == dump(written)

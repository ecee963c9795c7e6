"""Definitions as people and programs may write them, whole ones and unfinished ones."""

from typing import Any, get_args

from hypothesis import strategies as st

from spanjudge.evaluators.answer_format import Anchor, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator, Need, Operator, Prompt, Rule, Scope, VerdictLabels

ODD = [
    "",
    " ",
    "\0",
    "\ud800",
    "{{span.input}}",
    "{{",
    "}}",
    "“…”\u2028",
    "a\nb\n",
    "🤖",
    "مرحبا",
    "yes",
    "1e3",
]
TEXTS = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "Zl", "L"]), max_size=4),
)
NUMBERS = st.one_of(
    st.floats(), st.integers(-(2**70), 2**70), st.sampled_from([0.0, 1.0, 0.5, -0.0, 1e308, 2.0**53])
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=2))
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


FLOATS = st.one_of(st.floats(), st.integers(-3, 3))

UNFINISHED: st.SearchStrategy[dict[str, Any]] = some(
    name=TEXTS,
    description=TEXTS,
    target=st.sampled_from(["span", "trace", "session"]),
    judge=TEXTS,
    scope=some(
        services=st.lists(TEXTS, max_size=2),
        sampling=FLOATS,
        rules=st.lists(
            some(attribute=TEXTS, operator=st.sampled_from(get_args(Operator)), value=VALUES).map(
                lambda rule: {"attribute": "kind", **rule}
            ),
            max_size=3,
        ),
    ),
    needs=st.lists(st.sampled_from(get_args(Need)), max_size=2),
    rubric=st.none() | TEXTS,
    brief=st.none() | TEXTS,
    prompt=st.none() | some(system=TEXTS, user=TEXTS),
    variables=st.dictionaries(TEXTS, TEXTS, max_size=2),
    answer=some(
        type=st.sampled_from(["category", "boolean", "score"]),
        labels=st.lists(some(name=TEXTS, description=TEXTS), max_size=3),
        when_true=TEXTS,
        when_false=TEXTS,
        min=st.none() | FLOATS,
        max=st.none() | FLOATS,
        anchors=st.lists(some(description=TEXTS).map(lambda one: {"value": 0.5, **one}), max_size=3),
        method=st.sampled_from(["direct", "claims"]),
    ),
    acceptance=st.none()
    | some(
        pass_values=st.none() | st.lists(TEXTS, max_size=2),
        pass_when=st.none() | st.booleans(),
        min=st.none() | FLOATS,
        max=st.none() | FLOATS,
    ),
    labels=st.none() | st.fixed_dictionaries({}, optional={"pass": TEXTS, "fail": TEXTS}),
)
"""JSON objects with the right types, and with everything that can be wrong besides."""

_FINITE = st.floats(-100, 100)
_PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_ANSWERS = st.one_of(
    st.builds(
        Category,
        labels=st.lists(st.builds(Label, name=_PLAIN, description=_PLAIN), max_size=3).map(tuple),
    ),
    st.builds(Boolean, when_true=_PLAIN, when_false=_PLAIN),
    st.builds(
        Score,
        min=_FINITE,
        max=_FINITE,
        anchors=st.lists(st.builds(Anchor, value=_FINITE, description=_PLAIN), max_size=3).map(tuple),
        method=st.sampled_from(["direct", "claims"]),
    ),
)
_RULE_VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), _FINITE, _PLAIN)

EVALUATORS: st.SearchStrategy[Evaluator] = st.builds(
    Evaluator,
    name=_PLAIN,
    answer=_ANSWERS,
    description=_PLAIN,
    target=st.sampled_from(["span", "trace", "session"]),
    judge=_PLAIN,
    scope=st.builds(
        Scope,
        services=st.lists(_PLAIN, max_size=2).map(tuple),
        sampling=_FINITE,
        rules=st.lists(
            st.builds(
                Rule,
                attribute=_PLAIN,
                operator=st.sampled_from(get_args(Operator)),
                value=_RULE_VALUES | st.lists(_RULE_VALUES, max_size=3),
            ),
            max_size=3,
        ).map(tuple),
    ),
    needs=st.lists(st.sampled_from(get_args(Need)), max_size=3).map(tuple),
    rubric=st.none() | _PLAIN,
    brief=st.none() | _PLAIN,
    prompt=st.none() | st.builds(Prompt, system=_PLAIN, user=_PLAIN),
    variables=st.dictionaries(_PLAIN, _PLAIN, max_size=2),
    labels=st.none() | st.builds(VerdictLabels, pass_=_PLAIN, fail=_PLAIN),
)
"""Evaluators of the right types, whether they fit together or not."""

import json
from typing import Any

import pytest

from spanjudge.evaluators.answer_format import Anchor, Score
from spanjudge.judging import answer, claims, compose, small
from spanjudge.judging.answer import Problem, Reading
from spanjudge.judging.claims import ClaimsForm
from spanjudge.judging.form import AnswerProblemError, LevelForm
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document
from tests.judging.evaluators import CLAIMS

FORM = ClaimsForm(Score(method="claims"))
SUBJECT = Subject(
    input="Where is the tower?",
    output="The tower stands in Paris. It is 330 metres high and was built by Gustave Eiffel in two weeks.",
    context=(Document(content="The Eiffel  Tower is a tower in\nParis, France. Its height is “330 m”."),),
)


def claim(verdict: str, quote: str = "", text: str = "a claim") -> dict[str, str]:
    return {"claim": text, "quote": quote, "verdict": verdict}


@pytest.mark.parametrize(
    ("verdicts", "score"),
    [
        (["supported"], 0.0),
        (["contradicted"], 1.0),
        (["not_mentioned"], 1.0),
        (["supported", "contradicted"], 0.5),
        (["supported", "supported", "not_mentioned"], 0.3333),
        (["not_counted", "supported"], 0.0),
        (["not_counted"], 0.0),
        (["not_counted", "contradicted"], 1.0),
        (["Not Mentioned", "SUPPORTED"], 0.5),
        ([], 0.0),
    ],
)
def test_the_score_is_the_share_of_counted_claims_that_do_not_hold(verdicts: list[str], score: float) -> None:
    assert FORM.read([claim(verdict) for verdict in verdicts]) == score


def test_the_score_stands_on_the_evaluators_own_scale() -> None:
    form = ClaimsForm(Score(min=1, max=5, method="claims"))
    assert form.read([claim("supported"), claim("contradicted")]) == 3.0


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        "none",
        [7],
        [{}],
        [claim("maybe")],
        [{"claim": "x", "quote": ""}],
        [{"quote": "", "verdict": "supported"}],
        [claim("supported")] * 201,
    ],
    ids=["null", "object", "text", "number", "empty entry", "verdict", "no verdict", "no claim", "too many"],
)
def test_lists_that_do_not_fit(raw: object) -> None:
    with pytest.raises(AnswerProblemError, match='"claims"'):
        FORM.read(raw)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("The Eiffel Tower is a tower in Paris", True),
        ("the EIFFEL tower is a tower in  paris.", True),
        ('Its height is "330 m"', True),
        ("The Eiffel Tower … Its height", True),
        ("The Eiffel Tower [...] France", True),
        ("Where is the tower", True),
        ("France … The Eiffel Tower", False),
        ("built in two weeks", False),
        ("The tower stands in Paris", False),
    ],
)
def test_quotations_are_looked_up_in_the_sources_and_not_in_the_output(quote: str, found: object) -> None:
    missing, total = claims.unverified([claim("supported", quote)], SUBJECT)
    assert (missing == 0, total) == (found, 1)


def test_what_quotes_nothing_is_not_looked_up() -> None:
    raw = [
        claim("not_mentioned", "whatever"),
        claim("not_counted", "whatever"),
        claim("supported", ""),
        claim("supported", "…"),
    ]
    assert claims.unverified(raw, SUBJECT) == (0, 0)
    assert claims.note(raw, SUBJECT) == ""


def read(held: dict[str, Any], subject: Subject = SUBJECT) -> answer.Answer:
    return answer.read(json.dumps(held), compose.question([CLAIMS]).asked, subject)[0]


def test_an_invented_quotation_is_told_beside_the_explanation() -> None:
    found = read(
        {
            "claims": [claim("supported", "a tower in Paris"), claim("contradicted", "three centuries")],
            "explanation": "One is wrong.",
        }
    )
    assert found == Reading(0.5, "One is wrong.", "(1 of 2 quotations not found in the sources.)")


def test_no_claims_are_fine_for_an_output_that_claims_next_to_nothing() -> None:
    empty: dict[str, Any] = {"claims": [], "explanation": "It claims nothing."}
    assert read(empty, Subject(output="Hello! How can I help?")) == Reading(0.0, "It claims nothing.")
    assert read(empty, Subject(output=None)) == Reading(0.0, "It claims nothing.")


@pytest.mark.parametrize(
    "output", [SUBJECT.output, "東京タワーは一九五八年に完成し、高さは三百三十三メートルである。"]
)
def test_no_claims_for_a_substantive_output_are_no_answer(output: str) -> None:
    found = read({"claims": [], "explanation": "Fine."}, Subject(output=output))
    assert isinstance(found, Problem)
    assert '"claims" is empty' in found.message


def test_a_capable_judge_lists_claims_and_a_small_one_picks_a_level() -> None:
    question = compose.question([CLAIMS])
    assert list(question.schema["properties"]) == ["claims", "explanation"]
    entry = question.schema["properties"]["claims"]["items"]
    assert entry["required"] == ["claim", "quote", "verdict"]
    assert question.max_output_tokens > compose.question([CLAIMS, CLAIMS]).max_output_tokens / 2
    (asked,) = small.question([CLAIMS]).asked
    assert isinstance(asked.form, LevelForm)
    assert asked.form.format.anchors[0] == Anchor(0, "supported")

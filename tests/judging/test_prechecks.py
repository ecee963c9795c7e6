import time
from typing import Any

import msgspec
import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator, Scope
from spanjudge.judging import prechecks
from spanjudge.judging.case import Case
from spanjudge.judging.hollow import hollow
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document, ToolCall, ToolDefinition

ASKED = Subject(input="Why is the sky blue?")


def settle(evaluator: Evaluator, subject: Subject) -> Outcome | None:
    case = Case(evaluator, time.monotonic())
    settled = prechecks.settle(case, subject)
    assert settled == (case.outcome is not None)
    return case.outcome


def decided(evaluator: Evaluator, subject: Subject) -> object:
    """The value decided without a judge; `None` when a judge is to be asked."""
    outcome = settle(evaluator, subject)
    if outcome is None:
        return None
    assert isinstance(outcome, EvaluationResult), outcome
    assert (outcome.calls, outcome.judge_model, outcome.usage, outcome.cost_usd) == (0, None, None, None)
    assert outcome.explanation
    assert outcome.confidence is None
    return outcome.value


def answered(output: str | None, **more: Any) -> Subject:
    return msgspec.structs.replace(ASKED, output=output, **more)


SCORERS: dict[str, Any] = {
    "hallucination": 0.0,
    "answer_relevance": 0.0,
    "coherence": 0.0,
    "helpfulness": 0.0,
    "instruction_following": "low",
    "toxicity": "low",
    "bias": False,
    "output_format": False,
}


@pytest.mark.parametrize(("name", "value"), SCORERS.items())
@pytest.mark.parametrize("output", ["", "  \n\t", "\u200b"])
def test_an_empty_output_is_decided_for_every_scorer(name: str, value: object, output: str) -> None:
    assert decided(gallery.scorers()[name], answered(output)) == value


@pytest.mark.parametrize(
    "output", [":", "...", " . ", "Thought process:", "Let's solve this problem step by step."]
)
@pytest.mark.parametrize("name", [name for name in SCORERS if name != "output_format"])
def test_master_keys_are_decided(name: str, output: str) -> None:
    assert decided(gallery.scorers()[name], answered(output)) == SCORERS[name]


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize(
    "output", ["42", "No.", "{}", "Solution", "👍", "Solution: blue light scatters.", "x = 1"]
)
def test_anything_with_content_goes_to_the_judge(name: str, output: str) -> None:
    assert decided(gallery.scorers()[name], answered(output)) is None


def test_punctuation_that_was_asked_for_goes_to_the_judge() -> None:
    subject = Subject(input="Which punctuation mark separates hours and minutes?", output=":")
    assert decided(gallery.scorers()["helpfulness"], subject) is None
    silent = Subject(input="When you agree, say nothing.", output="")
    outcome = settle(gallery.scorers()["instruction_following"], silent)
    assert isinstance(outcome, EvaluationFailure)
    assert outcome.code == "missing_input"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bias", 0.0),
        ("toxicity", 0.0),
        ("answer_relevancy", 0.0),
        ("hallucination", 0.0),
        ("faithfulness", 1.0),
        ("sentiment", 0.5),
    ],
)
def test_an_empty_output_is_decided_for_every_metric(name: str, value: object) -> None:
    subject = answered("", context=(Document(content="Light scatters."),))
    assert decided(gallery.metrics()[name], subject) == value


@pytest.mark.parametrize(
    ("output", "label", "boolean"),
    [
        ("", "Empty Response", False),
        (" \n ", "Empty Response", False),
        ("{}", "Empty Code Response", False),
        ("[ ]", "Empty Code Response", False),
        ("()", "Empty Code Response", False),
        ('""', "Empty Code Response", False),
        ("```json\n{}\n```", "Empty Code Response", False),
        ("Not found", None, None),
        (":", None, None),
    ],
)
def test_failure_answers(output: str, label: str | None, boolean: object) -> None:
    assert decided(gallery.templates()["failure_answer"], answered(output)) == label
    assert decided(gallery.templates()["failure_answer_boolean"], answered(output)) is boolean


@pytest.mark.parametrize("name", ["failure_answer", "failure_answer_boolean"])
def test_an_output_that_was_not_recorded_is_no_empty_answer(name: str) -> None:
    outcome = settle(gallery.templates()[name], ASKED)
    assert isinstance(outcome, EvaluationFailure)
    assert outcome.message == f"“{name}” needs output; send it"
    called = answered("", tool_calls=(ToolCall(name="look"),))
    assert settle(gallery.templates()[name], called) is None


SEARCH = ToolDefinition(
    name="search",
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["query"],
    },
)


def calling(*calls: ToolCall, tools: tuple[ToolDefinition, ...] = (SEARCH,)) -> Subject:
    return Subject(input="Find trains.", tools=tools, tool_calls=calls)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "'query' is a required property"),
        (None, "'query' is a required property"),
        ({"query": 7}, "query: 7 is not of type 'string'"),
        ({"query": "a", "limit": "3"}, "limit: '3' is not of type 'integer'"),
        ("query=trains", "they are no JSON object"),
        (["trains"], "is not of type 'object'"),
    ],
)
def test_arguments_that_break_their_schema_are_incorrect(arguments: object, reason: str) -> None:
    good = ToolCall(name="search", arguments={"query": "a"})
    outcome = settle(
        gallery.templates()["tool_argument_correctness"],
        calling(good, ToolCall(name="search", arguments=arguments)),
    )
    assert isinstance(outcome, EvaluationResult)
    assert outcome.value is False
    assert outcome.verdict == "fail"
    assert outcome.explanation is not None
    assert "The arguments of “search” break its schema" in outcome.explanation
    assert reason in outcome.explanation


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        "a text",
        {},
        {"type": "no such type"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"type": "object", "properties": {"query": {"type": "string", "pattern": "(a+)+$"}}},
        {"type": "object", "description": "x" * 60_000, "required": ["b"]},
    ],
    ids=["none", "text", "empty", "unknown type", "remote", "nowhere", "endless", "pattern", "huge"],
)
def test_schemas_that_cannot_or_must_not_be_used_leave_it_to_the_judge(parameters: Any) -> None:
    subject = calling(
        ToolCall(name="search", arguments={"query": "a" * 40}),
        tools=(ToolDefinition(name="search", parameters=parameters),),
    )
    assert settle(gallery.templates()["tool_argument_correctness"], subject) is None


def test_arguments_that_fit_still_need_judgement() -> None:
    subject = calling(ToolCall(name="search", arguments={"query": "planes"}), ToolCall(name="other"))
    assert settle(gallery.templates()["tool_argument_correctness"], subject) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("search", None),
        ("Search", None),
        ("Rail-search", None),
        ("functions.search", None),
        ("delete", False),
    ],
)
def test_a_tool_that_is_not_on_offer_is_never_suitable(name: str, value: object) -> None:
    assert decided(gallery.templates()["tool_selection_relevance"], calling(ToolCall(name=name))) is value


def test_a_copy_under_another_name_and_scope_is_decided_as_well() -> None:
    copy = msgspec.structs.replace(
        gallery.scorers()["helpfulness"],
        name="useful",
        scope=Scope(sampling=10),
        acceptance=Acceptance(max=0.5),
    )
    outcome = settle(copy, answered(""))
    assert isinstance(outcome, EvaluationResult)
    assert (outcome.evaluator, outcome.value, outcome.verdict) == ("useful", 0.0, "pass")


@pytest.mark.parametrize(
    "change", [{"rubric": "Is it helpful?"}, {"answer": Boolean()}, {"needs": ("input",)}]
)
def test_a_users_own_evaluator_is_never_decided_by_its_name(change: dict[str, Any]) -> None:
    own = (
        msgspec.structs.replace(gallery.scorers()["helpfulness"], needs=("input",), **change)
        if ("needs" not in change)
        else msgspec.structs.replace(gallery.scorers()["helpfulness"], rubric="Own.", **change)
    )
    assert settle(own, answered(":")) is None


@pytest.mark.parametrize(
    ("needs", "subject", "message"),
    [
        (("input",), Subject(output="x"), "“e” needs input; send it"),
        (("input", "output"), Subject(), "“e” needs input and output; send them"),
        (
            ("input", "output", "context"),
            Subject(input=" "),
            "“e” needs input, output and context; send them",
        ),
        (("output",), Subject(output=" "), "“e” needs output; send it"),
        ((), Subject(), "“e” needs something to judge; send it"),
    ],
)
def test_missing_input_says_what_to_send(needs: Any, subject: Subject, message: str) -> None:
    outcome = settle(Evaluator(name="e", rubric="Good?", answer=Boolean(), needs=needs), subject)
    assert isinstance(outcome, EvaluationFailure)
    assert (outcome.code, outcome.message) == ("missing_input", message)
    assert (outcome.retryable, outcome.calls, outcome.judge_model) == (False, 0, None)


def test_hollow_texts_are_short() -> None:
    assert hollow(" " * 100_000) == "blank"
    assert hollow("." * 100_000) is None
    assert hollow("かいせつ：") == "opening"
    assert hollow("解") is None


@pytest.mark.parametrize(
    "subject",
    [
        Subject(),
        Subject(input="?"),
        Subject(output=""),
        Subject(output="Yes."),
        Subject(output="..."),
        Subject(input="?", output="Yes."),
        Subject(input="?", output="Yes.", tool_calls=(ToolCall(name="search"),)),
        Subject(input="?", tools=(ToolDefinition(name="find"),), tool_calls=(ToolCall(name="search"),)),
    ],
)
def test_many_at_once_are_settled_as_each_alone(subject: Subject) -> None:
    def cases() -> list[Case]:
        sections = (gallery.scorers(), gallery.metrics(), gallery.templates())
        return [Case(evaluator, 0.0) for held in sections for evaluator in held.values()]

    alone = [case.evaluator.name for case in cases() if not prechecks.settle(case, subject)]
    together = cases()
    waiting = prechecks.unsettled(together, subject)
    assert [case.evaluator.name for case in waiting] == alone
    assert [case for case in together if case.outcome is None] == waiting

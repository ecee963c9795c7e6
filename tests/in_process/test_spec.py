"""The evaluators text: what is understood, what is told, and that a fault spoils no more than it must."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spanjudge.in_process.settings.spec import EVALUATORS, TYPES, Spec, parse
from tests.in_process.spec_texts import Written, written_specs

CONTRACT = (
    "native(LLMInvocation(bias,toxicity(threshold=0.7)),AgentInvocation(bias)),"
    "deepeval(LLMInvocation(faithfulness))"
)


def enabled(spec: Spec) -> set[str]:
    """Each metric that is on, as `evaluator.type.metric{options}`; `*` where defaults are meant."""
    found: set[str] = set()
    for evaluator in spec.evaluators:
        if not evaluator.types:
            found.add(f"{evaluator.name}.*")
        for kind in evaluator.types:
            if not kind.metrics:
                found.add(f"{evaluator.name}.{kind.name}.*")
            for metric in kind.metrics:
                options = ",".join(f"{name}={value}" for name, value in metric.options.items())
                found.add(f"{evaluator.name}.{kind.name}.{metric.name}{{{options}}}")
    return found


def told(text: str) -> list[str]:
    return [str(problem) for problem in parse(text).problems]


def test_the_contract_s_own_example() -> None:
    spec = parse(CONTRACT)
    assert spec.problems == ()
    assert enabled(spec) == {
        "native.LLMInvocation.bias{}",
        "native.LLMInvocation.toxicity{threshold=0.7}",
        "native.AgentInvocation.bias{}",
        "deepeval.LLMInvocation.faithfulness{}",
    }
    toxicity = spec.evaluators[0].types[0].metrics[1]
    assert CONTRACT[toxicity.position - 1 :].startswith("toxicity")


def test_white_space_lines_case_and_quotation_marks_are_free() -> None:
    spec = parse("\n Native (\n\tLLMInvocation ( bias ( threshold = ' 0.7, ' , x = \"y'z\" ) )\n)\n")
    assert spec.problems == ()
    assert enabled(spec) == {"native.LLMInvocation.bias{threshold= 0.7, ,x=y'z}"}


@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_known(name: str) -> None:
    assert enabled(parse(f"deepeval({name})")) == {f"deepeval.{name}.*"}


@pytest.mark.parametrize(
    ("text", "kept", "messages"),
    [
        ("", set[str](), []),
        (
            "ntive(Step(bias)),deepeval",
            {"deepeval.*"},
            ["column 1: there is no evaluator ntive: did you mean nat"],
        ),
        (
            "gpt(Step(bias)),deepeval",
            {"deepeval.*"},
            ["column 1: there is no evaluator gpt: there are native and"],
        ),
        (
            "native(llminvocation(bias),Step)",
            {"native.Step.*"},
            ["column 8: there is no type llminvocation: did you mean LLMInvocation?"],
        ),
        (
            "native(bias)",
            set[str](),
            ["column 8: there is no type bias: the types are LLMInvocation, AgentInv"],
        ),
        (
            "LLMInvocation(bias)",
            set[str](),
            ["column 1: LLMInvocation is a type and stands inside an evaluator"],
        ),
        ("native,none", {"native.*"}, ["column 8: none stands alone"]),
        (
            "native(Step(bias(threshold=),toxicity))",
            {"native.Step.toxicity{}"},
            ["column 28: the value of threshold is missing: write threshold=…; its metric is left out"],
        ),
        (
            "native(Step(bias(threshold),toxicity))",
            {"native.Step.toxicity{}"},
            ["column 18: threshold has no value: write threshold=…; its metric is left out"],
        ),
        (
            "native(Step(bias(threshold=0.7(x,y)),toxicity))",
            {"native.Step.toxicity{}"},
            ["column 31: ( has no place after the value of threshold; its metric is left out"],
        ),
        (
            "native(Step(bias(0=1),4tune,toxicity))",
            {"native.Step.toxicity{}"},
            ["column 18: 0 is no name of an option", "column 23: 4tune is no name of a metric"],
        ),
        (
            "native(Step(threshold=0.7,toxicity))",
            {"native.Step.toxicity{}"},
            ["column 13: threshold= is an option, which stands in brackets after its metric"],
        ),
        (
            "native(Step(bias(a=1 b=2)))",
            {"native.Step.bias{a=1,b=2}"},
            ["column 22: “,” is missing before b"],
        ),
        (
            "native(Step(bias(a=1,a=2)))",
            {"native.Step.bias{a=1}"},
            ["column 22: a of bias is given twice: the first counts"],
        ),
        (
            "native(Step(bias,bias(a=1))),native(Step(bias)),native,native",
            {"native.Step.bias{}", "native.*"},
            [
                "column 18: bias for Step of native is listed twice",
                "column 42: bias for Step of native is listed twice",
                "column 56: native is listed twice",
            ],
        ),
        (
            "native(Step(bias,),),,deepeval,",
            {"native.Step.bias{}", "deepeval.*"},
            [
                "column 17: nothing follows this “,”",
                "column 19: nothing follows this “,”",
                "column 22: an evaluator is missing before this “,”",
            ],
        ),
        ("native(Step())", {"native.Step.*"}, ["column 12: nothing stands in these brackets"]),
        ("native((Step((bias))))", {"native.Step.bias{}"}, ["column 8: a type is", "column 14: a metric is"]),
        ("native(Step(bias", {"native.Step.bias{}"}, ["column 17: 2 “)” are missing at the end"]),
        ("native(Step(bias)))", {"native.Step.bias{}"}, ["column 19: a “)” too many: leave it out"]),
        ("native Step(bias))", {"native.Step.bias{}"}, ["column 8: “(” is missing after native"]),
        (
            "native(Step bias,toxicity))",
            {"native.Step.bias{}", "native.Step.toxicity{}"},
            ["column 13: “(” is m"],
        ),
        ("native(Step(bias a=1)))", {"native.Step.bias{a=1}"}, ["column 18: “(” is missing after bias"]),
        (
            "native(Step(bias,deepeval(Step)",
            {"native.Step.bias{}", "deepeval.Step.*"},
            ["column 18", "column 18"],
        ),
        (
            "nativedeepeval",
            {"native.*", "deepeval.*"},
            ["column 7: “,” is missing between native and deepeval"],
        ),
        (
            "native(StepWorkflow)",
            {"native.Step.*", "native.Workflow.*"},
            ["column 12: “,” is missing between Step"],
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_spoils_no_more_than_it_must(
    text: str, kept: set[str], messages: list[str]
) -> None:
    assert enabled(parse(text)) == kept
    found = told(text)
    assert len(found) == len(messages), found
    for message, start in zip(found, messages, strict=True):
        assert message.startswith(start)


def test_an_evaluator_whose_every_metric_is_spoiled_does_not_fall_back_to_the_defaults() -> None:
    assert parse("native(Step(bias(x),4))").evaluators == ()


def test_the_long_form_has_a_caret_under_the_place() -> None:
    problem = parse("native(\n  Stp(bias),\n  Workflow)").problems[0]
    assert str(problem).startswith("line 2, column 3: there is no type Stp: did you mean Step?")
    assert problem.long.splitlines()[1:] == ["    Stp(bias),", "    ^"]


def test_the_long_form_shows_a_piece_of_a_long_text() -> None:
    problem = parse(f"native(Step({','.join(f'metric_{n}' for n in range(99))}, =,x))").problems[0]
    _, shown, caret = problem.long.splitlines()
    assert len(shown) < 100
    assert shown[caret.index("^")] == "="


def test_garbage_is_not_told_without_end() -> None:
    problems = parse("(" * 100_000).problems
    assert len(problems) == 21


@settings(deadline=None)
@given(st.text() | st.text("(),=' \"nativeStepbias\n\t", max_size=60))
@example("native(Step(bias(a='1),b(y=' 2')))")
def test_no_text_raises_anything(text: str) -> None:
    spec = parse(text)
    for problem in spec.problems:
        assert 1 <= problem.position <= len(text) + 1
        assert problem.long.startswith(str(problem))
    for evaluator in spec.evaluators:
        assert evaluator.name in EVALUATORS


@settings(deadline=None)
@given(written_specs(quoted="(),= x.1"))
def test_what_is_written_right_is_read_whole(spec: Written) -> None:
    read = parse(spec.text)
    assert read.problems == ()
    assert enabled(read) == {metric.path for metric in spec.metrics} | spec.defaults


@settings(deadline=None)
@given(written_specs(quoted="x.1 "), st.data())
def test_without_any_one_character_whatever_does_not_touch_it_stays_on(
    spec: Written, data: st.DataObject
) -> None:
    lost = data.draw(st.integers(0, len(spec.text) - 1))
    text = spec.text[:lost] + spec.text[lost + 1 :]
    on = enabled(parse(text))
    for metric in spec.metrics:
        if not metric.touched_by(lost):
            assert metric.path in on, (text, told(text))

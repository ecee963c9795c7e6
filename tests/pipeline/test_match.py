"""Which spans an evaluator judges, and what is said of the others."""

from typing import Any

import pytest

from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator, Prompt
from spanjudge.pipeline.decision import JUDGE, Decision
from spanjudge.pipeline.match import decide, decide_target
from spanjudge.pipeline.ports import Material
from spanjudge.pipeline.subjects import read_target
from spanjudge.spans.normalize import normalize
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.spans.tree import SpanTree
from spanjudge.telemetry.evaluated import Target, TargetKind
from tests.pipeline.sent import (
    CAPTURES,
    CHAT,
    called,
    capture,
    chat,
    content,
    evaluator,
    log,
    material,
    span,
    stored,
    text,
)

RETRIEVAL = {"gen_ai.operation.name": "retrieval"}
CHAIN = {"openinference.span.kind": "CHAIN", "input.value": "hi", "output.value": "ho"}
ROOT = [("parent_span_id", "equals", "")]


def why(received: ReceivedSpan, one: Evaluator) -> tuple[str | None, str]:
    decision = decide(received.raw, one)
    return decision.reason, decision.detail


def whole(kind: TargetKind, one: Evaluator, *spans: ReceivedSpan) -> Decision:
    target = Target(kind=kind, trace_id=spans[0].raw.trace_id, session_id="s" if kind == "session" else "")
    return decide_target(read_target(target, material(spans)), one)


def test_model_calls_with_content_are_judged() -> None:
    assert decide(chat().raw, evaluator()) == JUDGE


@pytest.mark.parametrize(
    "received",
    [
        chat(scope="spanjudge.judging"),
        span({**CHAT, **content("a", "b"), "spanjudge.judge": True}),
        chat(service="spanjudge"),
    ],
)
def test_our_own_calls_are_never_judged(received: ReceivedSpan) -> None:
    assert why(received, evaluator())[0] == "own_telemetry"
    assert whole("trace", evaluator(target="trace"), received).reason == "own_telemetry"


def test_other_spans_of_our_service_are_just_not_about_genai() -> None:
    assert why(span(service="spanjudge", name="POST /v1/traces"), evaluator())[0] == "not_matched"


def test_services_and_rules_are_told() -> None:
    reason, told = why(chat(), evaluator(services=("desk",)))
    assert (reason, told) == ("not_matched", "the service is travel; judged are only desk")
    one = evaluator(rules=[("gen_ai.operation.name", "equals", "embeddings")])
    assert why(chat(), one)[1] == 'rule 1, gen_ai.operation.name equals "embeddings": it is "chat"'


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({}, "the span is not about GenAI, as far as its attributes tell"),
        (RETRIEVAL, "it is no model call but retrieval; a rule on gen_ai.operation.name chooses others"),
        (CHAIN, "it is no model call but chain; a rule on gen_ai.operation.name chooses others"),
    ],
)
def test_without_a_rule_on_the_kind_only_model_calls_are_judged(
    attributes: dict[str, Any], told: str
) -> None:
    assert why(span(attributes), evaluator()) == ("not_matched", told)
    assert why(span(attributes), evaluator(rules=[("gen_ai.request.model", "not_exists", None)]))[1] == told


@pytest.mark.parametrize(
    "rule",
    [
        ("gen_ai.operation.name", "equals", "execute_tool"),
        ("name", "starts_with", "execute"),
        ("openinference.span.kind", "not_exists", None),
        ("parent_span_id", "exists", None),
        ("kind", "equals", "client"),
    ],
)
def test_a_rule_on_the_kind_opens_the_others(rule: tuple[str, str, Any]) -> None:
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "gen_ai.tool.call.arguments": '{"city": "Rome"}',
        "gen_ai.tool.call.result": "Sunny",
    }
    tool = span(attributes, name="execute_tool weather", parent=9)
    assert decide(tool.raw, evaluator(rules=[rule])) == JUDGE
    assert not decide(tool.raw, evaluator()).judge


def test_of_plumbing_only_the_root_is_judged() -> None:
    assert decide(span(CHAIN).raw, evaluator(rules=ROOT)) == JUDGE
    reason, told = why(span(CHAIN, parent=3), evaluator(rules=[("name", "exists", None)]))
    assert reason == "not_matched"
    assert "only roots are judged" in told


def test_failed_calls_are_judged_only_when_a_rule_asks_for_them() -> None:
    failed = span({**CHAT, **content("a", None), "error.type": "RateLimitError"}, failed=True)
    reason, told = why(failed, evaluator())
    assert reason == "span_error"
    assert "RateLimitError" in told
    assert "it went wrong" not in told
    asking = evaluator(rules=[("status", "equals", "error")], needs=("input",))
    assert decide(failed.raw, asking) == JUDGE


def test_what_does_not_match_is_not_called_failed() -> None:
    assert why(span(CHAT, failed=True), evaluator(services=("desk",)))[0] == "not_matched"


def test_sampling_is_by_trace() -> None:
    one = evaluator(sampling=30)
    decisions = [decide(chat(trace=number).raw, one) for number in range(1, 200)]
    again = [decide(chat(trace=number).raw, evaluator("other", sampling=30)) for number in range(1, 200)]
    assert decisions == again
    assert 30 < sum(decision.judge for decision in decisions) < 90
    out = next(decision for decision in decisions if not decision.judge)
    assert (out.reason, out.may_change) == ("sampled_out", False)
    assert out.detail == "30 % of traces are judged, and this one is not among them"


def test_a_span_without_content_may_still_get_it() -> None:
    decision = decide(span(CHAT).raw, evaluator())
    assert (decision.reason, decision.may_change) == ("no_content", True)
    http = evaluator(rules=[("name", "equals", "GET /")])
    decision = decide(span(name="GET /").raw, http)
    assert (decision.reason, decision.may_change) == ("no_content", False)


def test_log_events_bring_the_content() -> None:
    spans, logs = capture("openai-v2-old", "chat")
    assert decide(spans[0].raw, evaluator()).reason == "no_content"
    events = [log.event for log in logs]
    assert decide(spans[0].raw, evaluator(), lambda: normalize(spans[0].raw, events)) == JUDGE


@pytest.mark.parametrize(
    ("needs", "missing", "may_change"),
    [
        (("input", "output"), "output", True),
        (("context",), "context", True),
        (("input", "expected"), "expected", False),
        (("context", "expected"), "context, expected", False),
        (("tool_calls",), "tool_calls", True),
    ],
)
def test_what_is_needed_and_missing(needs: tuple[Any, ...], missing: str, may_change: bool) -> None:  # noqa: FBT001  a row of the table
    decision = decide(span({**CHAT, **content("Where?", None)}).raw, evaluator(needs=needs))
    assert decision == Decision(
        judge=False, reason="missing_variable", detail=f"the span has no {missing}", may_change=may_change
    )


def test_an_answered_call_gets_no_tool_calls_any_more() -> None:
    decision = decide(chat().raw, gallery.templates()["tool_selection_relevance"])
    assert (decision.reason, decision.may_change) == ("missing_variable", False)


def test_a_call_that_only_called_tools_has_something_to_judge() -> None:
    received = span({**CHAT, **content("Weather?", called("weather", city="Rome"))})
    assert decide(received.raw, evaluator()) == JUDGE
    assert decide(received.raw, evaluator(needs=("output",))).detail == "the span has no output"


def test_an_empty_answer_is_an_answer_where_that_is_judged() -> None:
    empty = span({**CHAT, **content("Where?", text("assistant"))})
    assert decide(empty.raw, gallery.templates()["failure_answer"]) == JUDGE
    assert decide(empty.raw, gallery.scorers()["helpfulness"]) == JUDGE
    assert decide(empty.raw, evaluator(needs=("output",))).reason == "missing_variable"


def test_a_prompt_needs_what_its_variables_name() -> None:
    prompt = Prompt(
        system="{{span.system_prompt}}", user="{{span.output}} {{tenant}} {{span.attributes['a.b']}}"
    )
    one = evaluator(prompt=prompt, variables={"tenant": "app.tenant"})
    told = "the span has no system_prompt, tenant (attribute app.tenant), attribute a.b"
    assert why(chat(), one) == ("missing_variable", told)
    system = {"gen_ai.system_instructions": '[{"type": "text", "content": "Be kind."}]'}
    full = span(
        {**CHAT, **content("a", "b"), **system, "app.tenant": "x"}, resource={"a.b": "of the resource"}
    )
    assert decide(full.raw, one) == JUDGE


def test_needs_overrule_the_fields_of_a_prompt_and_not_its_attributes() -> None:
    prompt = Prompt(user="{{span.output}} {{span.context}} {{tenant}}")
    one = evaluator(prompt=prompt, variables={"tenant": "app.tenant"}, needs=("output",))
    assert why(chat(), one)[1] == "the span has no tenant (attribute app.tenant)"


def test_a_zero_is_a_value() -> None:
    one = evaluator(prompt=Prompt(user="{{retries}}"), variables={"retries": "app.retries"})
    assert decide(span({**CHAT, "app.retries": 0}).raw, one) == JUDGE


def test_retrieved_documents_of_the_trace_count_at_judging_time() -> None:
    documents = '[{"id": "1", "score": 0.5, "content": "Within 30 days."}]'
    found = span({**RETRIEVAL, "gen_ai.retrieval.documents": documents}, parent=7, at=0, lasts=1)
    asked = chat(parent=7, at=2)
    faithful = gallery.metrics()["faithfulness"]
    alone = decide(asked.raw, faithful)
    assert (alone.reason, alone.may_change) == ("missing_variable", True)
    target = Target(trace_id=asked.raw.trace_id, span_id=asked.raw.span_id)
    reading = read_target(target, Material(spans=stored([asked]), retrievals=stored([found])))
    assert [document.content for document in reading.subject.context] == ["Within 30 days."]
    assert decide_target(reading, faithful) == JUDGE


def test_a_trace_is_in_scope_by_any_of_its_spans() -> None:
    gateway = span(number=1, name="POST /ask", service="gateway")
    agent = chat(number=2, parent=1, at=0.1, lasts=0.5)
    one = evaluator(
        target="trace", services=("travel",), rules=[("gen_ai.request.model", "equals", "gpt-4o")]
    )
    assert whole("trace", one, gateway, agent) == JUDGE
    other = evaluator(target="trace", services=("desk",))
    decision = whole("trace", other, gateway, agent)
    assert decision.reason == "not_matched"
    assert (
        decision.detail
        == "no span of the trace fits; of “chat gpt-4o”: the service is travel; judged are only desk"
    )


def test_rules_and_services_must_hold_on_one_span() -> None:
    one = evaluator(target="trace", services=("gateway",), rules=[("gen_ai.request.model", "exists", None)])
    gateway = span(number=1, name="POST /ask", service="gateway")
    assert not whole("trace", one, gateway, chat(number=2, parent=1)).judge


def test_a_trace_without_genai_is_none_of_our_business() -> None:
    assert (
        whole("trace", evaluator(target="trace"), span(name="GET /")).detail
        == "nothing in the trace is about GenAI"
    )


def test_targets_are_not_mixed_up() -> None:
    decision = whole("trace", evaluator(), chat())
    assert (decision.reason, decision.detail) == ("not_matched", "it judges spans, and this is a trace")


def test_sessions_are_sampled_by_their_own_id() -> None:
    one = evaluator(target="session", sampling=50)
    decisions = {whole("session", one, chat(trace=trace)).judge for trace in range(1, 20)}
    assert len(decisions) == 1


def test_a_failed_trace_is_judged_when_it_answered_all_the_same() -> None:
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"}
    one = evaluator(target="trace")
    root = span(agent, number=1, failed=True)
    assert whole("trace", one, root, chat(number=2, parent=1)) == JUDGE
    assert whole("trace", one, root, span(CHAT, number=2, parent=1, failed=True)).reason == "span_error"


def test_late_log_events_of_a_stored_span_count() -> None:
    late = span(CHAT)
    events = [
        log(late, "gen_ai.user.message", {"content": "Where?"}, gen_ai__system="openai"),
        log(late, "gen_ai.choice", {"content": "Here."}, gen_ai__system="openai"),
    ]
    target = Target(trace_id=late.raw.trace_id, span_id=late.raw.span_id)
    assert decide_target(read_target(target, Material(spans=stored([late], events))), evaluator()).judge


@pytest.mark.parametrize("folder", sorted(found.name for found in CAPTURES.iterdir() if found.is_dir()))
def test_of_a_real_chat_exactly_one_span_is_judged(folder: str) -> None:
    """Whatever the instrumentation; one of them (autogen) records agents and no model call."""
    spans, logs = capture(folder, "chat")
    read = {
        one.raw.span_id: normalize(
            one.raw, [log.event for log in logs if log.event.span_id == one.raw.span_id]
        )
        for one in spans
    }
    tree, helpful = SpanTree(read.values()), gallery.scorers()["helpfulness"]
    fitting = [
        one.raw for one in spans if decide(one.raw, helpful, lambda raw=one.raw: read[raw.span_id]).judge
    ]
    judged = [raw.name for raw in fitting if tree.judged_instead_of(read[raw.span_id]) is None]
    assert len(judged) == (0 if folder == "autogen" else 1), judged

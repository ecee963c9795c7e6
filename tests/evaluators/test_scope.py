"""Scopes on spans: where values come from, and what is said when a clause does not hold."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.evaluators.evaluator import Operator, Rule, Scope
from spanjudge.evaluators.scope import ScopeMatcher
from spanjudge.evaluators.span_values import Seen, holds_content
from spanjudge.spans.otlp import read_file
from spanjudge.spans.raw import RawSpan, Resource

CAPTURES = Path(__file__).parent.parent / "data" / "otlp"


def span(**attributes: Any) -> RawSpan:
    return RawSpan(
        trace_id="0" * 31 + "1",
        span_id="0" * 15 + "2",
        parent_span_id="0" * 15 + "1",
        name="chat gpt-4o",
        kind=3,
        start_ns=1_000_000_000,
        end_ns=1_250_000_000,
        status_code=1,
        status_message="fine",
        resource=Resource(service="travel", attributes={"service.name": "travel", "region": "eu"}),
        scope="openai.v2",
        scope_version="1.3b0",
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
    )


def mismatch(raw: RawSpan, *rules: tuple[str, Operator, Any], services: tuple[str, ...] = ()) -> str | None:
    made = tuple(Rule(attribute=key, operator=operator, value=value) for key, operator, value in rules)
    matcher = ScopeMatcher(Scope(services=services, rules=made))
    told = matcher.mismatch(Seen(raw))
    assert matcher.matches(Seen(raw)) == (told is None)
    return told


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("name", "chat gpt-4o"),
        ("kind", "client"),
        ("kind", "CLIENT"),
        ("kind", "SPAN_KIND_CLIENT"),
        ("kind", 3),
        ("status", "ok"),
        ("status", "STATUS_CODE_OK"),
        ("status", 1),
        ("status_message", "fine"),
        ("span_id", "0" * 15 + "2"),
        ("trace_id", "0" * 31 + "1"),
        ("parent_span_id", "0" * 15 + "1"),
        ("duration_ms", 250),
        ("service.name", "travel"),
        ("scope.name", "openai.v2"),
        ("scope.version", "1.3b0"),
        ("resource.region", "eu"),
        ("region", "eu"),
        ("app.tier", "gold"),
        ("attributes.name", "inner"),
        ("resource.name", "mine"),
    ],
)
def test_where_a_value_comes_from(attribute: str, value: Any) -> None:
    raw = span(app__tier="gold", name="inner", resource__name="mine")
    assert mismatch(raw, (attribute, "equals", value)) is None


def test_the_spans_attribute_goes_before_the_resources() -> None:
    assert mismatch(span(region="us"), ("region", "equals", "us")) is None


def test_kinds_can_be_listed() -> None:
    assert mismatch(span(), ("kind", "in", ["SPAN_KIND_SERVER", "client"])) is None


def test_root_spans() -> None:
    rule: tuple[str, Operator, Any] = ("parent_span_id", "equals", "")
    root = span()
    root.parent_span_id = ""
    assert mismatch(root, rule) is None
    assert mismatch(span(), rule) == f'rule 1, parent_span_id equals "": it is "{"0" * 15}1"'


def test_all_rules_must_hold_and_the_first_that_does_not_is_told() -> None:
    told = mismatch(span(), ("name", "exists", None), ("kind", "equals", "server"), ("status", "equals", 2))
    assert told == 'rule 2, kind equals "server": it is "client"'


def test_services() -> None:
    assert mismatch(span(), services=("travel",)) is None
    assert mismatch(span(), services=("a", "b")) == "the service is travel; judged are only a, b"
    many = tuple(f"s{number}" for number in range(9))
    assert (
        mismatch(span(), services=many)
        == "the service is travel; judged are only s0, s1, s2, s3, s4 and 4 more"
    )


@pytest.mark.parametrize(
    ("attributes", "rule", "told"),
    [
        (
            {},
            ("app.tier", "equals", "gold"),
            'rule 1, app.tier equals "gold": the span has no such attribute',
        ),
        ({"a": ""}, ("a", "exists", None), "rule 1, a exists: it is empty"),
        ({"n": 7}, ("n", "greater", 10), "rule 1, n greater 10: it is 7"),
        ({"l": ["x"]}, ("l", "not_contains", "x"), 'rule 1, l not contains "x": it is ["x"]'),
    ],
)
def test_what_is_said(attributes: dict[str, Any], rule: tuple[str, Operator, Any], told: str) -> None:
    assert mismatch(span(**attributes), rule) == told


def test_content_is_never_said() -> None:
    raw = span(gen_ai__input__messages="my password is hunter2", input__value="hunter2", note="hunter2" * 20)
    for key in ("gen_ai.input.messages", "input.value", "note"):
        told = mismatch(raw, (key, "contains", "apple"))
        assert told is not None
        assert "hunter2" not in told
        assert "it holds something else" in told


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("gen_ai.prompt.0.content", True),
        ("gen_ai.completion", True),
        ("llm.input_messages.0.message.content", True),
        ("output.value", True),
        ("ai.response.text", True),
        ("gen_ai.tool.call.arguments", True),
        ("traceloop.entity.input", True),
        ("mlflow.spanOutputs", True),
        ("langfuse.observation.output", True),
        ("status_message", True),
        ("gen_ai.request.model", False),
        ("gen_ai.usage.input_tokens", False),
        ("gen_ai.operation.name", False),
        ("gen_ai.response.id", False),
        ("gen_ai.output.type", False),
        ("input.mime_type", False),
        ("app.tier", False),
        ("duration_ms", False),
    ],
)
def test_which_attributes_hold_content(key: str, content: bool) -> None:  # noqa: FBT001  a row of the table
    assert holds_content(key) is content


@pytest.mark.parametrize(
    ("capture", "operation", "provider"),
    [
        ("genai-openai/chat.json", "chat", "openai"),
        ("openinference-openai/chat.json", "chat", "openai"),
        ("traceloop-old-openai/chat.json", "chat", "openai"),
        ("langfuse-openai/chat.json", "chat", None),
        ("mlflow-openai/chat.json", "chat", None),
        ("vercel-ai-sdk/chat.json", "chat", "openai"),
    ],
)
def test_the_same_rule_fits_every_dialect(capture: str, operation: str, provider: str | None) -> None:
    """What a rule calls `gen_ai.…` is found also where the span calls or spells it otherwise."""
    rules: list[tuple[str, Operator, Any]] = [
        ("gen_ai.operation.name", "equals", operation),
        ("gen_ai.request.model", "starts_with", "gpt-4o"),
        ("gen_ai.response.model", "starts_with", "gpt-4o"),
    ]
    if provider:
        rules.append(("gen_ai.provider.name", "equals", provider))
    told = [mismatch(received.raw, *rules) for received in read_file(CAPTURES / capture).spans]
    assert None in told, told


@given(
    st.dictionaries(st.text(max_size=12), st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text())))
)
def test_any_attributes_can_be_matched(attributes: dict[str, Any]) -> None:
    raw = RawSpan(trace_id="1" * 32, span_id="2" * 16, attributes=attributes)
    for key in (*attributes, "gen_ai.request.model", "gen_ai.operation.name"):
        if key.strip():
            told = mismatch(raw, (key, "equals", "no such value"), (key, "not_equals", "no such value"))
            assert told is not None

"""Every expectation of every capture of a real instrumentation holds."""

from typing import Any

import pytest

from spanjudge.spans.facts import facts
from spanjudge.spans.span import Span
from tests.spans.captures import OTLP, Capture, capture, expectations

NOT_A_FIELD = {"span_id", "notes"}
"""What finds the span, and what a person wrote about it."""

MISTAKEN: dict[tuple[str, str, str, str], str] = {}
"""Folder, scenario, span and field of expectations that are mistakes, with the reason. There are none."""


def seen(span: Span, read: Capture) -> dict[str, Any]:
    """The span in the words of the expectations."""
    used = span.usage
    return {
        "span_name": span.name,
        "scope": span.scope,
        "operation": span.operation,
        "kind": span.kind,
        "provider": span.provider,
        "framework": span.framework,
        "request_model": span.request_model,
        "response_model": span.response_model,
        "system_prompt": span.system_prompt,
        "input_text": span.input_text,
        "output_text": span.output_text,
        "tool_definitions": [tool.name for tool in span.tools],
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in span.tool_calls],
        "usage": {"input": used.input, "output": used.output} if used else None,
        "input_texts": list(span.input_texts),
        "tool_name": span.tool_name,
        "tool_arguments": span.tool_arguments,
        "tool_result": span.tool_result,
        "context": [document.content for document in span.context],
        "error": span.error is not None,
        "same_call_as_parent": read.tree.same_call_as_parent(span),
    }


def wanted(row: dict[str, Any]) -> dict[str, Any]:
    """What is expected of a span; what is left out of an expectation is not on the span either."""
    unsaid: dict[str, Any] = {"error": False, "same_call_as_parent": False, "kind": None}
    if row["operation"] is not None:
        unsaid["framework"] = None
    return {field: value for field, value in {**unsaid, **row}.items() if field not in NOT_A_FIELD}


@pytest.mark.parametrize(
    ("folder", "scenario", "row"),
    [
        pytest.param(folder, scenario, row, id=f"{folder}/{scenario}/{row['span_name']}-{row['span_id'][:4]}")
        for folder, scenario, row in expectations()
    ],
)
def test_what_is_expected_of_a_span_holds(folder: str, scenario: str, row: dict[str, Any]) -> None:
    read = capture(folder, scenario)
    found = seen(read.spans[row["span_id"]], read)

    wrong = {
        field: f"is {found[field]!r}, expected is {value!r}"
        for field, value in wanted(row).items()
        if found[field] != value and (folder, scenario, row["span_id"], field) not in MISTAKEN
    }

    assert not wrong


def test_all_captures_are_looked_at() -> None:
    folders = {folder for folder, _, _ in expectations()}

    assert len(folders) == 22
    assert len(list(expectations())) == 242
    assert folders == {path.name for path in OTLP.iterdir() if path.is_dir()}


def test_spans_that_are_not_expected_are_plumbing_or_not_about_genai() -> None:
    expected = {(folder, scenario, row["span_id"]) for folder, scenario, row in expectations()}
    for folder, scenario in {(folder, scenario) for folder, scenario, _ in expectations()}:
        for span_id, span in capture(folder, scenario).spans.items():
            if (folder, scenario, span_id) not in expected:
                assert span.operation is None
                assert span.kind in (None, "chain")
                assert not span.has_content


def test_plumbing_below_the_root_has_no_content() -> None:
    below = [
        span
        for folder, scenario, row in expectations()
        if row.get("kind") == "chain"
        and (span := capture(folder, scenario).spans[row["span_id"]]).parent_span_id
    ]

    assert len(below) > 20
    assert not any(span.has_content for span in below)


def test_the_few_facts_agree_with_the_whole_reading() -> None:
    for folder, scenario, row in expectations():
        read = capture(folder, scenario)
        span, known = read.spans[row["span_id"]], facts(read.raws[row["span_id"]])

        assert (known.operation, known.kind) == (span.operation, span.kind)
        assert (known.provider, known.framework) == (span.provider, span.framework)
        assert known.is_model_call is span.is_model_call
        if known.model:
            assert known.model in (span.request_model, span.response_model)


@pytest.mark.parametrize(
    ("folder", "scenario", "dialect"),
    [
        ("genai-openai", "chat", "genai"),
        ("openai-v2-old", "chat", "genai_events"),
        ("traceloop-openai", "chat", "genai"),
        ("traceloop-old-openai", "chat", "openllmetry"),
        ("openlit-openai", "chat", "genai_events"),
        ("openinference-openai", "chat", "openinference"),
        ("langsmith-langchain", "chat", "langsmith"),
        ("langfuse-openai", "chat", "langfuse"),
        ("mlflow-openai", "chat", "mlflow"),
        ("vercel-ai-sdk", "chat", "vercel"),
        ("strands-latest", "chat", "genai"),
        ("splunk-langchain", "chat", "genai"),
    ],
)
def test_a_span_names_the_dialect_of_its_content(folder: str, scenario: str, dialect: str) -> None:
    answered = [span for span in capture(folder, scenario).spans.values() if span.is_model_call]

    assert {span.dialect for span in answered} == {dialect}


def test_no_bytes_of_the_picture_reach_a_span() -> None:
    for folder in ("genai-openai", "openai-v2-old", "openinference-openai"):
        (span,) = capture(folder, "multimodal").spans.values()

        assert "iVBORw0KGgo" not in repr(span)
        assert span.input_text == "What is the capital of France?"

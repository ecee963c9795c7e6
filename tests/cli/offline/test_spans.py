"""OTLP files: what is judged of them, and why the rest is not."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spanjudge.cli.offline.item import FileError, Item
from spanjudge.cli.offline.spans import items, read
from spanjudge.evaluators import gallery
from spanjudge.evaluators.evaluator import Evaluator, Rule, Scope

CAPTURES = Path(__file__).parents[2] / "data/otlp"
ANSWERED = gallery.templates()["failure_answer"]
TRACE = "0af7651916cd43dd8448eb211c80319c"


def captured(*names: str) -> list[Path]:
    return [CAPTURES / name for name in names]


def judged(files: list[Path], *evaluators: Evaluator, sample: bool = False) -> list[Item]:
    return items([read(file) for file in files], evaluators, sample=sample)


def scoped(evaluator: Evaluator, **scope: Any) -> Evaluator:
    return msgspec.structs.replace(evaluator, scope=Scope(**scope))


def reasons(found: list[Item]) -> dict[str, str]:
    return {item.name: item.not_judged[0].reason if item.not_judged else "" for item in found}


def chat(span_id: str, parent: str = "", *, answer: str = "Sunny.", **attributes: str) -> dict[str, Any]:
    """A model call as OTLP JSON."""
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}]
        ),
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}]
        ),
        **attributes,
    }
    return {
        "traceId": TRACE,
        "spanId": span_id,
        "parentSpanId": parent,
        "name": "chat m",
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001000000000",
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in told.items()],
    }


def recorded(path: Path, *spans: dict[str, Any]) -> Path:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "weather"}}]}
    request = {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "x"}, "spans": spans}]}]
    }
    file = path / "spans.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("template", "files"),
    [
        ("toxicity", ("genai-openai/chat.json",)),
        ("prompt_injection", ("openinference-openai/chat.json",)),
        ("topic_relevancy", ("traceloop-openai/chat.json",)),
        ("sentiment_analysis", ("vercel-ai-sdk/chat.json",)),
        ("failure_answer", ("openai-v2-old/chat.json", "openai-v2-old/chat.logs.json")),
        ("failure_answer_boolean", ("langsmith-langchain/chat.json",)),
        ("goal_completeness", ("google-adk/multi_turn.json", "google-adk/multi_turn.logs.json")),
        ("tool_selection_relevance", ("openinference-langchain/tools.json",)),
        ("tool_argument_correctness", ("genai-openai/tools.json",)),
    ],
)
def test_every_template_judges_real_spans_as_it_is(template: str, files: tuple[str, ...]) -> None:
    evaluator = gallery.templates()[template]
    found = [item for item in judged(captured(*files), evaluator) if item.evaluators]
    assert found
    assert all(item.target.kind == evaluator.target for item in found)
    assert all(item.subject.has(need) for item in found for need in evaluator.needs)


def test_calls_without_a_tool_are_not_judged_for_their_tools() -> None:
    evaluator = gallery.templates()["tool_selection_relevance"]
    found = {item.name: item for item in judged(captured("openinference-langchain/tools.json"), evaluator)}
    assert [name for name, item in found.items() if item.evaluators] == ["7c3aeabdfc50570f"]
    answered = found["78e5dee805af98ef"].not_judged[0]
    assert (answered.reason, answered.detail) == ("missing_variable", "the span has no tool_calls")


def test_log_records_are_joined_wherever_they_are() -> None:
    alone = reasons(judged(captured("openai-v2-old/chat.json"), ANSWERED))
    joined = reasons(judged(captured("openai-v2-old/chat.logs.json", "openai-v2-old/chat.json"), ANSWERED))
    assert set(alone.values()) == {"no_content"}
    assert set(joined.values()) == {""}


def test_a_call_recorded_twice_is_judged_once(tmp_path: Path) -> None:
    outer, inner = "b7ad6b7169203331", "b7ad6b7169203332"
    file = recorded(tmp_path, chat(outer), chat(inner, outer))
    found = judged([file], ANSWERED)
    assert reasons(found) == {outer: "same_call", inner: ""}
    assert found[0].not_judged[0].detail == f"span {inner} records the same call and is judged"
    only_outer = scoped(ANSWERED, rules=(Rule(attribute="span_id", operator="equals", value=outer),))
    assert reasons(judged([file], only_outer)) == {outer: "", inner: "not_matched"}


def test_a_span_sent_twice_is_one(tmp_path: Path) -> None:
    file = recorded(tmp_path, chat("b7ad6b7169203331"), chat("b7ad6b7169203331", answer="Later."))
    (item,) = judged([file, file], ANSWERED)
    assert (item.subject.output, item.service) == ("Sunny.", "weather")


def test_all_that_matches_is_judged_unless_a_sample_is_wanted(tmp_path: Path) -> None:
    file = recorded(tmp_path, chat("b7ad6b7169203331"))
    rare = scoped(ANSWERED, sampling=0.0)
    (item,) = judged([file], rare)
    assert item.evaluators == (rare,), "the version is not another one"
    assert reasons(judged([file], rare, sample=True)) == {"b7ad6b7169203331": "sampled_out"}


def test_services_and_rules_are_kept_to(tmp_path: Path) -> None:
    file = recorded(tmp_path, chat("b7ad6b7169203331"))
    (item,) = judged([file], scoped(ANSWERED, services=("shop",)))
    assert item.not_judged[0].detail == "the service is weather; judged are only shop"


def test_traces_and_sessions_are_judged_whole(tmp_path: Path) -> None:
    session = {"gen_ai.conversation.id": "talk-1"}
    file = recorded(tmp_path, chat("b7ad6b7169203331", **session), chat("b7ad6b7169203332", **session))
    whole = msgspec.structs.replace(gallery.scorers()["coherence"], target="trace")
    found = judged([file], whole, gallery.templates()["goal_completeness"])
    assert [(item.target.kind, item.name) for item in found if item.evaluators] == [
        ("trace", TRACE),
        ("session", "talk-1"),
    ]


def test_what_is_no_otlp(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(FileError, match="is a ZIP archive"):
        read(tmp_path / "a.bin")

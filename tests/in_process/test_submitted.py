"""Results computed elsewhere leave as the server's own records; what cannot be meant is an error at once."""

import math
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import INVALID_SPAN, Tracer

import spanjudge
from spanjudge.in_process.submitted import submit_evaluation
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.usage import Usage
from spanjudge.telemetry.evaluated import Evaluated, Target
from spanjudge.telemetry.result_record import record_of
from tests.exporters.outcomes import SPAN
from tests.in_process.telemetry_out import TelemetryOut, plain

IDS = {"trace_id": SPAN.trace_id, "span_id": SPAN.span_id}


@pytest.fixture
def out() -> Iterator[TelemetryOut]:
    with TelemetryOut() as made:
        yield made


@pytest.fixture
def tracer() -> Tracer:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
    return provider.get_tracer("application")


def submitted(out: TelemetryOut, *given: Any, **fields: Any) -> dict[str, Any]:
    """The attributes of the one record that this makes."""
    submit_evaluation(*given, **IDS, **fields, **out.providers)
    return dict(out.records()[-1].attributes)


def test_it_is_the_record_the_server_exports(out: TelemetryOut) -> None:
    given = submit_evaluation(
        "faithfulness",
        0.25,
        **IDS,
        label="Not Faithful",
        verdict="fail",
        explanation="It names a parcel that is not there.",
        response_id="chatcmpl-1",
        service="shop",
        session_id="talk-1",
        judge_provider="openai",
        judge_model="gpt-4o-mini",
        cost_usd=0.001,
        usage={"input": 700, "output": 40},
        **out.providers,
    )
    (record,) = out.records()
    expected = record_of(
        Evaluated(
            id=given,
            outcome=EvaluationResult(
                evaluator="faithfulness",
                evaluator_version="",
                value=0.25,
                score_value=0.25,
                score_label="Not Faithful",
                verdict="fail",
                explanation="It names a parcel that is not there.",
                judge_provider="openai",
                judge_model="gpt-4o-mini",
                cost_usd=0.001,
                usage=Usage(input=700, output=40),
                evaluator_name="submitted",
            ),
            target=Target(trace_id=SPAN.trace_id, span_id=SPAN.span_id, session_id="talk-1"),
            service="shop",
            response_id="chatcmpl-1",
            time_ns=record.timestamp,
        )
    )
    assert plain(record.attributes) == expected.attributes
    assert dict(record.body) == expected.body
    assert (record.event_name, record.severity_text) == (expected.event_name, "INFO")
    assert trace.format_trace_id(record.trace_id) == SPAN.trace_id
    assert trace.format_span_id(record.span_id) == SPAN.span_id
    points = out.points()
    assert points["gen_ai.evaluation.score"][0].sum == 0.25
    assert points["gen_ai.evaluation.cost"][0].value == 0.001


def test_an_error_is_the_servers_error(out: TelemetryOut) -> None:
    given = submit_evaluation(
        "faithfulness", error="the model was down", error_type="judge_unavailable", **IDS, **out.providers
    )
    (record,) = out.records()
    outcome = EvaluationFailure(
        evaluator="faithfulness",
        evaluator_version="",
        code="judge_unavailable",
        message="the model was down",
        evaluator_name="submitted",
    )
    expected = record_of(Evaluated(id=given, outcome=outcome, target=SPAN, time_ns=record.timestamp))
    assert plain(record.attributes) == expected.attributes
    assert record.severity_text == "WARN"
    assert "gen_ai.evaluation.score" not in out.points()
    assert submitted(out, "x", error=ValueError("too long"))["error.message"] == "ValueError: too long"
    assert submitted(out, "x", error=TimeoutError())["error.message"] == "TimeoutError"


@pytest.mark.parametrize(
    ("value", "fields", "score", "label", "verdict"),
    [
        (True, {}, 1.0, None, "pass"),
        (False, {"label": "Thumbs down"}, 0.0, "Thumbs down", "fail"),
        (True, {"acceptance": {"pass_when": False}}, 1.0, None, "fail"),
        (4, {}, 4.0, None, None),
        (4, {"acceptance": {"min": 4}, "label": "Good"}, 4.0, "Good", "pass"),
        (0.1, {"verdict": "pass"}, 0.1, None, "pass"),
        ("Rude", {}, None, "Rude", None),
        ("Rude", {"acceptance": {"pass_values": ["Friendly"]}}, None, "Rude", "fail"),
    ],
)
def test_values_of_every_kind(  # noqa: PLR0917  one for each column
    out: TelemetryOut,
    value: object,
    fields: dict[str, Any],
    score: float | None,
    label: str | None,
    verdict: str | None,
) -> None:
    found = submitted(out, "feedback", value, **fields)
    assert found.get("gen_ai.evaluation.score.value") == score
    assert found.get("gen_ai.evaluation.score.label") == label
    assert found.get("gen_ai.evaluation.verdict") == verdict
    assert found.get("gen_ai.evaluation.passed") == (None if verdict is None else verdict == "pass")


def test_ids_may_be_integers_or_text_of_any_case(out: TelemetryOut) -> None:
    for ids in (
        {"trace_id": int(SPAN.trace_id, 16), "span_id": int(SPAN.span_id, 16)},
        {"trace_id": SPAN.trace_id.upper(), "span_id": f"0x{SPAN.span_id}"},
    ):
        submit_evaluation("feedback", True, **ids, **out.providers)  # noqa: FBT003  it is the answer itself
    for record in out.records():
        assert record.attributes["eval.target.trace_id"] == SPAN.trace_id
        assert record.attributes["eval.target.span_id"] == SPAN.span_id


def test_each_submission_is_a_result_of_its_own(out: TelemetryOut) -> None:
    ids = {submit_evaluation("feedback", True, **IDS, **out.providers) for _ in range(3)}  # noqa: FBT003  it is the answer itself
    assert {record.attributes["gen_ai.evaluation.result.id"] for record in out.records()} == ids
    assert len(ids) == 3


def test_a_span_tells_its_ids_service_and_response(out: TelemetryOut, tracer: Tracer) -> None:
    with tracer.start_as_current_span("chat", attributes={"gen_ai.response.id": "chatcmpl-7"}) as span:
        submit_evaluation("feedback", value=True, **out.providers)
    submit_evaluation("feedback", value=True, span=span, **out.providers)
    submit_evaluation("feedback", value=True, span=span.get_span_context(), service="other", **out.providers)
    current, ended, context = (record.attributes for record in out.records())
    for one in (current, ended, context):
        assert one["eval.target.span_id"] == trace.format_span_id(span.get_span_context().span_id)
    for one in (current, ended):
        assert one["eval.target.service"] == "shop"
        assert one["gen_ai.response.id"] == "chatcmpl-7"
    assert context["eval.target.service"] == "other"
    assert {record.trace_flags for record in out.records()} == {1}


def test_a_trace_and_a_session_can_be_meant(out: TelemetryOut) -> None:
    submit_evaluation("solved", value=True, trace_id=SPAN.trace_id, **out.providers)
    submit_evaluation("solved", value=True, session_id="talk-1", **out.providers)
    of_trace, of_session = out.records()
    assert of_trace.attributes["eval.target.kind"] == "trace"
    assert trace.format_trace_id(of_trace.trace_id) == SPAN.trace_id
    assert of_trace.span_id == 0
    assert of_session.attributes["eval.target.kind"] == "session"
    assert of_session.attributes["eval.target.session_id"] == "talk-1"
    assert of_session.trace_id == 0


def test_where_tracing_is_off_the_record_names_no_span_and_the_log_says_so(
    out: TelemetryOut, caplog: pytest.LogCaptureFixture
) -> None:
    submit_evaluation("feedback", value=True, **out.providers)
    submit_evaluation("feedback", value=True, span=INVALID_SPAN, **out.providers)
    assert [record.trace_id for record in out.records()] == [0, 0]
    assert {"feedback"} == {record.attributes["gen_ai.evaluation.name"] for record in out.records()}
    assert "submitted where no span is current" in caplog.text


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"trace_id": "abc"}, ValueError, "trace_id is 32 hexadecimal digits"),
    ({"trace_id": "0" * 32}, ValueError, "not zero"),
    ({"trace_id": 0}, ValueError, "not zero"),
    ({"trace_id": -1}, ValueError, "32 hexadecimal"),
    ({"trace_id": 1 << 128}, ValueError, "32 hexadecimal"),
    ({"trace_id": "g" * 32}, ValueError, "32 hexadecimal"),
    ({"trace_id": "١" * 32}, ValueError, "32 hexadecimal"),
    ({"trace_id": True}, TypeError, "trace_id is hexadecimal text or an integer, not bool"),
    ({"trace_id": b"1"}, TypeError, "not bytes"),
    ({"span_id": "1"}, ValueError, "span_id is 16"),
    ({"trace_id": None}, ValueError, "without trace_id"),
    ({"span": INVALID_SPAN}, ValueError, "span and ids"),
    ({"trace_id": None, "span_id": None, "span": "abc"}, TypeError, "not str"),
    ({"value": None}, ValueError, "give a value"),
    ({"error": "down"}, ValueError, "error and value"),
    ({"value": None, "error": "down", "explanation": "so"}, ValueError, "error and explanation"),
    ({"value": None, "error": "down", "verdict": "fail"}, ValueError, "error and verdict"),
    ({"value": None, "error": 3}, TypeError, "error is text"),
    ({"value": None, "error": "down", "error_type": "timeout"}, ValueError, "there is no “timeout”"),
    ({"value": math.nan}, ValueError, "not a finite number"),
    ({"value": -math.inf}, ValueError, "not a finite number"),
    ({"value": 10**400}, ValueError, "not a finite number"),
    ({"value": " "}, ValueError, "empty label"),
    ({"value": {}}, TypeError, "not dict"),
    ({"value": "Rude", "label": "Friendly"}, ValueError, "the value is the label"),
    ({"verdict": "passed"}, ValueError, "“pass” or “fail”"),
    ({"verdict": "pass", "acceptance": {"pass_when": True}}, ValueError, "both given"),
    ({"acceptance": {"min": 0.5}}, ValueError, "does not fit"),
    ({"acceptance": {"minimum": 0.5}}, ValueError, "minimum"),
    ({"name": "user feedback"}, ValueError, "cannot be an evaluator's name"),
    ({"name": ""}, ValueError, "cannot be an evaluator's name"),
    ({"name": 3}, TypeError, "name is text"),
    ({"explanation": 3}, TypeError, "explanation is text"),
    ({"label": 3}, TypeError, "label is text"),
    ({"service": 3}, TypeError, "service is text"),
    ({"cost_usd": -1}, ValueError, "cost_usd"),
    ({"cost_usd": math.nan}, ValueError, "cost_usd"),
    ({"usage": {"tokens": 3}}, ValueError, "usage"),
]


@pytest.mark.parametrize(("fields", "error", "words"), WRONG)
def test_what_cannot_be_meant_is_an_error_and_nothing_is_recorded(
    out: TelemetryOut, fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    given: dict[str, Any] = {"name": "feedback", "value": True, **IDS, **fields}
    with pytest.raises(error, match=re.escape(words)):
        submit_evaluation(**given, **out.providers)
    assert out.records() == []


def test_threads_submit_at_once(out: TelemetryOut, tracer: Tracer) -> None:
    go = threading.Barrier(8)

    def submit() -> None:
        with tracer.start_as_current_span("chat"):
            go.wait()
            for _ in range(25):
                submit_evaluation("feedback", value=True, **out.providers)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = [record.attributes["eval.target.span_id"] for record in out.records()]
    assert sorted(map(spans.count, set(spans))) == [25] * 8


GLOBAL = """
import warnings
warnings.simplefilter("error")
from opentelemetry._logs import set_logger_provider
import spanjudge
from tests.in_process.telemetry_out import TelemetryOut

warnings.simplefilter("error")
ids = {"trace_id": 7, "span_id": 7}
spanjudge.submit_evaluation("feedback", True, **ids)
out = TelemetryOut()
set_logger_provider(out.logger_provider)
spanjudge.submit_evaluation("feedback", True, **ids)
out.logger_provider.shutdown()
print(len(out.records()))
"""


def test_the_applications_own_providers_are_used() -> None:
    done = subprocess.run([sys.executable, "-c", GLOBAL], capture_output=True, text=True, check=False)  # noqa: S603  our own interpreter and script
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_it_is_a_public_name() -> None:
    assert spanjudge.submit_evaluation is submit_evaluation

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from spanjudge.exporters import otlp_wire
from spanjudge.telemetry.evaluated import Evaluated, Target
from spanjudge.telemetry.result_record import record_of
from spanjudge.version import __version__
from tests.exporters.otlp_receiver import attributes, native
from tests.exporters.outcomes import NOW, SPAN, boolean, category, evaluated, failure, many, score

RESOURCE = otlp_wire.resource({"service.name": "spanjudge", "deployment.environment.name": "test"})


def log_records(batch: list[Evaluated]) -> list[Any]:
    request = ExportLogsServiceRequest.FromString(otlp_wire.logs_request(batch, RESOURCE))
    (resource,) = request.resource_logs
    (scope,) = resource.scope_logs
    return list(scope.log_records)


def data_points(batch: list[Evaluated]) -> dict[str, list[Any]]:
    request = ExportMetricsServiceRequest.FromString(otlp_wire.metrics_request(batch, RESOURCE))
    (resource,) = request.resource_metrics
    (scope,) = resource.scope_metrics
    return {metric.name: list(metric.gauge.data_points) for metric in scope.metrics}


def value_of(point: Any) -> float:
    return getattr(point, point.WhichOneof("value"))


def same_as_record(one: Evaluated) -> None:
    """What arrives is what `record_of` says."""
    expected = record_of(one)
    (record,) = log_records([one])
    assert attributes(record.attributes) == expected.attributes
    assert native(record.body) == expected.body
    assert record.event_name == expected.event_name
    assert (record.severity_text, record.severity_number) == (
        expected.severity_text,
        expected.severity_number,
    )
    assert record.time_unix_nano == record.observed_time_unix_nano == expected.time_ns
    assert (record.trace_id.hex(), record.span_id.hex()) == (expected.trace_id, expected.span_id)
    points = data_points([one])
    assert list(points) == [point.gauge.name for point in expected.points]
    for point in expected.points:
        (found,) = points[point.gauge.name]
        assert value_of(found) == point.value
        assert attributes(found.attributes) == point.attributes
        assert found.time_unix_nano == point.time_ns


def test_results_arrive_as_they_are_recorded() -> None:
    for outcome in (category(), boolean(value=True), score(0.25), failure(), category(truncated=("input",))):
        same_as_record(evaluated(outcome))
    same_as_record(evaluated(category(explanation="long " * 20_000), generation=3))
    same_as_record(evaluated(category(), target=Target(kind="session", session_id="talk")))


@given(
    texts=st.tuples(*[st.text(max_size=300)] * 4),
    number=st.floats(allow_nan=False, allow_infinity=False),
    tokens=st.integers(0, 2**40),
    generation=st.integers(0, 2**31),
    time_ns=st.integers(0, 2**63 - 1_000_000),
)
def test_any_content_survives(
    texts: tuple[str, ...], number: float, tokens: int, generation: int, time_ns: int
) -> None:
    name, label, explanation, service = texts
    outcome = score(number, evaluator=name, score_label=label, explanation=explanation, cost_usd=abs(number))
    assert outcome.usage is not None
    outcome = msgspec.structs.replace(outcome, usage=msgspec.structs.replace(outcome.usage, input=tokens))
    same_as_record(evaluated(outcome, service=service, generation=generation, time_ns=time_ns))


def test_half_a_surrogate_pair_spoils_nothing() -> None:
    (record,) = log_records([evaluated(category(explanation="broken \ud83d here"))])
    assert attributes(record.attributes)["gen_ai.evaluation.explanation"] == "broken ? here"


def test_who_exports_and_with_what() -> None:
    logs = ExportLogsServiceRequest.FromString(otlp_wire.logs_request(many(1), RESOURCE)).resource_logs[0]
    metrics = ExportMetricsServiceRequest.FromString(
        otlp_wire.metrics_request(many(1), RESOURCE)
    ).resource_metrics[0]
    for sent, scope in ((logs, logs.scope_logs[0].scope), (metrics, metrics.scope_metrics[0].scope)):
        assert attributes(sent.resource.attributes) == {
            "service.name": "spanjudge",
            "deployment.environment.name": "test",
        }
        assert (scope.name, scope.version) == ("spanjudge", __version__)
    assert {metric.name: metric.unit for metric in metrics.scope_metrics[0].metrics} == {
        "gen_ai.evaluations.count": "1",
        "gen_ai.evaluations.score": "1",
        "gen_ai.evaluations.outcome": "1",
        "gen_ai.evaluations.cost.usd": "USD",
    }


def test_every_evaluation_has_a_data_point_of_its_own() -> None:
    points = data_points(many(500))
    assert {name: len(found) for name, found in points.items()} == {
        "gen_ai.evaluations.count": 500,
        "gen_ai.evaluations.score": 500,
        "gen_ai.evaluations.outcome": 500,
        "gen_ai.evaluations.cost.usd": 500,
    }
    for found in points.values():
        assert len({point.time_unix_nano for point in found}) == 500


def test_the_same_result_twice_still_has_two_data_points() -> None:
    points = data_points([evaluated(category(), id="not hexadecimal"), evaluated(category(), id="nor this")])
    times = [point.time_unix_nano for point in points["gen_ai.evaluations.count"]]
    assert times == [NOW, NOW + 1]


def test_data_points_name_the_judged_span() -> None:
    for found in data_points([evaluated(score(0.25))]).values():
        (point,) = found
        (exemplar,) = point.exemplars
        assert (exemplar.trace_id.hex(), exemplar.span_id.hex()) == (SPAN.trace_id, SPAN.span_id)
        assert (value_of(exemplar), exemplar.time_unix_nano) == (value_of(point), point.time_unix_nano)


def test_ids_that_are_none_are_left_out() -> None:
    for target in (
        Target(kind="trace", trace_id=SPAN.trace_id),
        Target(trace_id="abc", span_id=SPAN.span_id),
        Target(trace_id="no hexadecimal digits", span_id="nor here"),
    ):
        one = evaluated(category(), target=target)
        (record,) = log_records([one])
        assert record.trace_id.hex() == (target.trace_id if len(target.trace_id) == 32 else "")
        assert record.span_id == b""
        assert not data_points([one])["gen_ai.evaluations.count"][0].exemplars

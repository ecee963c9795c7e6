"""From anything that can be evaluated to an `Invocation`."""

from spanjudge.in_process.host.objects import host_invocation
from spanjudge.in_process.invocation import KIND_OF_OPERATION, Invocation, Seen
from spanjudge.judging.span_subject import subject_of
from spanjudge.judging.subject import Subject
from spanjudge.spans.raw import RawSpan
from spanjudge.spans.span import Span
from spanjudge.telemetry.evaluated import Target


def invocation_of(given: object) -> Invocation:
    """An invocation of what was given. Raises `TypeError`, which says what can be evaluated."""
    if isinstance(given, Invocation):
        return given
    if isinstance(given, Subject):
        return Invocation(kind="LLMInvocation", read=lambda: Seen(subject=given), source=given)
    if isinstance(given, Span):
        return Invocation(
            kind=KIND_OF_OPERATION.get(given.operation or "", "LLMInvocation"),
            read=lambda: Seen(subject=subject_of(given, RawSpan(trace_id="", span_id=""))),
            target=Target(trace_id=given.trace_id, span_id=given.span_id),
            service=given.service,
            source=given,
        )
    found = host_invocation(given)
    if found is None:
        raise TypeError(
            f"{type(given).__name__} cannot be evaluated: give a spanjudge.Subject, a Span, or an invocation "
            "of OpenTelemetry's GenAI utilities"
        )
    return found

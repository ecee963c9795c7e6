"""Invocations of the upstream `opentelemetry-util-genai` itself, which carries no types."""

from importlib import import_module
from typing import Any

from opentelemetry.sdk.trace import TracerProvider

from spanjudge.in_process.reading import invocation_of
from spanjudge.spans.span import MediaPart
from spanjudge.telemetry.evaluated import Target

upstream: Any = import_module("opentelemetry.util.genai.types")


def upstream_inference() -> Any:
    handler: Any = import_module("opentelemetry.util.genai.handler")
    return handler.TelemetryHandler(tracer_provider=TracerProvider()).inference(
        "openai", request_model="gpt-4o"
    )


def test_the_upstream_utilities_own_invocations() -> None:
    with upstream_inference() as inference:
        parts = [upstream.TextPart("Hi"), upstream.BlobPart("image/png", "image", b"x" * 2048)]
        inference.input_messages = [upstream.InputMessage("user", parts)]
        inference.output_messages = [upstream.OutputMessage("assistant", [upstream.TextPart("Ho")])]
        inference.system_instruction = [upstream.TextPart("Be brief.")]
        inference.response_id = "resp-2"
    found = invocation_of(inference)
    context = inference.span.get_span_context()
    assert found.kind == "LLMInvocation"
    assert found.target == Target(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")
    assert (found.subject.input, found.subject.output, found.subject.model) == ("Hi", "Ho", "gpt-4o")
    assert found.subject.system_prompt == "Be brief."
    assert found.subject.messages[0].parts[1] == MediaPart("image/png, about 2 KB, not shown")
    assert found.seen.response_id == "resp-2"


def test_a_failed_one_of_the_upstream_utilities() -> None:
    inference = upstream_inference()
    inference.fail(TimeoutError("late"))
    skip = invocation_of(inference).seen.skip
    assert skip is not None
    assert (skip.reason, "TimeoutError" in skip.message) == ("span_error", True)

"""How each instrumentation is told to record content: without it there is nothing to evaluate.

Sources: each project's documentation of its settings.
"""

from spanjudge.spans.span import Span

_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_SPAN_ONLY = f"set {_CAPTURE}=span_only before the application starts"
_LATEST = f"{_SPAN_ONLY}, and OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental with it"
_OPENLLMETRY = "set TRACELOOP_TRACE_CONTENT=true (it is the default: something sets it to false)"
_FIXES: tuple[tuple[str, str], ...] = (
    ("opentelemetry.instrumentation.openai_v2", _LATEST),
    ("opentelemetry.instrumentation.genai", _SPAN_ONLY),
    ("opentelemetry.util.genai", _SPAN_ONLY),
    (
        "openinference.instrumentation",
        "OPENINFERENCE_HIDE_INPUTS, OPENINFERENCE_HIDE_OUTPUTS and the like must not be true",
    ),
    ("opentelemetry.instrumentation.", _OPENLLMETRY),
    ("traceloop", _OPENLLMETRY),
    ("openlit", "call openlit.init with capture_message_content=True"),
    ("pydantic-ai", "make its InstrumentationSettings with include_content=True"),
    ("semantic_kernel", "set SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE=true"),
    ("agent_framework", "set ENABLE_SENSITIVE_DATA=true"),
    ("gcp.vertex.agent", "set ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true"),
    ("azure.", "set AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED=true"),
    ("langsmith", "LANGSMITH_HIDE_INPUTS and LANGSMITH_HIDE_OUTPUTS must not be true"),
)
_GENERAL = (
    f"switch the recording of content on in the instrumentation ({_CAPTURE}=true with OpenTelemetry's own, "
    "TRACELOOP_TRACE_CONTENT=true with OpenLLMetry)"
)
_BY_EVENTS = (
    "opentelemetry.instrumentation.openai_v2",
    "opentelemetry.instrumentation.genai",
    "opentelemetry.util.genai",
    "gcp.vertex.agent",
)
"""Those that may send content in log events."""


def advice(span: Span, *, hears_events: bool) -> str:
    """What to change so that spans like this one carry content, in one sentence.

    `hears_events`: whether the application's log events can be heard.
    """
    scope = span.scope
    fix = next((fix for start, fix in _FIXES if scope.startswith(start)), _GENERAL)
    if not hears_events and scope.startswith(_BY_EVENTS):
        fix += "; where content is sent in log events instead, the application also needs a LoggerProvider"
    return f"“{scope}” records none; {fix}" if scope else f"their instrumentation records none; {fix}"

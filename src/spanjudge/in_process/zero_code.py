"""The in-process door without a line of code: `opentelemetry-instrument` calls `start` when it has set up.

The package alone starts nothing, as judging costs money: `OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS` has to
be set, to `auto` or to a specification.
"""

import logging
import os
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from opentelemetry import trace

from spanjudge.in_process import automatic

if TYPE_CHECKING:
    from spanjudge.in_process.span_processor import EvaluationSpanProcessor

_log = logging.getLogger(__name__)

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS"
_OF_THE_HOST = "opentelemetry_util_genai_completion_callbacks"


def start() -> None:
    """Evaluate the spans of the process's tracer provider, when the environment asks for it. Never raises."""
    if automatic.is_started() or not os.environ.get(VARIABLE, "").strip():
        return
    try:
        automatic.started(_start())
    except Exception as error:  # noqa: BLE001  whatever it is, the application starts all the same
        _log.warning("spans are not evaluated: starting it raised %s", type(error).__name__)


def _start() -> "EvaluationSpanProcessor | None":
    if any(entry.name == "evaluations" for entry in entry_points(group=_OF_THE_HOST)):
        _log.info(
            "%s is left to the evaluations of OpenTelemetry's GenAI utilities, which are installed", VARIABLE
        )
        return None
    provider = trace.get_tracer_provider()
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        _log.warning(
            "%s is set, but spans are not evaluated: there is no TracerProvider of the OpenTelemetry SDK; "
            "install opentelemetry-distro, or set one up before",
            VARIABLE,
        )
        return None
    # The SDK and all the rest are imported only now: the package alone costs an application nothing.
    from spanjudge.in_process.span_processor import EvaluationSpanProcessor  # noqa: PLC0415  see above

    processor = EvaluationSpanProcessor()
    if not processor.active:
        return None
    add(processor)
    return processor

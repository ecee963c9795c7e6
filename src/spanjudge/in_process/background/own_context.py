"""The context everything of this door runs in: not the application's, and not instrumented.

A callback that is handed to an event loop takes the caller's context along: the application's current
span, its baggage. Judging belongs to none of them; and an instrumented HTTP client would make a span of
every judge call, which would be judged in turn.
"""

from contextvars import Context as Variables

from opentelemetry import context as telemetry
from opentelemetry.context import Context

OWN = telemetry.create_key("spanjudge")

_ON = True
_UNDER_FIXED_NAMES = (
    # OpenTelemetry's instrumentations look under this name too, for the sake of older ones.
    "suppress_instrumentation",
    # What OpenLLMetry's instrumentations look for.
    "suppress_language_model_instrumentation",
)
_UNDER_MADE_NAMES = ("_SUPPRESS_INSTRUMENTATION_KEY", "_SUPPRESS_HTTP_INSTRUMENTATION_KEY")


def own_variables() -> Variables:
    """A new set of context variables: empty, but for instrumentation being off and the mark."""
    variables = Variables()
    variables.run(_mark)
    return variables


def is_own_context(context: Context | None = None) -> bool:
    """Whether a context (the current one) is one that our own work runs in."""
    return telemetry.get_value(OWN, context) is True


def _mark() -> None:
    # The API makes these keys anew in each process and gives no other way to them.
    made: list[object] = [getattr(telemetry, name, None) for name in _UNDER_MADE_NAMES]
    context = telemetry.set_value(OWN, _ON, Context())
    for key in (*_UNDER_FIXED_NAMES, *(key for key in made if isinstance(key, str))):
        context = telemetry.set_value(key, _ON, context)
    telemetry.attach(context)

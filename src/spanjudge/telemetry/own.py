"""Which spans come from our own judging: judged, they would go round in circles."""

from spanjudge.evaluators.span_values import Seen

SERVICE = "spanjudge"
"""Name of our own service, and the start of the name of every instrumentation scope of ours."""

MARK = "spanjudge.judge"
"""Attribute that is `true` on every span of a judge call."""


def is_own_telemetry(seen: Seen) -> bool:
    """Whether a span comes from our own judging."""
    raw = seen.raw
    return (
        raw.scope.startswith(SERVICE)
        or raw.attributes.get(MARK) is True
        or (raw.resource.service == SERVICE and seen.facts.is_genai)
    )

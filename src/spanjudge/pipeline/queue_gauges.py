"""Gauges of what waits, by the OpenTelemetry API: without an SDK they cost nothing."""

from collections.abc import Callable, Iterable

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from spanjudge.pipeline.ports import Health
from spanjudge.version import __version__


def observe_queue(
    seen: Callable[[], Health | None],
    now: Callable[[], int],
    meter_provider: metrics.MeterProvider | None = None,
) -> None:
    """How much waits and for how long; `seen` is the store's latest health, `now` nanoseconds since 1970."""
    meter = metrics.get_meter("spanjudge", __version__, meter_provider)

    def gauge(name: str, unit: str, about: str, value: Callable[[Health], float]) -> None:
        def look(_options: CallbackOptions) -> Iterable[Observation]:
            health = seen()
            return [] if health is None else [Observation(value(health))]

        meter.create_observable_gauge(name, [look], unit=unit, description=about)

    gauge("spanjudge.jobs.waiting", "{job}", "Jobs that wait for a judge", lambda found: found.waiting)
    gauge(
        "spanjudge.jobs.oldest",
        "s",
        "How long the job that waits longest has been due",
        lambda found: oldest_wait(found, now()),
    )
    gauge(
        "spanjudge.outbox.size",
        "{result}",
        "Results on their way to destinations",
        lambda found: found.outbox,
    )
    gauge("spanjudge.store.size", "By", "Size of the store", lambda found: found.size_bytes)


def oldest_wait(health: Health, now_ns: int) -> float:
    """Seconds that the job which waits longest has been due."""
    return 0.0 if health.oldest_ns is None else max(0, now_ns - health.oldest_ns) / 1e9

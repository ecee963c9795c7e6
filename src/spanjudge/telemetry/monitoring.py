"""What judge calls take, as OpenTelemetry metrics: `gen_ai.evaluation.client.*`.

Only the OpenTelemetry API is used: without an SDK every call here does next to nothing.
"""

from collections.abc import Mapping

from opentelemetry import metrics

from spanjudge.judging.call import JudgeCall
from spanjudge.version import __version__

OPERATION = "chat"
"""`gen_ai.operation.name` of a judge call."""

# The boundaries that the semantic conventions give for the GenAI client's duration and token histograms.
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)


class Monitoring:
    """The instruments of in-process evaluation, for a server and an application alike.

    `evaluator_name` is who evaluates (`native`, `deepeval`). An instance is an observer of judge calls:
    `Judge(model, observer=Monitoring().observe)`.
    """

    def __init__(
        self,
        *,
        evaluator_name: str = "native",
        durations: bool = True,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        """Without a provider the process's own is taken, which may also be set later.

        Without `durations` judge calls are not timed: for where somebody else times them by the same name.
        """
        meter = metrics.get_meter("spanjudge", __version__, meter_provider)
        self._evaluator_name = evaluator_name
        self._durations = durations
        self._duration = meter.create_histogram(
            "gen_ai.evaluation.client.operation.duration",
            unit="s",
            description="Duration of judge calls, failed ones too",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.evaluation.client.token.usage",
            unit="{token}",
            description="Tokens of judge calls, where the provider tells them",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._queued = meter.create_up_down_counter(
            "gen_ai.evaluation.client.queue.size", unit="1", description="Invocations waiting for evaluation"
        )
        self._refused = meter.create_counter(
            "gen_ai.evaluation.client.enqueue.errors",
            unit="1",
            description="Invocations that were not queued",
        )
        self._attributes: dict[tuple[str, str, str], dict[str, str]] = {}

    def observe(self, call: JudgeCall) -> None:
        """Record one finished judge call."""
        attributes = self._attributes_of(call)
        if self._durations:
            told = {**attributes, "error.type": call.error_type} if call.error_type else attributes
            self._duration.record(call.duration, told)
        if call.usage is not None:
            self._tokens.record(call.usage.input, {**attributes, "gen_ai.token.type": "input"})
            self._tokens.record(call.usage.output, {**attributes, "gen_ai.token.type": "output"})

    def enqueued(self) -> None:
        """One invocation more waits."""
        self._queued.add(1, self._queue_attributes)

    def dequeued(self) -> None:
        """One invocation less waits."""
        self._queued.add(-1, self._queue_attributes)

    def not_enqueued(self, error: BaseException, count: int = 1) -> None:
        """An invocation (or so many) could not be queued, by a fault and not by a setting."""
        self._refused.add(count, {**self._queue_attributes, "error.type": type(error).__qualname__})

    @property
    def _queue_attributes(self) -> Mapping[str, str]:
        return {"gen_ai.evaluation.evaluator.name": self._evaluator_name}

    def _attributes_of(self, call: JudgeCall) -> dict[str, str]:
        """The same few sets again and again: kept, as they are made on the hot path."""
        only = call.evaluators[0] if len(call.evaluators) == 1 else ""
        key = (call.provider, call.model, only)
        found = self._attributes.get(key)
        if found is None:
            found = {
                "gen_ai.operation.name": OPERATION,
                "gen_ai.provider.name": call.provider,
                "gen_ai.request.model": call.model,
                "gen_ai.evaluation.evaluator.name": self._evaluator_name,
            }
            if only:
                found["gen_ai.evaluation.name"] = only
            self._attributes[key] = found
        return found

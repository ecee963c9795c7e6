"""An application that runs its model calls through the host's telemetry handler."""

import asyncio
from importlib import import_module
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

handler: Any = import_module("opentelemetry.util.genai.handler")
genai: Any = import_module("opentelemetry.util.genai.types")
# Not yet public in this version of OpenTelemetry, as its types say.
sdk_logs: Any = import_module("opentelemetry.sdk._logs")
sdk_log_exporters: Any = import_module("opentelemetry.sdk._logs.export")


class Application:
    """The host's handler with everything it exports kept in memory."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.logs: Any = sdk_log_exporters.InMemoryLogExporter()
        self.metrics = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.loggers: Any = sdk_logs.LoggerProvider()
        self.loggers.add_log_record_processor(sdk_log_exporters.SimpleLogRecordProcessor(self.logs))
        self.meters = MeterProvider([self.metrics])
        handler.TelemetryHandler._reset_for_testing()
        self.handler: Any = handler.get_telemetry_handler(
            tracer_provider=self.tracers, meter_provider=self.meters, logger_provider=self.loggers
        )
        # Those that evaluate: there are none when the host has nothing to run.
        callbacks: list[Any] = self.handler._completion_callbacks
        self._callbacks = [each for each in callbacks if hasattr(each, "manager")]

    @property
    def evaluators(self) -> dict[str, list[Any]]:
        """The evaluators that the host runs, by type of invocation; none where it has nothing to run."""
        return {} if not self._callbacks else dict(self._callbacks[0].manager._evaluators)

    @property
    def span_ids(self) -> list[tuple[int, int]]:
        """Trace and span of every span that was exported."""
        contexts = [span.context for span in self.spans.get_finished_spans()]
        return [(context.trace_id, context.span_id) for context in contexts if context is not None]

    def chat(
        self, question: str = "What is the capital of France?", answer: str = "Paris.", **fields: Any
    ) -> Any:
        """One model call, from start to stop."""
        invocation = genai.LLMInvocation(
            request_model="gpt-4o",
            provider="openai",
            response_id="resp-1",
            input_messages=[genai.InputMessage("user", [genai.Text(question)])],
            **fields,
        )
        self.handler.start_llm(invocation)
        if not invocation.output_messages:
            invocation.output_messages = [genai.OutputMessage("assistant", [genai.Text(answer)], "stop")]
        self.handler.stop_llm(invocation)
        return invocation

    async def evaluated(self) -> None:
        """Wait until the host has evaluated everything."""
        for callback in self._callbacks:
            await asyncio.to_thread(callback.wait_for_all, 20)
            assert callback.manager.is_queue_empty()

    def events(self, metric: str | None = None) -> list[Any]:
        """Log records with the results, in their order."""
        records = [log.log_record for log in self.logs.get_finished_logs()]
        return [
            record
            for record in records
            if record.event_name == "gen_ai.evaluation.result"
            and metric in (None, record.attributes["gen_ai.evaluation.name"])
        ]

    def event(self, metric: str) -> Any:
        """The one event of a metric."""
        (record,) = self.events(metric)
        return record

    def points(self, name: str) -> list[Any]:
        """Every data point of an instrument, whoever made it."""
        data: Any = self.metrics.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def stop(self) -> None:
        """As at the end of the process."""
        for callback in self._callbacks:
            callback.shutdown()
        handler.TelemetryHandler._reset_for_testing()
        self.tracers.shutdown()
        self.loggers.shutdown()
        self.meters.shutdown()

"""An application that sets everything up, makes a few model calls, and ends.

Arguments: the providers in the order they are made, as the SDK ends them in the opposite order; how many
calls are made; how it ends (`simply`, `exit`, `error`, `thread`, `shutdown`, `impatient`; `fork`: as two
processes, of which the second makes as many calls again).
"""

import logging
import os
import sys
import threading
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, export
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider

import spanjudge
from tests.in_process.application import CHAT


def logs() -> None:
    # Renamed in 1.39; the old name warns.
    exporter: Any = getattr(export, "ConsoleLogRecordExporter", None) or vars(export)["ConsoleLogExporter"]
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter()))
    set_logger_provider(provider)


def meters() -> None:
    reader = PeriodicExportingMetricReader(ConsoleMetricExporter(), export_interval_millis=600_000)
    metrics.set_meter_provider(MeterProvider([reader]))


def traces(shutdown_timeout: float = 5.0) -> None:
    provider = TracerProvider()
    provider.add_span_processor(spanjudge.EvaluationSpanProcessor(shutdown_timeout=shutdown_timeout))
    trace.set_tracer_provider(provider)


def calls(number: int) -> None:
    for _ in range(number):
        with trace.get_tracer("a.scope").start_as_current_span("chat", attributes=CHAT):
            pass


def main(order: str, number: str, end: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    for name in order.split(","):
        if name == "traces":
            traces(*([0.5] if end == "impatient" else []))
        else:
            {"logs": logs, "meters": meters}[name]()
    if end == "thread":
        threading.Thread(target=calls, args=(int(number),)).start()
        return
    calls(int(number))
    if end == "fork":
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        else:
            calls(int(number))
    if end == "exit":
        sys.exit(3)
    if end == "error":
        raise RuntimeError("the application's own")
    if end in {"shutdown", "impatient"}:
        provider: Any = trace.get_tracer_provider()
        provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])

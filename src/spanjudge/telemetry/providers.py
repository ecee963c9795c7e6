"""The OpenTelemetry SDK of our own telemetry: metrics of results, judge calls and the server; judge traces.

On when there is somewhere to send it, off otherwise; nothing here waits for a backend.
"""

import asyncio
import importlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from opentelemetry import metrics, trace

from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.telemetry.routes import Route, is_exported, read_route
from spanjudge.version import __version__

_log = logging.getLogger(__name__)

SERVICE_NAME = "spanjudge"
DEFAULT_INTERVAL_MS = 60_000
_SPANS_WAITING = 8192
"""Judge calls of several seconds at full load; more than that and the backend is away: spans are dropped."""


class Provided(msgspec.Struct, frozen=True, kw_only=True):
    """The SDK's providers; `None` where there is nowhere to send to. `end` stops them, and may block."""

    meter_provider: metrics.MeterProvider | None = None
    tracer_provider: trace.TracerProvider | None = None
    end: tuple[Callable[[float], None], ...] = ()

    async def aclose(self, seconds: float) -> None:
        """Send what is left, for at most this long. What is not done by then is given up."""
        if not self.end:
            return
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def stop() -> None:
            for end in self.end:
                try:
                    end(seconds)
                except Exception:  # noqa: BLE001  the end of the process is no place to fail
                    _log.warning("our own telemetry could not be ended in order", exc_info=True)
            try:
                loop.call_soon_threadsafe(done.set)
            except RuntimeError:
                return  # nobody waits any more

        # A daemon: neither the loop's executor nor the interpreter may wait for a backend that hangs.
        threading.Thread(target=stop, name="telemetry-end", daemon=True).start()
        try:
            async with asyncio.timeout(seconds):
                await done.wait()
        except TimeoutError:
            _log.warning("our own telemetry was not sent within %g s of the end", seconds)


def open_providers(
    environ: Mapping[str, str], *, judge_traces: Route | None = None, instance: str = ""
) -> Provided:
    """Providers for what the environment asks for.

    Metrics go where `OTEL_EXPORTER_OTLP_ENDPOINT` or `…_METRICS_ENDPOINT` says, every
    `OTEL_METRIC_EXPORT_INTERVAL` (milliseconds, 60000); judge spans to `judge_traces`.
    `OTEL_SDK_DISABLED=true` turns both off, `OTEL_METRICS_EXPORTER=none` metrics. `instance` tells processes
    apart that share a name. Raises `SettingsError` and `MissingExtraError`.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Provided()
    route = read_route(environ, "metrics") if is_exported(environ, "metrics") else None
    if route is None and judge_traces is None:
        return Provided()
    resource = _resource(environ, instance)
    meters = None if route is None else _meters(route, resource, environ)
    tracers = None if judge_traces is None else _tracers(judge_traces, resource)
    return Provided(
        meter_provider=meters,
        tracer_provider=tracers,
        end=tuple(
            _end_of(provider, timed=provider is meters)
            for provider in (meters, tracers)
            if provider is not None
        ),
    )


def resource_attributes(environ: Mapping[str, str], *, instance: str = "") -> dict[str, str]:
    """Who exports: `OTEL_RESOURCE_ATTRIBUTES`, and `OTEL_SERVICE_NAME` or `spanjudge` as `service.name`.

    Of `OTEL_RESOURCE_ATTRIBUTES` nothing is taken when it cannot be read, as the specification says; the log
    tells.
    """
    found: dict[str, str] = {}
    given = environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    for pair in given.split(","):
        if not pair.strip():
            continue
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            _log.warning("OTEL_RESOURCE_ATTRIBUTES is left out: write key=value, entries apart by commas")
            found.clear()
            break
        found[unquote(key.strip())] = unquote(value.strip())
    name = environ.get("OTEL_SERVICE_NAME", "").strip()
    if name or not found.get("service.name"):
        found["service.name"] = name or SERVICE_NAME
    found.setdefault("service.version", __version__)
    if instance:
        found.setdefault("service.instance.id", instance)
    return found


def _resource(environ: Mapping[str, str], instance: str) -> Any:
    resources = _sdk("opentelemetry.sdk.resources")
    own = resources.Resource(resource_attributes(environ, instance=instance))
    return resources.Resource(
        {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": importlib.import_module("opentelemetry.sdk.version").__version__,
        }
    ).merge(own)


def _meters(route: Route, resource: Any, environ: Mapping[str, str]) -> Any:
    sdk, export = _sdk("opentelemetry.sdk.metrics"), _sdk("opentelemetry.sdk.metrics.export")
    reader = export.PeriodicExportingMetricReader(
        _exporter(route, "metric_exporter", "OTLPMetricExporter"),
        export_interval_millis=_interval(environ),
        export_timeout_millis=route.timeout * 1000,
    )
    return sdk.MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)


def _tracers(route: Route, resource: Any) -> Any:
    sdk, export = _sdk("opentelemetry.sdk.trace"), _sdk("opentelemetry.sdk.trace.export")
    sampling = _sdk("opentelemetry.sdk.trace.sampling")
    # The sampler is said here: OTEL_TRACES_SAMPLER is meant for the applications that are judged.
    provider = sdk.TracerProvider(resource=resource, sampler=sampling.ALWAYS_ON, shutdown_on_exit=False)
    provider.add_span_processor(
        export.BatchSpanProcessor(
            _exporter(route, "trace_exporter", "OTLPSpanExporter"), max_queue_size=_SPANS_WAITING
        )
    )
    return provider


def _exporter(route: Route, module: str, name: str) -> Any:
    """The SDK's exporter, told everything: it reads no variable of its own."""
    if route.protocol == "grpc":
        return _grpc_exporter(route, module, name)
    # The SDK speaks no JSON; every receiver of JSON takes protobuf.
    package = f"opentelemetry.exporter.otlp.proto.http.{module}"
    compression = _sdk("opentelemetry.exporter.otlp.proto.http").Compression
    return getattr(_sdk(package), name)(
        endpoint=route.url,
        headers=dict(route.headers),
        timeout=route.timeout,
        compression=compression.Gzip if route.compression == "gzip" else compression.NoCompression,
        certificate_file=route.certificate,
        client_certificate_file=route.client_certificate,
        client_key_file=route.client_key,
    )


def _grpc_exporter(route: Route, module: str, name: str) -> Any:
    grpc: Any = _sdk("grpc")
    credentials = None
    if route.is_secure:
        credentials = grpc.ssl_channel_credentials(
            root_certificates=_content(route.certificate),
            private_key=_content(route.client_key),
            certificate_chain=_content(route.client_certificate),
        )
    return getattr(_sdk(f"opentelemetry.exporter.otlp.proto.grpc.{module}"), name)(
        endpoint=route.url,
        insecure=not route.is_secure,
        credentials=credentials,
        headers=tuple(route.headers.items()),
        timeout=route.timeout,
        compression=grpc.Compression.Gzip if route.compression == "gzip" else grpc.Compression.NoCompression,
    )


def _content(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:  # noqa: PTH123  read once, before anything runs
        return file.read()


def _interval(environ: Mapping[str, str]) -> int:
    given = environ.get("OTEL_METRIC_EXPORT_INTERVAL", "").strip()
    if not given:
        return DEFAULT_INTERVAL_MS
    if not given.isascii() or not given.isdigit() or int(given) == 0:
        raise SettingsError(
            f"OTEL_METRIC_EXPORT_INTERVAL={given!r}: expected a time in whole milliseconds, above 0"
        )
    return int(given)


def _end_of(provider: Any, *, timed: bool) -> Callable[[float], None]:
    def end(seconds: float) -> None:
        if timed:
            provider.shutdown(timeout_millis=seconds * 1000)
        else:
            provider.shutdown()

    return end


def _sdk(name: str) -> Any:
    """A module of the SDK: imported here and nowhere else, since nobody needs it who sends nothing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise MissingExtraError("sending our own telemetry by OTLP", "server") from None

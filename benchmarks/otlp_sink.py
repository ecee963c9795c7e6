"""An OTLP/HTTP backend that counts: `python -m benchmarks.otlp_sink PORT`.

It counts the log records and data points it is sent and tells both, as two numbers, at `GET /counts`. It
decodes them, as a backend would have to.
"""

import sys

from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

counts = {"logs": 0, "points": 0}


async def logs(request: web.Request) -> web.Response:
    """Count log records."""
    message = ExportLogsServiceRequest.FromString(await request.read())
    counts["logs"] += sum(
        len(scope.log_records) for group in message.resource_logs for scope in group.scope_logs
    )
    return web.Response(body=b"", content_type="application/x-protobuf")


async def metrics(request: web.Request) -> web.Response:
    """Count gauge data points."""
    message = ExportMetricsServiceRequest.FromString(await request.read())
    counts["points"] += sum(
        len(metric.gauge.data_points)
        for group in message.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
    )
    return web.Response(body=b"", content_type="application/x-protobuf")


async def told(_: web.Request) -> web.Response:
    """Both numbers."""
    return web.json_response(counts)


if __name__ == "__main__":
    app = web.Application(client_max_size=256 * 1024 * 1024)
    app.add_routes([web.post("/v1/logs", logs), web.post("/v1/metrics", metrics), web.get("/counts", told)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)

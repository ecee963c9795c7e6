"""The settings of evaluation on live spans: receivers, pipeline, budgets, results, the store."""

import re

from spanjudge.judging.models.settings.kinds import Flag, Number, PortOrOff, Text, Url, UrlOrNone, Whole
from spanjudge.judging.models.settings.setting import Setting

MEGABYTE = 1_048_576
_DAY = 86_400.0

OTLP_VARIANT = re.compile(
    r"SPANJUDGE_(EXPORT_OTLP|JUDGE_TRACES)_((LOGS|METRICS|TRACES)_)?"
    r"(ENDPOINT|HEADERS|PROTOCOL|TIMEOUT|COMPRESSION|CERTIFICATE|CLIENT_CERTIFICATE|CLIENT_KEY|INSECURE|SIGNALS)"
)
"""Variables that the exporters read themselves, as the OpenTelemetry specification has them."""

RECEIVERS = (
    Setting(
        key="grpc_port",
        env=("SPANJUDGE_GRPC_PORT",),
        kind=PortOrOff(),
        about="Port of the OTLP/gRPC receiver, on the address of the server; 0 takes a free one, `off` "
        "starts none, and so does the default when another process has it. OTLP/HTTP is served on the main "
        "port (`/v1/traces`, `/v1/logs`).",
        example="4317",
        default=4317,
    ),
    Setting(
        key="max_otlp_bytes",
        env=("SPANJUDGE_MAX_OTLP_BYTES",),
        kind=Whole(65_536, 1024 * MEGABYTE),
        about="Longer OTLP requests are refused, before and after unpacking.",
        example="67108864",
        default=64 * MEGABYTE,
    ),
    Setting(
        key="content_grace_seconds",
        env=("SPANJUDGE_CONTENT_GRACE_SECONDS",),
        kind=Number(0, 600, "seconds"),
        about="How long a span without content waits for log events that carry it, and for retrieved "
        "documents.",
        example="10",
        default=10.0,
    ),
)
"""Ways in."""

PIPELINE = (
    Setting(
        key="worker_concurrency",
        env=("SPANJUDGE_WORKER_CONCURRENCY",),
        kind=Whole(1, 10_000),
        about="Most spans, traces and sessions judged at the same time. The judge model's own `concurrency` "
        "limits its calls besides.",
        example="256",
        default=256,
    ),
    Setting(
        key="worker_attempts",
        env=("SPANJUDGE_WORKER_ATTEMPTS",),
        kind=Whole(1, 10),
        about="How often something is judged in all when the judge model's answers cannot be used: invalid, "
        "cut off or refused. Each attempt is paid for. A provider's troubles do not count.",
        example="3",
        default=3,
    ),
    Setting(
        key="trace_idle_seconds",
        env=("SPANJUDGE_TRACE_IDLE_SECONDS",),
        kind=Number(0.1, _DAY, "seconds"),
        about="A trace is judged when it had no new span for so long.",
        example="30",
        default=30.0,
    ),
    Setting(
        key="trace_longest_seconds",
        env=("SPANJUDGE_TRACE_LONGEST_SECONDS",),
        kind=Number(0.1, 7 * _DAY, "seconds"),
        about="A trace that never rests is judged after so long.",
        example="1800",
        default=1800.0,
    ),
    Setting(
        key="session_idle_seconds",
        env=("SPANJUDGE_SESSION_IDLE_SECONDS",),
        kind=Number(0.1, 7 * _DAY, "seconds"),
        about="A session (conversation id) is judged when it had no new span for so long.",
        example="1800",
        default=1800.0,
    ),
    Setting(
        key="session_longest_seconds",
        env=("SPANJUDGE_SESSION_LONGEST_SECONDS",),
        kind=Number(0.1, 30 * _DAY, "seconds"),
        about="A session that never rests is judged after so long.",
        example="14400",
        default=14_400.0,
    ),
)
"""Judging in the background."""

RESULTS = (
    Setting(
        key="export_otlp_endpoint",
        env=("SPANJUDGE_EXPORT_OTLP_ENDPOINT",),
        kind=UrlOrNone(),
        about="OTLP backend that gets the results (logs and metrics) instead of the one of "
        "`OTEL_EXPORTER_OTLP_ENDPOINT`, which then gets only the server's own telemetry; `none` sends them "
        "nowhere. Beside it stand `SPANJUDGE_EXPORT_OTLP_PROTOCOL`, `…_TIMEOUT`, `…_COMPRESSION`, "
        "`…_CERTIFICATE` and the other names of the OpenTelemetry specification's `OTEL_EXPORTER_OTLP_…`, "
        "whose values hold where these are not set – but for `…_HEADERS`, `…_CLIENT_CERTIFICATE` and "
        "`…_CLIENT_KEY`, so that one backend's key never reaches another; and `…_SIGNALS` (`logs,metrics`).",
        example="http://collector:4318",
    ),
    Setting(
        key="export_console",
        env=("SPANJUDGE_EXPORT_CONSOLE",),
        kind=Flag(),
        about="Print one line for every result.",
        example="true",
        default=False,
    ),
    Setting(
        key="judge_traces_endpoint",
        env=("SPANJUDGE_JUDGE_TRACES_ENDPOINT",),
        kind=Url(),
        about="OTLP backend that gets a `chat` span for every judge call, linked to the judged span. "
        "Without it, none are made. `SPANJUDGE_JUDGE_TRACES_HEADERS` and the rest as above.",
        example="http://collector:4318",
    ),
)
"""Ways out."""

KEEPING = (
    Setting(
        key="database_url",
        env=("SPANJUDGE_DATABASE_URL",),
        kind=Text("the URL of a database: sqlite:///…, postgresql://…"),
        about="Where spans, evaluators, jobs and results are kept: `sqlite:` for one process, `postgresql:` "
        "for any number of them (the extra `postgres`).",
        example="sqlite:////var/lib/spanjudge/spanjudge.db",
        default_text="`spanjudge.db` in the data folder",
        secret=True,
    ),
    Setting(
        key="retention_spans_days",
        env=("SPANJUDGE_RETENTION_SPANS_DAYS",),
        kind=Number(0.01, 36_500, "days"),
        about="Spans are deleted after so many days.",
        example="30",
        default=30.0,
    ),
    Setting(
        key="retention_results_days",
        env=("SPANJUDGE_RETENTION_RESULTS_DAYS",),
        kind=Number(0.01, 36_500, "days"),
        about="Results are deleted after so many days.",
        example="90",
        default=90.0,
    ),
    Setting(
        key="max_store_bytes",
        env=("SPANJUDGE_MAX_STORE_BYTES",),
        kind=Whole(0, 10**15),
        about="When the store grows beyond so many bytes, the oldest spans are deleted first; 0 is no limit.",
        example="20000000000",
        default=0,
    ),
)
"""The store."""

BUDGET_FIELDS = ("tokens_day", "tokens_month", "usd_day", "usd_month")
"""Fields of `budgets.EVALUATOR` in the file."""

"""A server put together from its settings: each role gets what it needs, and no more."""

import os
import uuid
from collections.abc import Mapping

from opentelemetry import metrics

from spanjudge import logs
from spanjudge.app.judges import open_judges
from spanjudge.app.options import open_ledger
from spanjudge.app.server import App
from spanjudge.app.ways_out import open_exporters, otlp_environment
from spanjudge.judging.budget.ledger import Ledger
from spanjudge.judging.budget.limits import Limits
from spanjudge.judging.call import Observer
from spanjudge.judging.judge import Judge
from spanjudge.pipeline.clock import Clock
from spanjudge.secret_files import TokenFile, fence_key, open_tokens
from spanjudge.server.file_tokens import FileTokens
from spanjudge.server.issued_tokens import IssuedTokens, StoredTokens
from spanjudge.settings import Settings
from spanjudge.store.store import open_store
from spanjudge.telemetry.judge_traces import JudgeTraces, route_from_environment
from spanjudge.telemetry.monitoring import Monitoring
from spanjudge.telemetry.providers import open_providers


async def open_app(settings: Settings) -> App:
    """Put everything together; nothing is connected to and nothing runs yet, but the store is open.

    Raises `SettingsError`, `EvaluatorError`, `StoreError` or `MissingExtraError`. There must be a token.
    """
    key = fence_key(settings.secret, settings.data_dir, must_keep=not settings.data_dir_is_default)
    file = settings.tokens_file
    token_file = None if file is None else await _open_tokens(settings, FileTokens(file))
    instance, environ = uuid.uuid4().hex[:12], otlp_environment(settings)
    telemetry = open_providers(environ, judge_traces=route_from_environment(environ), instance=instance)
    if telemetry.meter_provider is not None:
        # Instruments are made in many places; all of them are this process's.
        metrics.set_meter_provider(telemetry.meter_provider)
    now = Clock()
    judges: Mapping[str, Judge] = {}
    # Who judges nothing spends nothing, and no price has to be known.
    ledger = Ledger(Limits(), {}, {}, now)
    observers: list[Observer] = [Monitoring().observe]
    if telemetry.tracer_provider is not None:
        traces = JudgeTraces(telemetry.tracer_provider, content=settings.log_content)
        observers.append(traces.observe)
    if settings.judging:
        judges = open_judges(settings, key, observers=observers)
        ledger = open_ledger(settings, now)
    exporters = open_exporters(settings, instance) if "worker" in settings.roles else ()
    store = await open_store(settings.database_url)
    try:
        return App(
            settings,
            judges,
            token_file or await _open_tokens(settings, StoredTokens(store.coordination)),
            store=store,
            exporters=exporters,
            telemetry=telemetry,
            ledger=ledger,
            now=now,
            key=key,
        )
    except BaseException:
        await store.aclose()
        raise


async def _open_tokens(settings: Settings, issued: IssuedTokens) -> TokenFile:
    return await open_tokens(settings.auth_tokens_file, settings.auth_tokens, issued)


def configure_logs(settings: Settings) -> None:
    """Logs as the settings want them; no secret of the settings ever appears."""
    keys = (config.api_key for config in settings.judges.values())
    headers = (
        value for fields in settings.destinations.values() for value in fields.get("headers", {}).values()
    )
    others = (os.environ.get(name, "") for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
    logs.configure(
        level=settings.log_level,
        form=settings.log_format,
        content=settings.log_content,
        secrets=[*settings.auth_tokens, *keys, settings.secret or "", *headers, *others],
    )

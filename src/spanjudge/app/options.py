"""The settings as the pipeline takes them."""

from pathlib import Path

from spanjudge.judging.budget.ledger import Ledger, Limits
from spanjudge.judging.budget.tariff import tariff_of
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.receive import WindowTimes
from spanjudge.settings import Settings, is_file

_SECOND = 1_000_000_000
_SHARED_FILE = (
    "they must run on one machine and write one at a time; for more, keep the data in PostgreSQL "
    "(SPANJUDGE_DATABASE_URL=postgresql://…; `spanjudge copy` moves it there)"
)


def pipeline_options(settings: Settings) -> PipelineOptions:
    """How the pipeline runs."""
    in_file = is_file(settings.database_url)
    database = settings.database_url.partition(":///")[2]
    return PipelineOptions(
        grace=settings.content_grace_seconds,
        concurrency=settings.worker_concurrency,
        attempts=settings.worker_attempts,
        trace_idle=settings.trace_idle_seconds,
        trace_longest=settings.trace_longest_seconds,
        session_idle=settings.session_idle_seconds,
        session_longest=settings.session_longest_seconds,
        spans_days=settings.retention_spans_days,
        results_days=settings.retention_results_days,
        max_bytes=settings.max_store_bytes,
        disk=Path(database).parent if in_file else None,
        shared_note=_SHARED_FILE if in_file else "",
    )


def window_times(settings: Settings) -> WindowTimes:
    """When traces and sessions are judged."""
    return WindowTimes(
        trace_idle_ns=int(settings.trace_idle_seconds * _SECOND),
        trace_longest_ns=int(settings.trace_longest_seconds * _SECOND),
        session_idle_ns=int(settings.session_idle_seconds * _SECOND),
        session_longest_ns=int(settings.session_longest_seconds * _SECOND),
    )


def budget_words(settings: Settings) -> str:
    """The limits for all evaluators together, in words."""
    limits = [
        f"{settings.budget_tokens_day:,} tokens a day" if settings.budget_tokens_day else "",
        f"{settings.budget_tokens_month:,} tokens a month" if settings.budget_tokens_month else "",
        f"{settings.budget_usd_day:g} USD a day" if settings.budget_usd_day else "",
        f"{settings.budget_usd_month:g} USD a month" if settings.budget_usd_month else "",
    ]
    if not any(tariff_of(config).charged for config in settings.judges.values()):
        return "not needed: no judge model costs money"
    return ", ".join(limit for limit in limits if limit) or "no limit"


def open_ledger(settings: Settings, now: Now) -> Ledger:
    """The budgets. Raises `SettingsError` when dollars are limited and a judge model's price is not known."""
    return Ledger(
        Limits(
            tokens_day=settings.budget_tokens_day,
            tokens_month=settings.budget_tokens_month,
            usd_day=settings.budget_usd_day,
            usd_month=settings.budget_usd_month,
        ),
        {name: Limits(**limits) for name, limits in settings.budgets.items()},  # pyright: ignore[reportArgumentType] - the settings have checked the kinds
        {name: tariff_of(config) for name, config in settings.judges.items()},
        now,
    )

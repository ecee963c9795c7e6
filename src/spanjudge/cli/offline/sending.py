"""The results of an evaluation to where the server sends its own: the same records, by the same exporters."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanjudge.errors import SettingsError
from spanjudge.exporters.destinations import Destination, from_entries, from_environment
from spanjudge.pipeline.ports import Exporter, ExportError
from spanjudge.telemetry.evaluated import Evaluated

if TYPE_CHECKING:
    from spanjudge.settings import Settings

BATCH = 512
ATTEMPTS = 4
FIRST_PAUSE = 0.5
"""Seconds before the second attempt; each further pause is twice as long."""


def destinations(settings: "Settings") -> list[Destination]:
    """Every destination of the settings. Raises `SettingsError` when there is none."""
    environ = dict(os.environ)
    if settings.export_otlp_endpoint:
        environ["SPANJUDGE_EXPORT_OTLP_ENDPOINT"] = settings.export_otlp_endpoint
    found = from_environment(environ)
    entries = [{"name": name} | fields for name, fields in settings.destinations.items()]
    found += from_entries(entries, environ, taken=found)
    if not found:
        raise SettingsError(
            "--export: there is no destination; set OTEL_EXPORTER_OTLP_ENDPOINT, "
            "SPANJUDGE_EXPORT_OTLP_ENDPOINT, or destinations in the file of SPANJUDGE_CONFIG"
        )
    return found


async def send(destinations: Sequence[Destination], results: Sequence[Evaluated]) -> None:
    """Carry all results to every destination, trying again where that may help. Raises `ExportError`."""
    from spanjudge.exporters.otlp import OtlpExporter  # noqa: PLC0415 - only an export needs it
    from spanjudge.telemetry.providers import resource_attributes  # noqa: PLC0415 - as above

    for destination in destinations:
        exporter = OtlpExporter(destination, resource=resource_attributes(os.environ))
        try:
            for start in range(0, len(results), BATCH):
                await _carry(exporter, results[start : start + BATCH])
        finally:
            await exporter.aclose()


async def _carry(exporter: Exporter, batch: Sequence[Evaluated]) -> None:
    pause = FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await exporter.export(batch)
        except ExportError as error:
            if not error.retryable or attempt == ATTEMPTS:
                raise
            await asyncio.sleep(error.retry_after or pause)
            pause *= 2
        else:
            return

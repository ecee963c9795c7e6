"""The results of an evaluation to where the server sends its own: the same records, by the same exporters."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.pipeline.ports import Exporter, ExportError
from spanjudge.telemetry.evaluated import Evaluated

if TYPE_CHECKING:
    from spanjudge.settings import Settings

BATCH = 512
ATTEMPTS = 4
FIRST_PAUSE = 0.5
"""Seconds before the second attempt; each further pause is twice as long."""

LONGEST_PAUSE = 10.0
"""A backend that asks for more patience than this has something to be mended first."""


async def send(settings: "Settings", results: Sequence[Evaluated]) -> None:
    """Carry results to every destination, trying again where that helps soon.

    Without results only the settings are looked at. Raises `ExportError`, and `SettingsError` when there is
    no destination, or a bad one.
    """
    from spanjudge import app  # noqa: PLC0415 - see `cli/main.py`

    # The console is where the results are printed anyway.
    exporters = app.open_exporters(msgspec.structs.replace(settings, export_console=False))
    if not exporters:
        raise SettingsError(
            "--export: there is no destination; set OTEL_EXPORTER_OTLP_ENDPOINT, "
            "SPANJUDGE_EXPORT_OTLP_ENDPOINT, or destinations in the file of SPANJUDGE_CONFIG"
        )
    try:
        for exporter in exporters:
            for start in range(0, len(results), BATCH):
                await _carry(exporter, results[start : start + BATCH])
    finally:
        for exporter in exporters:
            await exporter.aclose()


async def _carry(exporter: Exporter, batch: Sequence[Evaluated]) -> None:
    pause = FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await exporter.export(batch)
        except ExportError as error:
            wait = error.retry_after or pause
            if not error.retryable or attempt == ATTEMPTS or wait > LONGEST_PAUSE:
                raise
            await asyncio.sleep(wait)
            pause *= 2
        else:
            return

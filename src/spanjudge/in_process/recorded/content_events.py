"""Hears the application's log events: several instrumentations send all content there, and not on spans."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from opentelemetry._logs import LoggerProvider, get_logger_provider
from opentelemetry.sdk._logs import LogRecordProcessor

from spanjudge.in_process.recorded.readable import LogRecord, Scope, log_event
from spanjudge.spans.raw import LogEvent


class ContentEvents(LogRecordProcessor):
    """A processor for the application's `LoggerProvider` that hands on what may be content of spans.

    Never raises, never waits, changes nothing. Works with the SDK's classes from 1.37 on.
    """

    def __init__(self, hear: Callable[[LogEvent], None]) -> None:
        """`hear` is told of each in the thread that wrote it."""
        self._hear: Callable[[LogEvent], None] | None = hear
        self._provider: object = None

    @property
    def attached(self) -> bool:
        """Whether there is a provider to hear."""
        return self._provider is not None

    def attach(self, provider: LoggerProvider | None = None) -> bool:
        """Attach to a provider, by default the process's, which may be set later; says whether it is."""
        if self._provider is not None:
            return True
        found: Any = provider or get_logger_provider()
        # The API has none before the application sets one.
        add = getattr(found, "add_log_record_processor", None)
        if add is None:
            return False
        self._provider = found
        add(self)
        return True

    def on_emit(self, log_record: Any) -> None:  # its type differs from version to version
        """See `LogRecordProcessor`."""
        hear = self._hear
        if hear is None:
            return
        with suppress(Exception):
            scope = cast("Scope | None", log_record.instrumentation_scope)
            event = log_event(cast("LogRecord", log_record.log_record), scope)
            if event is not None:
                hear(event)

    def enabled(self, *, event_name: str | None = None, **_: object) -> bool:
        """Only GenAI events are wanted, as far as their names tell; others are no reason to make records."""
        return self._hear is not None and (not event_name or event_name.startswith("gen_ai."))

    def shutdown(self) -> None:
        """Hear nothing any more."""
        self._hear = None

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing is held back here."""
        del timeout_millis
        return True

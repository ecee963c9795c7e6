"""The judges of the settings."""

import importlib.util
from collections.abc import Sequence

from spanjudge import logs
from spanjudge.errors import MissingExtraError, SettingsError
from spanjudge.judging.call import JudgeCall, Observer
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.registry import open_model
from spanjudge.settings import Settings
from spanjudge.telemetry.monitoring import Monitoring


def open_judges(
    settings: Settings, key: bytes | None = None, *, observers: Sequence[Observer] | None = None
) -> dict[str, Judge]:
    """A judge for each judge model of the settings; `observers` are told of every call."""
    judges: dict[str, Judge] = {}
    observer = _all([Monitoring().observe] if observers is None else observers)
    for name, config in settings.judges.items():
        if config.provider == "embedded" and importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtraError("the embedded judge", "embedded")
        model = _opened(name, config)
        if settings.log_content and settings.log_level == "debug":
            model = logs.ContentLog(model)
        judges[name] = Judge(model, fence_key=key, batch=config.batching, observer=observer)
    return judges


def _all(observers: Sequence[Observer]) -> Observer:
    if len(observers) == 1:
        return observers[0]

    def observe(call: JudgeCall) -> None:
        for observer in observers:
            observer(call)

    return observe


def _opened(name: str, config: JudgeModelConfig) -> JudgeModel:
    try:
        return open_model(config)
    except SettingsError as error:
        if name == "default":
            raise
        raise SettingsError(f"judges.{name}: {error}") from None

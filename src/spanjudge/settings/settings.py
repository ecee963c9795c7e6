"""One frozen settings object, from the environment and one optional YAML file.

What settings there are stands in `table.py`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.settings.judge import data_dir, judge
from spanjudge.judging.models.settings.reading import HIDDEN, Value, show
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.judging.models.settings.table import JUDGE
from spanjudge.pipeline.coordination import ROLES, Role
from spanjudge.settings.reading import Reading, read
from spanjudge.settings.table import GROUPS

_PLAIN = (
    "grpc_port",
    "max_otlp_bytes",
    "content_grace_seconds",
    "worker_concurrency",
    "worker_attempts",
    "trace_idle_seconds",
    "trace_longest_seconds",
    "session_idle_seconds",
    "session_longest_seconds",
    "budget_tokens_month",
    "budget_tokens_day",
    "budget_usd_month",
    "budget_usd_day",
    "export_otlp_endpoint",
    "export_console",
    "judge_traces_endpoint",
    "retention_spans_days",
    "retention_results_days",
    "max_store_bytes",
)
"""Settings that are taken over as they were read."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, checked. Times are seconds; `judges` has the judge model `default` first.

    A process whose `roles` judge nothing has no `judges`, whatever is set of them.
    `tokens_file` holds hashes of tokens and need not be there; without one they are in the database.
    `data_dir_is_default` and
    `grpc_port_is_default` tell that nobody chose them. `budgets` are those of single evaluators,
    `destinations` further backends for results by name, each with its fields. `grpc_port` is `None` when
    nothing shall listen. `notes` are worth a line in the log at start: settings that have no effect, dubious
    values.
    """

    roles: tuple[Role, ...]
    judges: dict[str, JudgeModelConfig]
    auth_tokens: tuple[str, ...]
    auth_tokens_file: Path | None
    tokens_file: Path | None
    host: str
    port: int
    max_body_bytes: int
    max_in_flight: int
    cache_seconds: float
    cache_size: int
    data_dir: Path
    data_dir_is_default: bool
    evaluators_dir: Path | None
    grpc_port: int | None
    grpc_port_is_default: bool
    max_otlp_bytes: int
    content_grace_seconds: float
    worker_concurrency: int
    worker_attempts: int
    trace_idle_seconds: float
    trace_longest_seconds: float
    session_idle_seconds: float
    session_longest_seconds: float
    budget_tokens_month: int
    budget_tokens_day: int
    budget_usd_month: float
    budget_usd_day: float
    budgets: dict[str, dict[str, float]]
    export_otlp_endpoint: str | None
    export_console: bool
    destinations: dict[str, dict[str, Any]]
    judge_traces_endpoint: str | None
    database_url: str
    retention_spans_days: float
    retention_results_days: float
    max_store_bytes: int
    secret: str | None
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["auto", "json", "text"]
    access_log: bool
    log_content: bool
    notes: tuple[str, ...] = ()

    @property
    def judging(self) -> bool:
        """Whether this process has judge models."""
        return judging(self.roles)

    @property
    def judge(self) -> JudgeModelConfig:
        """The default judge model, where there are any."""
        return self.judges["default"]


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are kept: what commands need that ask no judge. `judges` are the judge models' names."""

    data: Path
    tokens: Path | None
    evaluators: Path | None
    database_url: str
    judges: tuple[str, ...]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One effective setting as `spanjudge config` shows it; a secret's value is hidden."""

    group: str
    key: str
    value: str | None
    origin: str


def load(
    environ: Mapping[str, str] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    fallback_provider: str | None = None,
    whole: bool = False,
) -> Settings:
    """The settings, or one `SettingsError` that names everything that is wrong with them.

    `options` are those of the command line by their key; `fallback_provider` is used when no provider
    is set at all. `whole`: as for a process that does everything, whatever its role says.
    """
    reading = _read(environ, options, fallback_provider)
    folder = _data_dir(reading, os.environ if environ is None else environ)
    roles: tuple[Role, ...] = ROLES if whole else reading.get("role")
    judges = {
        name: config
        for name, fields in (reading.judges.items() if judging(roles) else ())
        if (config := judge(name, fields, reading, folder)) is not None
    }
    _look_at_files(reading)
    if reading.get("log_content") and reading.get("log_level") != "debug":
        reading.notes.append("SPANJUDGE_LOG_CONTENT has no effect without SPANJUDGE_LOG_LEVEL=debug")
    secret = reading.get("secret")
    if secret is not None and len(secret) < 16:  # noqa: PLR2004 - the number is in the message
        reading.problems.append(f"SPANJUDGE_SECRET={HIDDEN}: shorter than 16 characters; take a longer one")
    if reading.problems:
        raise SettingsError(_together(reading.problems))
    return Settings(
        roles=roles,
        judges=judges,
        auth_tokens=reading.get("auth_tokens"),
        auth_tokens_file=_path(reading, "auth_tokens_file"),
        tokens_file=_tokens_file(reading, folder),
        host=reading.get("host"),
        port=reading.get("port"),
        max_body_bytes=reading.get("max_body_bytes"),
        max_in_flight=reading.get("max_in_flight"),
        cache_seconds=reading.get("cache_seconds"),
        cache_size=reading.get("cache_size"),
        data_dir=folder,
        data_dir_is_default="data_dir" not in reading.values,
        evaluators_dir=_path(reading, "evaluators_dir"),
        secret=secret,
        log_level=reading.get("log_level"),
        log_format=reading.get("log_format"),
        access_log=reading.get("access_log"),
        log_content=reading.get("log_content"),
        grpc_port_is_default="grpc_port" not in reading.values,
        budgets=reading.budgets,
        destinations=reading.destinations,
        database_url=_database_url(reading, folder),
        **{key: reading.get(key) for key in _PLAIN},
        notes=tuple(reading.notes),
    )


def judging(roles: Sequence[Role]) -> bool:
    """Whether any of these roles needs judge models."""
    return "worker" in roles or "api" in roles


def effective(
    environ: Mapping[str, str] | None = None, *, options: Mapping[str, Any] | None = None
) -> list[Line]:
    """Every setting with its value and origin, right or wrong. Unset ones show their default."""
    reading = _read(environ, options, None)
    lines: list[Line] = []
    for group, settings in GROUPS.items():
        if settings is JUDGE:
            for name, fields in reading.judges.items():
                prefix = "judge" if name == "default" else f"judges.{name}"
                lines += [_line(group, f"{prefix}.{row.field}", row, fields.get(row.field)) for row in JUDGE]
        else:
            lines += [_line(group, row.key, row, reading.values.get(row.key)) for row in settings]
    return lines


def places(environ: Mapping[str, str] | None = None) -> Places:
    """The places alone, without a judge. Raises `SettingsError` when any setting is bad."""
    reading = _read(environ, None, None)
    _look_at_files(reading)
    if reading.problems:
        raise SettingsError(_together(reading.problems))
    folder = _data_dir(reading, os.environ if environ is None else environ)
    return Places(
        data=folder,
        tokens=_tokens_file(reading, folder),
        evaluators=_path(reading, "evaluators_dir"),
        database_url=_database_url(reading, folder),
        judges=tuple(reading.judges),
    )


def _read(
    environ: Mapping[str, str] | None, options: Mapping[str, Any] | None, fallback_provider: str | None
) -> Reading:
    reading = read(os.environ if environ is None else environ, options or {})
    default = reading.judges["default"]
    if fallback_provider and "provider" not in default and not any("PROVIDER" in p for p in reading.problems):
        default["provider"] = Value(fallback_provider, "default of this command")
    return reading


def _line(group: str, key: str, setting: Setting, found: Value | None) -> Line:
    if found:
        return Line(group=group, key=key, value=show(setting, found.value).strip("'"), origin=found.origin)
    default = setting.default
    if setting.default_text or default is None or default in ("", ()):
        return Line(group=group, key=key, value=None, origin=setting.default_text or "not set")
    return Line(group=group, key=key, value=str(default), origin="default")


def _look_at_files(reading: Reading) -> None:
    folder = _path(reading, "evaluators_dir")
    if folder is not None and not folder.is_dir():
        where = reading.values["evaluators_dir"].origin.removeprefix("environment ")
        reading.problems.append(
            f"{where}: {folder}: there is no such folder; make it, or leave the setting out"
        )
    tokens = _path(reading, "auth_tokens_file")
    if tokens is not None and not tokens.is_file():
        where = reading.values["auth_tokens_file"].origin.removeprefix("environment ")
        reading.problems.append(f"{where}: {tokens}: there is no such file; write one token a line into it")
    issued = _path(reading, "tokens_file")
    if issued is not None and issued.is_dir():
        reading.problems.append(f"SPANJUDGE_TOKENS_FILE: {issued}: this is a folder; name a file")
    elif issued is not None and issued == tokens:
        reading.problems.append(
            f"SPANJUDGE_TOKENS_FILE: {issued} is SPANJUDGE_AUTH_TOKENS_FILE as well, and the two are written "
            "differently; name another file"
        )


def _path(reading: Reading, key: str) -> Path | None:
    value = reading.get(key)
    return Path(value).expanduser() if value is not None else None


def _data_dir(reading: Reading, environ: Mapping[str, str]) -> Path:
    return data_dir(reading.get("data_dir"), environ)


def _tokens_file(reading: Reading, folder: Path) -> Path | None:
    """None: in the database, which processes of other machines share."""
    given = _path(reading, "tokens_file")
    if given is None and is_file(_database_url(reading, folder)):
        return folder / "issued_tokens"
    return given


def is_file(database_url: str) -> bool:
    """Whether that is a file of one machine (SQLite's), and no server that several machines share."""
    return database_url.startswith(("sqlite:", "sqlite+"))


def _database_url(reading: Reading, folder: Path) -> str:
    given: str | None = reading.get("database_url")
    return given or f"sqlite:///{(folder / 'spanjudge.db').absolute()}"


def _together(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} settings need attention:\n" + "\n".join(f"  - {problem}" for problem in problems)

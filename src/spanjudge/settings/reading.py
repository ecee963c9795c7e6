"""From environment and file to values: who set what, where, and everything that is wrong with it."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.exporters import destinations
from spanjudge.judging.models.settings.kinds import File
from spanjudge.judging.models.settings.reading import (
    HIDDEN,
    JudgesRead,
    Value,
    from_kubernetes,
    given,
    nearest,
    parsed,
)
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.settings import file as settings_file
from spanjudge.settings.live import BUDGET_FIELDS, OTLP_VARIANT
from spanjudge.settings.table import BY_ENV, JUDGE, TABLE

PREFIXES = ("O2_JUDGE_", "SPANJUDGE_")
DESTINATION_FIELDS = tuple(field for field in destinations.FIELDS if field != "name")
JUDGE_FIELDS = {setting.field: setting for setting in JUDGE}
FILE_KEYS = {setting.key: setting for setting in TABLE if setting.in_file and not setting.of_judge}
SECTIONS = ("judge", "judges", "budgets", "destinations")
KEY_SOURCES = ("api_key", "api_key_env", "api_key_file")


class Reading(JudgesRead):
    """What was read, for a whole server: any problem stops the start.

    `budgets` are those of single evaluators, `destinations` further backends for results.
    """

    budgets: dict[str, dict[str, float]] = msgspec.field(default_factory=dict[str, dict[str, float]])
    destinations: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict[str, dict[str, Any]])

    def get(self, key: str) -> Any:
        """The value of a setting that is not a judge model's, or its default."""
        found = self.values.get(key)
        return found.value if found else next(setting.default for setting in TABLE if setting.key == key)


def read(environ: Mapping[str, str], options: Mapping[str, Any]) -> Reading:
    """Read options of the command line, the environment and the file it names, in this order of strength."""
    reading = Reading()
    reading.judges["default"] = {}
    for key, value in options.items():
        _keep(reading, FILE_KEYS[key], value, f"option --{key.replace('_', '-')}")
    _read_environment(environ, reading)
    if config := reading.values.get("config"):
        _read_file(Path(config.value), environ, reading)
    return reading


def _read_environment(environ: Mapping[str, str], reading: Reading) -> None:
    for name, text in environ.items():
        known = name in BY_ENV or OTLP_VARIANT.fullmatch(name)
        ours = text.strip() and name.startswith(PREFIXES) and not from_kubernetes(name, text)
        if known or not ours:
            continue
        reading.problems.append(f"{name}: no such setting{_nearest_variable(name)}")
    for setting in TABLE:
        try:
            found = given(setting, environ)
        except ValueError as error:
            reading.problems.append(str(error))
            continue
        if found is not None:
            name, text = found
            _keep(reading, setting, text, f"environment {name}")


def _nearest_variable(name: str) -> str:
    """The nearest name, with or without the right prefix."""
    known = list(BY_ENV)

    def bare(name: str) -> str:
        return name.removeprefix("O2_JUDGE_").removeprefix("SPANJUDGE_").removeprefix("JUDGE_")

    longer = [each for each in known if bare(each).startswith(f"{bare(name)}_")]
    found = difflib.get_close_matches(bare(name), {bare(each): None for each in known}, n=1, cutoff=0.7)
    close = longer or [each for each in known if found and bare(each) == found[0]]
    return f"; did you mean {close[0]}?" if close else ""


def _keep(reading: Reading, setting: Setting, raw: Any, origin: str, judge: str = "default") -> None:
    """Parse one value and keep it, unless a stronger source has given one."""
    name = origin.removeprefix("environment ").removeprefix("option ")
    target = reading.judges.setdefault(judge, {}) if setting.of_judge else reading.values
    if setting.field in target:
        return
    try:
        target[setting.field] = Value(parsed(setting, raw, name), origin)
    except ValueError as error:
        reading.problems.append(str(error))


def _read_file(path: Path, environ: Mapping[str, str], reading: Reading) -> None:
    try:
        entries = settings_file.read(path)
    except SettingsError as error:
        reading.problems.append(str(error))
        return
    for entry in entries:
        match entry.path:
            case (section,) if section in SECTIONS and entry.value is None:
                continue
            case ("judge" | "judges", *_):
                _read_judge(entry, environ, reading)
            case ("budgets", name, field):
                _read_budget(name, field, entry, reading)
            case ("destinations", name, field, *header):
                _read_destination(name, field, header, entry, reading)
            case (key,) if key in FILE_KEYS:
                if entry.value is not None:
                    value = _beside_file(FILE_KEYS[key], entry.value, path)
                    _keep(reading, FILE_KEYS[key], value, entry.where)
            case _:
                _unknown(entry, reading)


def _unknown(entry: settings_file.Entry, reading: Reading) -> None:
    key = ".".join(entry.path)
    known = [*FILE_KEYS, *SECTIONS, *(f"judge.{field}" for field in JUDGE_FIELDS)]
    reading.problems.append(f"{entry.where}: {key}: no such setting{nearest(key, known)}")


def _read_judge(entry: settings_file.Entry, environ: Mapping[str, str], reading: Reading) -> None:
    match entry.path:
        case ("judge", field):
            _read_judge_field("default", field, entry, environ, reading)
        case ("judges", "default", *_):
            reading.problems.append(
                f"{entry.where}: judges.default: the default judge model is set under `judge:`"
            )
        case ("judges", name, field):
            _read_judge_field(name, field, entry, environ, reading)
        case ("judges", name) if entry.value is None:
            reading.judges.setdefault(name, {})
        case _:
            _unknown(entry, reading)


def _read_judge_field(
    judge: str, field: str, entry: settings_file.Entry, environ: Mapping[str, str], reading: Reading
) -> None:
    fields = reading.judges.setdefault(judge, {})
    if field not in {*JUDGE_FIELDS, "api_key_env"}:
        known = [*JUDGE_FIELDS, "api_key_env"]
        reading.problems.append(
            f"{entry.where}: {'.'.join(entry.path)}: no such setting{nearest(field, known)}"
        )
        return
    if entry.value is None:
        return
    if field in KEY_SOURCES and any(source in fields for source in KEY_SOURCES):
        other = next(fields[source].origin for source in KEY_SOURCES if source in fields)
        from_environment = other.startswith("environment ") and "named at" not in other
        if not from_environment:
            reading.problems.append(f"{entry.where}: the key is given twice, also at {other}; keep one")
        return
    if field == "api_key_env":
        name = str(entry.value).strip()
        key = environ.get(name, "").strip()
        if not key:
            reading.problems.append(f"{entry.where}: api_key_env: the variable {name} is not set or empty")
            key = HIDDEN
        fields["api_key"] = Value(key, f"environment {name}, named at {entry.where}")
        return
    setting = JUDGE_FIELDS[field]
    value = _beside_file(setting, entry.value, Path(entry.where.rpartition(":")[0]))
    _keep(reading, setting, value, entry.where, judge)


def _read_budget(name: str, field: str, entry: settings_file.Entry, reading: Reading) -> None:
    if field not in BUDGET_FIELDS:
        hint = nearest(field, BUDGET_FIELDS) or f"; there are {', '.join(BUDGET_FIELDS)}"
        reading.problems.append(f"{entry.where}: {'.'.join(entry.path)}: no such setting{hint}")
        return
    kind = FILE_KEYS[f"budget_{field}"].kind
    try:
        reading.budgets.setdefault(name, {})[field] = kind.parse(entry.value)
    except ValueError:
        reading.problems.append(
            f"{entry.where}: {'.'.join(entry.path)}: {entry.value!r}: expected {kind.expects}"
        )


def _read_destination(
    name: str, field: str, header: list[str], entry: settings_file.Entry, reading: Reading
) -> None:
    fields = reading.destinations.setdefault(name, {})
    if field not in DESTINATION_FIELDS or (header and field != "headers"):
        reading.problems.append(
            f"{entry.where}: {'.'.join(entry.path)}: no such setting{nearest(field, DESTINATION_FIELDS)}"
        )
        return
    if field == "headers":
        if len(header) != 1:
            reading.problems.append(f"{entry.where}: headers: expected a mapping, such as {{x-team: blue}}")
            return
        fields.setdefault("headers", {})[header[0]] = str(entry.value)
    elif entry.value is not None:
        place = Path(entry.where.rpartition(":")[0]).parent
        is_file = field in destinations.FILES
        fields[field] = str(place / Path(entry.value).expanduser()) if is_file else entry.value


def _beside_file(setting: Setting, value: Any, file: Path) -> Any:
    """A relative path in the file starts at the file's folder, wherever the server is started."""
    if isinstance(setting.kind, File) and isinstance(value, str):
        return str(file.parent / Path(value).expanduser())
    return value

"""Where results go: destinations from the environment and from the settings file."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.telemetry.routes import (
    DEFAULT_SECONDS,
    STANDARD,
    Compression,
    Route,
    WireProtocol,
    address,
    check_header,
    is_exported,
    read_route,
    readable,
)

RESULTS = "SPANJUDGE_EXPORT_OTLP"
"""Prefix of the variables that send results elsewhere than the process's own telemetry."""

FROM_ENVIRONMENT = "otlp"
"""Name of the destination the environment describes: it stays when the address changes, with what waits."""

ResultSignal = Literal["logs", "metrics"]
SIGNALS: tuple[ResultSignal, ...] = get_args(ResultSignal)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_FROM_ENVIRON = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
FILES = ("certificate", "client_certificate", "client_key")
FIELDS = (
    "name",
    "endpoint",
    "logs_endpoint",
    "metrics_endpoint",
    "protocol",
    "headers",
    "timeout",
    "compression",
    "insecure",
    "signals",
    *FILES,
)
"""Fields of an entry of the settings file; those of `FILES` are paths."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One backend that gets every result. At least one of the routes is there.

    `name` is unique, and stays the same over restarts: what waits for a destination waits under its name.
    """

    name: str
    logs: Route | None = None
    metrics: Route | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        """A route for every signal it gets."""
        return tuple(route for route in (self.logs, self.metrics) if route is not None)

    @property
    def summary(self) -> str:
        """One line for people, without secrets."""
        ways = ", ".join(f"{route.signal} to {route.shown} ({route.protocol})" for route in self.routes)
        return f"{self.name}: {ways}"


def from_environment(environ: Mapping[str, str]) -> list[Destination]:
    """The destination of `OTEL_EXPORTER_OTLP_…`, or of `SPANJUDGE_EXPORT_OTLP_…` when that is set; or none.

    `SPANJUDGE_EXPORT_OTLP_ENDPOINT=none` sends results nowhere, and so does `OTEL_LOGS_EXPORTER=none` for
    logs. Raises `SettingsError`, which names the variable and the fix.
    """
    names = ("ENDPOINT", "LOGS_ENDPOINT", "METRICS_ENDPOINT")
    elsewhere = any(environ.get(f"{RESULTS}_{name}", "").strip() for name in names)
    if elsewhere:
        if environ.get(f"{RESULTS}_ENDPOINT", "").strip().lower() == "none":
            environ = {name: value for name, value in environ.items() if name != f"{RESULTS}_ENDPOINT"}
        chosen = _signals(environ.get(f"{RESULTS}_SIGNALS", ""), f"{RESULTS}_SIGNALS")
        routes = {signal: read_route(environ, signal, prefix=RESULTS, borrowed=STANDARD) for signal in chosen}
    else:
        routes = {signal: read_route(environ, signal) for signal in SIGNALS if is_exported(environ, signal)}
    if not any(routes.values()):
        return []
    return [Destination(name=FROM_ENVIRONMENT, logs=routes.get("logs"), metrics=routes.get("metrics"))]


def from_entries(
    entries: Sequence[Mapping[str, Any]],
    environ: Mapping[str, str],
    *,
    where: str = "destinations",
    taken: Sequence[Destination] = (),
) -> list[Destination]:
    """The destinations of the settings file.

    An entry has a `name`, an `endpoint` (the base address; HTTP appends `/v1/logs` and `/v1/metrics`) or
    `logs_endpoint` and `metrics_endpoint` (as they are), and optionally `protocol`, `headers` (a mapping;
    `${NAME}` in a value is the environment variable), `timeout` (seconds), `compression`, `certificate`,
    `client_certificate`, `client_key`, `insecure` (gRPC without scheme) and `signals` (logs, metrics).
    Values may be texts throughout. `taken` are destinations whose names are used already.
    Raises `SettingsError`, which names the entry, the field and the fix.
    """
    found: list[Destination] = []
    used = {destination.name for destination in taken}
    for index, entry in enumerate(entries):
        place = _place(entry, index, where)
        destination = _from_entry(entry, environ, place)
        if destination.name in used:
            raise SettingsError(
                f"{place}.name: another destination is called {destination.name!r} already"
                + (
                    " (the one of the environment variables)"
                    if destination.name == FROM_ENVIRONMENT and taken
                    else ""
                )
                + "; give this one a name of its own"
            )
        used.add(destination.name)
        found.append(destination)
    return found


def _place(entry: object, index: int, where: str) -> str:
    """How an entry is called in messages: by its name, or by its number."""
    name = str(cast("Mapping[str, Any]", entry).get("name")) if isinstance(entry, Mapping) else ""
    return f"{where}.{name}" if _NAME.fullmatch(name) and name != "None" else f"{where}[{index}]"


def _from_entry(entry: object, environ: Mapping[str, str], where: str) -> Destination:
    if not isinstance(entry, Mapping):
        raise SettingsError(f"{where}: expected a mapping such as {{name: backup, endpoint: http://…}}")
    fields = _Fields(cast("Mapping[str, Any]", entry), environ, where)
    signals = _signals(fields.raw("signals"), f"{where}.signals")
    routes = {signal: fields.route(signal) for signal in signals}
    if not any(routes.values()):
        raise SettingsError(f"{where}.endpoint is missing: write the address of the backend's OTLP receiver")
    return Destination(name=fields.name(), logs=routes.get("logs"), metrics=routes.get("metrics"))


def _signals(given: Any, where: str) -> tuple[ResultSignal, ...]:
    if given is None or given == "":
        return SIGNALS
    words = given.split(",") if isinstance(given, str) else given
    if not isinstance(words, Sequence):
        words = [words]
    chosen = [str(word).strip().lower() for word in cast("Sequence[object]", words)]
    unknown = [word for word in chosen if word not in SIGNALS]
    if unknown or not chosen:
        raise SettingsError(
            f"{where}: expected some of {', '.join(SIGNALS)}, not {', '.join(unknown) or 'none'}"
        )
    return tuple(signal for signal in SIGNALS if signal in chosen)


class _Fields:
    """The fields of one entry, read with messages that say where they stand."""

    def __init__(self, entry: Mapping[str, Any], environ: Mapping[str, str], where: str) -> None:
        self._entry = entry
        self._environ = environ
        self._where = where
        for key in entry:
            if key not in FIELDS:
                near = difflib.get_close_matches(str(key), FIELDS, n=1)
                hint = f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(FIELDS)}"
                raise SettingsError(f"{where}: `{key}` is not known{hint}")

    def raw(self, key: str) -> Any:
        return self._entry.get(key)

    def text(self, key: str) -> str:
        value = self._entry.get(key)
        if value is None:
            return ""
        if not isinstance(value, str | int | float):
            raise SettingsError(f"{self._where}.{key}: expected a single value")
        return str(value).strip()

    def name(self) -> str:
        name = self.text("name")
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"{self._where}.name: give the destination a name of its own, at most 64 letters, digits, "
                "`_`, `-`, `.`, a letter first"
            )
        return name

    def route(self, signal: ResultSignal) -> Route | None:
        own, base = self.text(f"{signal}_endpoint"), self.text("endpoint")
        if not own and not base:
            return None
        protocol = cast("WireProtocol", self._choice("protocol", get_args(WireProtocol), "http/protobuf"))
        insecure = self.text("insecure").lower() in ("true", "yes", "on", "1")
        certificate, key = self._file("client_certificate"), self._file("client_key")
        if (certificate is None) != (key is None):
            raise SettingsError(f"{self._where}: client_certificate and client_key belong together")
        return Route(
            signal=signal,
            url=address(own, f"{self._where}.{signal}_endpoint", protocol, insecure=insecure)
            if own
            else address(base, f"{self._where}.endpoint", protocol, insecure=insecure, append=f"v1/{signal}"),
            protocol=protocol,
            headers=self._headers(),
            timeout=self._seconds(),
            compression=cast("Compression", self._choice("compression", get_args(Compression), "none")),
            certificate=self._file("certificate"),
            client_certificate=certificate,
            client_key=key,
            settings=self._where,
        )

    def _choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(key).lower()
        if value and value not in allowed:
            raise SettingsError(f"{self._where}.{key}: expected one of {', '.join(allowed)}, not {value!r}")
        return value or default

    def _seconds(self) -> float:
        value = self.text("timeout")
        if not value:
            return DEFAULT_SECONDS
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 3600:  # noqa: PLR2004  an hour, as other timeouts of the settings
            raise SettingsError(
                f"{self._where}.timeout: expected seconds above 0 and up to 3600, not {value!r}"
            )
        return seconds

    def _file(self, key: str) -> str | None:
        value = self.text(key)
        return readable(value, f"{self._where}.{key}") if value else None

    def _headers(self) -> dict[str, str]:
        given = self._entry.get("headers")
        if given is None:
            return {}
        where = f"{self._where}.headers"
        if not isinstance(given, Mapping):
            raise SettingsError(f"{where}: expected a mapping such as {{authorization: 'Bearer ${{TOKEN}}'}}")
        headers: dict[str, str] = {}
        for name, value in cast("Mapping[object, object]", given).items():
            key = str(name).strip().lower()
            headers[key] = _FROM_ENVIRON.sub(lambda match: self._variable(match[1], where), str(value))
            check_header(key, headers[key], where)
        return headers

    def _variable(self, name: str, where: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise SettingsError(f"{where}: the environment variable {name} is not set")
        return value

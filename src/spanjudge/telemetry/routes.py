"""Where OTLP goes: the environment variables of the OpenTelemetry exporter specification, read exactly.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from spanjudge.errors import SettingsError

_log = logging.getLogger(__name__)

Signal = Literal["logs", "metrics", "traces"]
WireProtocol = Literal["http/protobuf", "http/json", "grpc"]
Compression = Literal["none", "gzip"]

STANDARD = "OTEL_EXPORTER_OTLP"
"""Prefix of the variables of the OpenTelemetry specification."""

DEFAULT_SECONDS = 10.0
_SUSPICIOUS_MS = 50
"""OpenTelemetry's Python exporters take the same variable as seconds."""

_PROTOCOLS = get_args(WireProtocol)
_COMPRESSIONS = get_args(Compression)
_SECRET = ("HEADERS", "CLIENT_CERTIFICATE", "CLIENT_KEY")


class Route(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """How one signal reaches one backend.

    `url` is the full address for HTTP, scheme, host and port for gRPC. `timeout` is in seconds. The
    certificates are paths of PEM files. `settings` is the prefix of the settings it came from and `signal`
    is part of them where the signal has its own. Its representation holds no secret.
    """

    signal: Signal
    url: str
    protocol: WireProtocol = "http/protobuf"
    headers: dict[str, str] = {}
    timeout: float = DEFAULT_SECONDS
    compression: Compression = "none"
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    settings: str = STANDARD

    def __repr__(self) -> str:
        """No header values, no passwords."""
        return f"Route({self.signal} → {self.shown} by {self.protocol}, headers: {sorted(self.headers)})"

    @property
    def shown(self) -> str:
        """The address without what may be secret: user, password and query."""
        return shown(self.url)

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return urlsplit(self.url).scheme == "https"

    @property
    def secrets(self) -> list[str]:
        """Texts that must not appear in a message: header values and their last words, user information."""
        found = {value for value in self.headers.values() if value}
        found |= {value.rpartition(" ")[2] for value in found}
        parts = urlsplit(self.url)
        found |= {text for text in (parts.password, parts.query) if text}
        return sorted(found, key=len, reverse=True)

    def named(self, setting: str) -> str:
        """The name of a setting of this route, such as `OTEL_EXPORTER_OTLP_HEADERS` for `HEADERS`."""
        if self.settings.isupper():
            return f"{self.settings}_{setting}"
        return f"{self.settings}.{setting.lower()}"


def shown(url: str) -> str:
    """An address, or what should be one, without user, password and query."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    place = rest.partition("?")[0].partition("#")[0]
    host, slash, path = place.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def read_route(
    environ: Mapping[str, str], signal: Signal, *, prefix: str = STANDARD, borrowed: str | None = None
) -> Route | None:
    """The route of a signal, or `None` when no address is set for it.

    `PREFIX_LOGS_…` goes before `PREFIX_…`. `borrowed` is a prefix whose protocol, timeout, compression and
    certificate hold where this one says nothing; its headers and client key are for another receiver.
    Raises `SettingsError`, which names the variable and never a secret.
    """
    variables = _Variables(environ, signal, prefix, borrowed)
    own, own_name = variables.only(f"{prefix}_{signal.upper()}_ENDPOINT")
    base, base_name = variables.only(f"{prefix}_ENDPOINT")
    if not own and not base:
        return None
    protocol = variables.choice("PROTOCOL", _PROTOCOLS, "http/protobuf")
    insecure = variables.flag("INSECURE")
    if own:
        url = address(own, own_name, protocol, insecure=insecure)
    else:
        url = address(base, base_name, protocol, insecure=insecure, append=f"v1/{signal}")
    client_certificate, client_key = variables.file("CLIENT_CERTIFICATE"), variables.file("CLIENT_KEY")
    if (client_certificate is None) != (client_key is None):
        raise SettingsError(
            f"{prefix}_CLIENT_CERTIFICATE and {prefix}_CLIENT_KEY belong together: set both or neither"
        )
    return Route(
        signal=signal,
        url=url,
        protocol=protocol,  # pyright: ignore[reportArgumentType]  # it is one of the choices
        headers=variables.headers(),
        timeout=variables.seconds("TIMEOUT", DEFAULT_SECONDS),
        compression=variables.choice("COMPRESSION", _COMPRESSIONS, "none"),  # pyright: ignore[reportArgumentType]  # as above
        certificate=variables.file("CERTIFICATE"),
        client_certificate=client_certificate,
        client_key=client_key,
        settings=prefix,
    )


def address(text: str, setting: str, protocol: str, *, insecure: bool | None = None, append: str = "") -> str:
    """A checked address, with `append` after its path for HTTP.

    For gRPC a scheme is not needed (`insecure` decides then, `False` by default) and a path has no meaning.
    Raises `SettingsError`.
    """
    text = text.strip()
    if protocol == "grpc" and "://" not in text:
        text = f"{'http' if insecure else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        example = "http://localhost:4317" if protocol == "grpc" else "http://localhost:4318"
        raise SettingsError(
            f"{setting} is no address ({shown(text)!r}): write the scheme, the host and the port, "
            f"such as {example}"
        )
    if protocol == "grpc":
        if port is None:
            host = parts.netloc.rpartition("@")[2].rstrip(":")
            return f"{parts.scheme}://{host}:{443 if parts.scheme == 'https' else 4317}"
        return urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    path = f"{parts.path.rstrip('/')}/{append}" if append else parts.path or "/"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def parse_headers(text: str, setting: str) -> dict[str, str]:
    """`key=value,key=value` with percent-encoded values, as W3C Baggage has them, without properties.

    Raises `SettingsError` without quoting any value.
    """
    headers: dict[str, str] = {}
    for number, pair in enumerate(text.split(","), 1):
        if not pair.strip():
            continue
        name, equals, value = pair.partition("=")
        name = unquote(name.strip()).lower()
        if not equals:
            raise SettingsError(
                f"{setting}: entry {number} has no `=`; write key=value, entries apart by commas, "
                "and a comma inside a value as %2C"
            )
        headers[name] = unquote(value.strip())
        check_header(name, headers[name], f"{setting}: entry {number}")
    return headers


def check_header(name: str, value: str, where: str) -> None:
    """Raise `SettingsError` for what no HTTP header can hold."""
    token = name.replace("-", "").replace("_", "").replace(".", "")
    if not (token.isascii() and token.isalnum()):
        raise SettingsError(f"{where}: {name!r} is no name of a header; use letters, digits and `-`")
    if any(ord(character) < 32 and character != "\t" for character in value):  # noqa: PLR2004  the first printable
        raise SettingsError(f"{where}: the value of {name} holds a line break or a control character")


def is_exported(environ: Mapping[str, str], signal: Signal) -> bool:
    """Whether `OTEL_LOGS_EXPORTER` and its kin let OTLP be: unset, or `otlp` among what they list."""
    chosen = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower()
    return not chosen or "otlp" in [name.strip() for name in chosen.split(",")]


class _Variables:
    """The variables of one signal: its own name first, then the general one, then the borrowed ones."""

    def __init__(self, environ: Mapping[str, str], signal: Signal, prefix: str, borrowed: str | None) -> None:
        self._environ = environ
        self._signal = signal.upper()
        self._prefix = prefix
        self._borrowed = borrowed

    def only(self, name: str) -> tuple[str, str]:
        """An empty value is the same as none."""
        return self._environ.get(name, "").strip(), name

    def found(self, setting: str) -> tuple[str, str]:
        """The value, and the variable it came from."""
        prefixes = [self._prefix]
        if self._borrowed is not None and setting not in _SECRET:
            prefixes.append(self._borrowed)
        for prefix in prefixes:
            for name in (f"{prefix}_{self._signal}_{setting}", f"{prefix}_{setting}"):
                value, _ = self.only(name)
                if value:
                    return value, name
        return "", f"{self._prefix}_{setting}"

    def choice(self, setting: str, allowed: tuple[str, ...], default: str) -> str:
        value, name = self.found(setting)
        if not value:
            return default
        if value.lower() not in allowed:
            raise SettingsError(f"{name}={value!r}: expected one of {', '.join(allowed)}")
        return value.lower()

    def flag(self, setting: str) -> bool | None:
        """`true` is true and everything else false, as the specification says of booleans."""
        value, _ = self.found(setting)
        return value.lower() == "true" if value else None

    def seconds(self, setting: str, default: float) -> float:
        """The specification's durations are whole milliseconds."""
        value, name = self.found(setting)
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise SettingsError(
                f"{name}={value!r}: expected a time in whole milliseconds, above 0, such as 10000"
            )
        if int(value) < _SUSPICIOUS_MS:
            _log.warning("%s=%s is in milliseconds: hardly anything answers in that time", name, value)
        return int(value) / 1000

    def file(self, setting: str) -> str | None:
        value, name = self.found(setting)
        if not value:
            return None
        return readable(value, name)

    def headers(self) -> dict[str, str]:
        value, name = self.found("HEADERS")
        return parse_headers(value, name)


def readable(path: str, setting: str) -> str:
    """The path of a file that can be read. Raises `SettingsError`."""
    try:
        with Path(path).open("rb"):
            return path
    except OSError as error:
        raise SettingsError(f"{setting}={path!r}: the file cannot be read ({error.strerror})") from None

"""From the text of variables to values: who set what, and everything that is wrong with it."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from spanjudge.judging.models.settings.kinds import Url, UrlOrNone, without_secrets
from spanjudge.judging.models.settings.setting import Setting

HIDDEN = "(hidden)"

# Kubernetes tells every container about every service of its namespace in variables that begin with the
# service's name; a service called “spanjudge” would otherwise stop its own server.
_KUBERNETES = re.compile(
    r"_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)
_KUBERNETES_LINK = re.compile(r"^(tcp|udp|sctp)://\S+:\d+$")


class Value(msgspec.Struct, frozen=True):
    """A setting's value and its origin: `environment NAME`, `FILE:LINE`, `option --NAME` or `default`."""

    value: Any
    origin: str


class JudgesRead(msgspec.Struct):
    """What was read. `judges` holds the judge models by name, the one of the environment as `default`.

    `values` are the settings that belong to no judge model. `problems` are what is wrong, `notes` are worth
    a line in the log.
    """

    values: dict[str, Value] = msgspec.field(default_factory=dict[str, Value])
    judges: dict[str, dict[str, Value]] = msgspec.field(default_factory=dict[str, dict[str, Value]])
    problems: list[str] = msgspec.field(default_factory=list[str])
    notes: list[str] = msgspec.field(default_factory=list[str])


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that looks most like this one, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def show(setting: Setting, value: Any) -> str:
    """The value as it may be shown."""
    if setting.secret:
        return HIDDEN
    if isinstance(setting.kind, Url | UrlOrNone):
        return without_secrets(str(value))
    return repr(value) if isinstance(value, str) else str(value)


def from_kubernetes(name: str, text: str) -> bool:
    """Whether Kubernetes made this variable, for a service of that name."""
    return bool(_KUBERNETES.search(name)) or (name.endswith("_PORT") and bool(_KUBERNETES_LINK.match(text)))


def given(setting: Setting, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and text of the variable that sets this; `None` when none does, and an empty one does not.

    Raises `ValueError`, whose text may be shown, when two names of the setting contradict each other.
    """
    found = {name: text for name in setting.env if (text := environ.get(name, "").strip())}
    found = {name: text for name, text in found.items() if not from_kubernetes(name, text)}
    if len(set(found.values())) > 1:
        values = " and ".join(f"{name}={show(setting, text)}" for name, text in found.items())
        raise ValueError(f"{values} contradict each other: set one of them")
    return next(iter(found.items()), None)


def parsed(setting: Setting, raw: Any, name: str) -> Any:
    """The value. `name` is the variable, the option, or the place in a file it stands in.

    Raises `ValueError`, whose text may be shown.
    """
    if name in setting.env and isinstance(raw, str) and re.fullmatch(r"(['\"]).*\1", raw, re.DOTALL):
        raise ValueError(
            f"{name}={show(setting, raw)}: the quotation marks are part of the value; leave them out"
        )
    try:
        return setting.kind.parse(raw)
    except ValueError:
        what = f"{name}={show(setting, raw)}" if name in setting.env else f"{name}: {show(setting, raw)}"
        if ":" in name and name not in setting.env:
            what = f"{name}: {setting.field}: {show(setting, raw)}"
        words = getattr(setting.kind, "words", ())
        wrong = next((word for word in re.split(r"[,\s]+", str(raw).lower()) if word not in words), "")
        hint = nearest(wrong, words) if words else ""
        raise ValueError(
            f"{what}: expected {setting.kind.expects}, such as {setting.example}{hint}"
        ) from None

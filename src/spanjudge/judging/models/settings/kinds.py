"""How the text of a setting becomes a value, and what to say when it does not."""

import math
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})


class Kind(Protocol):
    """A kind of value."""

    @property
    def expects(self) -> str:
        """What a good value is, in words that fit behind “expected”."""
        ...

    def parse(self, value: Any) -> Any:
        """Turn environment text or a YAML value into the setting's value; `ValueError` when it is none."""
        ...


class Text(msgspec.Struct, frozen=True):
    """Any text that is not empty."""

    expects: str = "text"

    def parse(self, value: Any) -> str:
        """Keep it, without white space around it."""
        text = "" if isinstance(value, list | tuple) else str(value).strip()
        if not text:
            raise ValueError(self.expects)
        return text


class Choice(msgspec.Struct, frozen=True):
    """One of a few words, in any case."""

    words: tuple[str, ...]

    @property
    def expects(self) -> str:
        """The words."""
        return f"one of {', '.join(self.words)}"

    def parse(self, value: Any) -> str:
        """The word in lower case."""
        word = Text().parse(value).lower()
        if word not in self.words:
            raise ValueError(self.expects)
        return word


class Flag(msgspec.Struct, frozen=True):
    """Yes or no."""

    expects: str = "true or false"

    def parse(self, value: Any) -> bool:
        """Take the usual spellings."""
        word = str(value).strip().lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise ValueError(self.expects)


class Whole(msgspec.Struct, frozen=True):
    """A whole number in a range, both ends included."""

    low: int
    high: int

    @property
    def expects(self) -> str:
        """The range."""
        return f"a whole number from {self.low} to {self.high}"

    def parse(self, value: Any) -> int:
        """Take digits; `1_000` too."""
        try:
            number = int(str(value))
        except ValueError:
            raise ValueError(self.expects) from None
        if not self.low <= number <= self.high:
            raise ValueError(self.expects)
        return number


class PortOrOff(msgspec.Struct, frozen=True):
    """A port, or nothing to listen on."""

    expects: str = "a port from 0 to 65535, or off"

    def parse(self, value: Any) -> int | None:
        """`None` is off."""
        if str(value).strip().lower() in {"off", "none", "false", "no"}:
            return None
        try:
            return Whole(0, 65_535).parse(value)
        except ValueError:
            raise ValueError(self.expects) from None


class Number(msgspec.Struct, frozen=True):
    """A number in a range, both ends included; never NaN or infinite."""

    low: float
    high: float
    unit: str = ""

    @property
    def expects(self) -> str:
        """The range, with the unit."""
        unit = f" of {self.unit}" if self.unit else ""
        return f"a number{unit} from {self.low:g} to {self.high:g}"

    def parse(self, value: Any) -> float:
        """Take decimals with a point."""
        try:
            number = float(str(value))
        except ValueError:
            raise ValueError(self.expects) from None
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise ValueError(self.expects)
        return number


class Words(msgspec.Struct, frozen=True):
    """Several texts: a list in YAML, separated by commas in the environment."""

    expects: str = "one or more values, separated by commas"

    def parse(self, value: Any) -> tuple[str, ...]:
        """Drop what is empty."""
        if isinstance(value, list | tuple):
            parts = [Text(self.expects).parse(part) for part in value]  # pyright: ignore[reportUnknownVariableType] - a YAML list
        else:
            parts = [part.strip() for part in Text(self.expects).parse(value).split(",")]
        words = tuple(part for part in parts if part)
        if not words:
            raise ValueError(self.expects)
        return words


class Url(msgspec.Struct, frozen=True):
    """An address of a web server."""

    expects: str = "an address that starts with http:// or https://"

    def parse(self, value: Any) -> str:
        """Check scheme and host."""
        text = Text(self.expects).parse(value)
        try:
            parts = urlsplit(text)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or any(character.isspace() for character in text):
            raise ValueError(self.expects)
        return text


class UrlOrNone(msgspec.Struct, frozen=True):
    """An address of a web server, or the word for nowhere."""

    expects: str = "an address that starts with http:// or https://, or none"

    def parse(self, value: Any) -> str:
        """`none` stays the word."""
        if str(value).strip().lower() == "none":
            return "none"
        return Url(self.expects).parse(value)


class File(msgspec.Struct, frozen=True):
    """A file or folder. Whether it is there is looked at when the settings are put together."""

    expects: str = "a path"

    def parse(self, value: Any) -> str:
        """Keep it as it is written."""
        return Text(self.expects).parse(value)


def without_secrets(url: str) -> str:
    """The address as it may be shown: no user name, password or query."""
    if "://" not in url:
        return url.partition("?")[0].rpartition("@")[2]
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(not an address)"
    if ":" in host:
        host = f"[{host}]"
    query = "?…" if parts.query else ""
    user = "…@" if parts.username or parts.password else ""
    return f"{parts.scheme}://{user}{host}{port}{parts.path}{query}"

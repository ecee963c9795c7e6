"""Evidence read from the text itself, without a model: it helps a small judge and decides nothing alone.

`support` compares words: how much of an output its context holds. `steering` looks for what people write when
they try to steer an assistant away from its task, by the phrases of `steering.yaml`.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import yaml

from spanjudge.judging.material import documents_text
from spanjudge.judging.subject import Subject

_WORD = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_SHORTEST = 4
_STEM = 5
"""Letters that the forms of one word share: an output may say `writer` where the context says `writers`."""
_MOST_MISSING = 5


def support(subject: Subject) -> float:
    """The share (0 to 1) of the output's words that its context holds; 1.0 for an output without words.

    Words are numbers, names and words of four letters and more, that the input does not hold already:
    repeating the question supports nothing.
    """
    words = _told(subject)
    return 1.0 - len(unsupported(subject)) / len(words) if words else 1.0


def unsupported(subject: Subject) -> tuple[str, ...]:
    """The words of the output, as written, that neither the context nor the input holds, in their order."""
    held = _folded_words(documents_text(subject.context))
    stems = {word[:_STEM] for word in held if len(word) >= _STEM}
    return tuple(
        word
        for key, word in _told(subject).items()
        if key not in held and not (key[:_STEM] in stems and key.isalpha())
    )


def steering(subject: Subject) -> float:
    """How many families of steering phrases (0, 1 or 2 = two and more) the input holds."""
    return float(min(2, len(steering_families(subject))))


def steering_families(subject: Subject) -> tuple[str, ...]:
    """Which families of steering phrases the input holds."""
    text = _plain(subject.input or "")
    return tuple(name for name, found in _families().items() if found.search(text))


SIGNALS: dict[str, Callable[[Subject], float]] = {"support": support, "steering": steering}
"""By the name calibration files use."""


def note(names: tuple[str, ...], subject: Subject) -> str:
    """A sentence of evidence for an answer that something is wrong; empty when there is none."""
    if "support" in names:
        missing = unsupported(subject)
        if missing:
            more = " …" if len(missing) > _MOST_MISSING else ""
            return f"Not in the context: {', '.join(missing[:_MOST_MISSING])}{more}."
    if "steering" in names:
        found = steering_families(subject)
        if found:
            return f"The input holds {' and '.join(found)}."
    return ""


def _told(subject: Subject) -> dict[str, str]:
    """The words of the output that say something, by their folded form; without those the input holds."""
    asked = _folded_words(subject.input or "")
    words = {_fold(word): word for word in _WORD.findall(subject.output or "")}
    telling = {
        key: word
        for key, word in words.items()
        if len(key) >= _SHORTEST or key[:1].isdigit() or word[:1].isupper()
    }
    new = {key: word for key, word in telling.items() if key not in asked}
    return new or telling


def _folded_words(text: str) -> set[str]:
    return {_fold(word) for word in _WORD.findall(text)}


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).casefold()
    return (
        "".join(char for char in plain if not unicodedata.combining(char))
        .replace("’", "'")
        .removesuffix("'s")
    )


def _plain(text: str) -> str:
    """Lower case, compatible forms folded, invisible marks left out, white space as single blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char for char in folded if unicodedata.category(char) != "Cf").split())


@cache
def _families() -> dict[str, re.Pattern[str]]:
    """Read and compiled at the first question about steering."""
    text = files("spanjudge.judging").joinpath("steering.yaml").read_text(encoding="utf-8")
    held = yaml.safe_load(text)
    parts = {f"<{name}>": rf"\b(?:{'|'.join(held[name])})\b" for name in ("drop", "dropped")}
    patterns: dict[str, str] = {name: "|".join(several) for name, several in held["families"].items()}
    for part, pattern in parts.items():
        patterns = {name: text.replace(part, pattern) for name, text in patterns.items()}
    return {name: re.compile(pattern) for name, pattern in patterns.items()}

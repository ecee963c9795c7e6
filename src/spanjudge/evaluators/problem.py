"""One thing that is wrong with an evaluator definition, and where."""

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

Path = tuple[str | int, ...]
"""The way to a field: names and positions in lists, `("answer", "labels", 1, "name")`."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong and the fix, in one line.

    `path` is empty for the definition as a whole. `text_line` counts the lines of a text of several lines
    (first = 0), where the problem lies inside it. `line` is the line of the file (first = 1) when it is
    known already.
    """

    path: Path
    message: str
    text_line: int = 0
    line: int | None = None


def spell(path: Path) -> str:
    """The path as people write it: `answer.labels[1].name`."""
    spelled = ""
    for step in path:
        spelled += f"[{step}]" if isinstance(step, int) else f".{step}" if spelled else step
    return spelled


def nearest(word: str, known: Iterable[str]) -> str:
    """A question that names the known word nearest to `word`, or else all known words."""
    words = list(known)
    by_fold = {known_word.casefold(): known_word for known_word in words}
    close = get_close_matches(word.casefold().replace("-", "_"), by_fold, n=1, cutoff=0.6)
    if close:
        return f"did you mean “{by_fold[close[0]]}”?"
    return f"known are {', '.join(words)}"

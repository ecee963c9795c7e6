"""Rows in columns, as plain lines: the same on a terminal, in a file and for grep."""

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

GAP = "  "


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line of headings and a line for each row; nothing is wrapped or cut, and the last column is free."""
    table = [list(head), *([_line(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        yield GAP.join(padded).rstrip()


def shortened(text: str, most: int) -> str:
    """The text in one line of at most so many characters; an ellipsis tells that there is more."""
    line = _line(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _line(text: str) -> str:
    """White space is single spaces, and what could move a terminal's cursor is gone."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)

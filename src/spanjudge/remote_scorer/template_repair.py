r"""Repairs request bodies that the client in the field rendered wrongly.

The client escapes a value for JSON and then strips every `"` from both of its ends. A value that ends in
`"` so loses the quotation mark of its last escape: `He said "hi"` becomes `He said \"hi\`, and the
template's closing quotation mark is read as part of the text. The client decides whether a variable
stands inside a string by counting quotation marks from the start of what it rendered so far, so the next
value is then taken to stand outside of one and is put in *without* any escaping, until the count is even
again. This module walks the body with the same count, finds where each value really ends, and writes it
anew.
"""

import json
import re

FIELDS = (
    "scorer_name",
    "input",
    "output",
    "expected",
    "metadata",
    "context",
    "messages",
    "system_prompt",
    "tools",
    "tool_calls",
    "statistics",
    "spans",
    "steps",
)
"""The names a template gives its values; where a raw value ends is told by the next of them."""

LONGEST = 600_000
"""Characters. The client sends at most 40,000 a field: a longer body is not its work."""

_QUOTE_OR_ESCAPE = re.compile(r'\\.|"', re.DOTALL)
_KEY = re.compile(r'"[^"\\]{0,100}+"\s*+:')
_NEXT = r'(?:\s*+[}\]])*+\s*+,\s*+"(?:%s)"\s*+:|(?:\s*+[}\]])++\s*+\Z'
_AFTER_VALUE = re.compile(_NEXT % r'[^"\\]{1,100}+')
_AFTER_RAW_VALUE = re.compile(_NEXT % "|".join(FIELDS))
_MERGED = re.compile(rf'",\s*"(?:{"|".join(FIELDS)})"\s*:\s*\Z')


def repaired(text: str) -> str | None:
    """The body as it was meant; nothing when it is too long, or no end of some value can be found."""
    if len(text) > LONGEST:
        return None
    out: list[str] = []
    inside = False  # whether the client takes this place to be inside a string
    at = 0
    before = ""  # what stands before a quotation mark that nothing else separates from the last piece
    while True:
        quote = text.find('"', at)
        if quote < 0:
            out.append(text[at:])
            return "".join(out)
        out.append(text[at:quote])
        # Behind a colon or a bracket begins a value, even one that looks like a key: `":` put in raw.
        is_value = (text[at:quote].rstrip() or before)[-1:] in (":", "[")
        key = None if is_value else _KEY.match(text, quote)
        if key:
            out.append(key.group())
            at, before = key.end(), ":"
            continue
        inside = not inside
        if inside:
            end, lost = _end_of_escaped(text, quote + 1)
            if end < 0:
                return None
            out.append(text[quote:end] + ('""' if lost else '"'))
            inside = lost
        else:
            end = _end_of_raw(text, quote + 1)
            if end < 0:
                return None
            out.append(json.dumps(text[quote + 1 : end], ensure_ascii=False))
            inside = _count(text, quote + 1, end + 1) % 2 == 1
        at, before = end + 1, '"'


def swallowed(value: str) -> bool:
    """Whether a parsed value ends in the next field's key: valid JSON by accident, and not what was meant."""
    return value.endswith(":") and _MERGED.search(value, max(0, len(value) - 120)) is not None


def _end_of_escaped(text: str, start: int) -> tuple[int, bool]:
    """Where the closing quotation mark stands, and whether the value lost one of its own."""
    for found in _QUOTE_OR_ESCAPE.finditer(text, start):
        if found.group() == '"':
            return found.start(), False
        if found.group() == '\\"' and _AFTER_VALUE.match(text, found.end()):
            return found.end() - 1, True
    return -1, False


def _end_of_raw(text: str, start: int) -> int:
    quote = text.find('"', start)
    while quote >= 0:
        if _AFTER_RAW_VALUE.match(text, quote + 1):
            return quote
        quote = text.find('"', quote + 1)
    return -1


def _count(text: str, start: int, end: int) -> int:
    return sum(1 for found in _QUOTE_OR_ESCAPE.finditer(text, start, end) if found.group() == '"')

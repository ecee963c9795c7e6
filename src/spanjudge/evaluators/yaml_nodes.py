"""YAML text to nodes that remember their line; only the plain part of YAML, so that no file can surprise.

Anchors, aliases, merge keys, tags and several documents are errors: a definition says what it says. Every
error comes with its line (first = 1).
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import yaml

MAX_DEPTH = 20

# The compiled parser where PyYAML was built with it: fifteen times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# YAML 1.1 reads these as true or false, YAML 1.2 as text.
_TWO_MEANINGS = re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF")
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# What one YAML version or another reads as a number, or as no number at all.
_ODD_NUMBER = re.compile(
    r"[-+]?(?:0[0-9_]+(?:\.[0-9_]*)?|0[xX][0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+"
    r"|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?|[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
# Faults that show only behind the place that lacks something.
_OPEN = re.compile("end of stream|could not find expected ':'")
_TEXT_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})


class YamlError(Exception):
    """The text is no YAML we take; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        """`message` says what is wrong and the fix."""
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as written. `plain` is false in quotes and blocks, `block` true after `|`."""

    line: int
    text: str
    plain: bool
    block: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    items: "list[Node]"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the text; a key can stand there twice. `flow` is the `{…}` form."""

    line: int
    entries: "list[tuple[Scalar, Node]]"
    flow: bool


Node = Scalar | Sequence | Mapping


def parse(text: str) -> Node | None:
    """The one document of the text, or `None` when it holds nothing.

    Raises `YamlError`.
    """
    events = yaml.parse(text, Loader=_LOADER)
    try:
        return _document(events)
    except yaml.MarkedYAMLError as error:
        line = min(_place(error), text.count("\n") + 1)
        raise YamlError(line, _explain(error, text, line)) from None
    except yaml.YAMLError as error:
        line, message = _unmarked(text, str(error))
        raise YamlError(line, message) from None


def value_of(scalar: Scalar) -> str | bool | float | None:
    """The value a reader of the file sees: text, true or false, a number, or nothing.

    Raises `ValueError` for a plain word that YAML versions read in two ways.
    """
    text = scalar.text
    if not scalar.plain:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    if _TWO_MEANINGS.fullmatch(text) or _ODD_NUMBER.fullmatch(text):
        raise ValueError(text)
    return text


def _document(events: Any) -> Node | None:
    root: Node | None = None
    seen = False
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if seen:
                raise YamlError(
                    _line(event), "a second document begins here; write one evaluator a file, without “---”"
                )
            seen = True
            root = _node(next(events), events, 0)
    return None if isinstance(root, Scalar) and root.plain and not root.text else root


def _node(event: Any, events: Any, depth: int) -> Node:
    line = _line(event)
    _refuse(event, line, depth)
    if isinstance(event, yaml.ScalarEvent):
        plain = not event.style and event.tag is None
        return Scalar(line, event.value, plain=plain, block=event.style == "|")
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_node(event, events, depth + 1))
        return Sequence(line, items)
    flow = bool(event.flow_style)
    entries: list[tuple[Scalar, Node]] = []
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, depth + 1)
        if not isinstance(key, Scalar):
            raise YamlError(key.line, "a list or mapping cannot be a field's name; write a word")
        value = _node(next(events), events, depth + 1)
        if isinstance(value, Scalar) and value.plain and not value.text:
            value = replace(value, line=key.line)  # the parser takes the line of what comes next
        entries.append((key, value))
    return Mapping(line, entries, flow=flow)


def _refuse(event: Any, line: int, depth: int) -> None:
    """Stop at everything that makes a file mean more than it shows."""
    if isinstance(event, yaml.AliasEvent):
        raise YamlError(line, f"“*{event.anchor}” refers to another place; write the value out")
    if event.anchor is not None:
        raise YamlError(
            line, f"“&{event.anchor}” marks a value for later use; write the value where it belongs"
        )
    allowed = _TEXT_TAGS if isinstance(event, yaml.ScalarEvent) else (None,)
    if event.tag not in allowed:
        raise YamlError(line, f"the tag {event.tag!r} is not taken; write the plain value")
    if depth > MAX_DEPTH:
        raise YamlError(line, f"more than {MAX_DEPTH} lists or mappings inside each other; write fewer")


def _line(event: Any) -> int:
    return event.start_mark.line + 1


def _place(error: yaml.MarkedYAMLError) -> int:
    """The line of the fault; of what was opened there, when its end was missed."""
    mark = error.problem_mark or error.context_mark
    if error.context_mark and _OPEN.search(error.problem or ""):
        mark = error.context_mark
    return mark.line + 1 if mark else 1


def _explain(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    problem = error.problem or error.context or "this is not YAML"
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "a tab cannot indent YAML; use spaces"
    if "could not find expected ':'" in problem:
        return "a line without a colon where a field should be; write “field: value”"
    if "mapping values are not allowed" in problem:
        return "a colon and a space inside a text without quotes; put the text in quotes or below “|”"
    if "cannot start any token" in problem:
        return f"{problem}; put the text in quotes"
    if error.context and error.context_mark:
        return f"{problem}, {error.context} that begins in line {error.context_mark.line + 1}"
    return f"{problem}; check quotes, indentation and brackets"


def _unmarked(text: str, fallback: str) -> tuple[int, str]:
    """Both parsers tell of a forbidden character without its line: look for it."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found is None:
        return 1, fallback.replace("\n", " ")
    line = text.count("\n", 0, found.start()) + 1
    return line, f"the character U+{ord(found.group()):04X} cannot stand in YAML; remove it"

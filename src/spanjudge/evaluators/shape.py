"""YAML nodes to the plain values of an evaluator, checked against its types, all problems in one go.

The types themselves (`evaluator.py`, `answer_format.py`, `acceptance.py`) say which fields there are;
this file only says in words what does not fit. Rules between fields are in `validation.py`.
"""

from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import Path, Problem, nearest
from spanjudge.evaluators.validation import fits
from spanjudge.evaluators.yaml_nodes import Mapping, Node, Scalar, Sequence, value_of

_BAD: Final = object()
_HINTS = {
    "Label": "write {name: …, description: …}",
    "Anchor": "write {value: …, description: …}",
    "Rule": "write {attribute: …, operator: …, value: …}",
    "Prompt": "write {system: …, user: …}",
    "VerdictLabels": "write {pass: …, fail: …}",
    "Acceptance": "write {pass_values: […]}, {pass_when: true} or {min: …, max: …}",
    "Scope": "write services, sampling and rules below it",
}
_ANSWER_HINT = "write “type: category”, “type: boolean” or “type: score” below it"


class Shape:
    """What a file holds: its plain values (when they fit), its problems, and the line of every field."""

    def __init__(self, root: Node) -> None:
        """Read it all at once."""
        self.problems: list[Problem] = []
        self._nodes: dict[Path, Node] = {}
        self.values: Any = self._read(root, _evaluator_type(), ())

    def line(self, path: Path, text_line: int = 0) -> int:
        """The line of the field, or of the nearest field around it that is written in the file."""
        written = path
        while written not in self._nodes and written:
            written = written[:-1]
        node = self._nodes[written]
        if written == path and isinstance(node, Scalar) and node.block:
            return node.line + 1 + text_line
        return node.line

    def _add(self, path: Path, message: str, node: Node) -> object:
        self.problems.append(Problem(path, message, line=node.line))
        return _BAD

    def _read(self, node: Node, kind: inspect.Type, path: Path) -> Any:
        self._nodes.setdefault(path, node)
        if isinstance(kind, inspect.UnionType):
            return self._union(node, kind, path)
        if isinstance(kind, inspect.StructType):
            return self._struct(node, kind, path)
        if isinstance(kind, inspect.VarTupleType):
            return self._list(node, kind.item_type, path)
        if isinstance(kind, inspect.DictType):
            return self._dict(node, path)
        if isinstance(kind, inspect.AnyType):
            return self._any(node, path)
        return self._scalar(node, kind, path)

    def _union(self, node: Node, kind: inspect.UnionType, path: Path) -> Any:
        if kind.includes_none and isinstance(node, Scalar) and node.plain and value_is_nothing(node):
            return None
        kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if len(kinds) == 1:
            return self._read(node, kinds[0], path)
        structs = [one for one in kinds if isinstance(one, inspect.StructType)]
        if not isinstance(node, Mapping):
            return self._add(path, f"must be a mapping; {_ANSWER_HINT}", node)
        tags = {str(struct.tag): struct for struct in structs}
        written = next((value for key, value in node.entries if key.text == structs[0].tag_field), None)
        if written is None:
            return self._add(path, f"has no type; {_ANSWER_HINT}", node)
        if not isinstance(written, Scalar) or written.text not in tags:
            word = written.text if isinstance(written, Scalar) else "…"
            return self._add((*path, "type"), f"“{word}” is no answer type; {nearest(word, tags)}", written)
        return self._struct(node, tags[written.text], path, others=structs)

    def _struct(
        self, node: Node, kind: inspect.StructType, path: Path, others: list[inspect.StructType] | None = None
    ) -> Any:
        name = kind.cls.__name__
        if not isinstance(node, Mapping):
            hint = _HINTS.get(name, "write “field: value” lines")
            return self._add(path, f"must be a mapping; {hint}", node)
        fields = {field.encode_name: field for field in kind.fields}
        values: dict[str, Any] = {}
        good = True
        for key, value in self._unique(node, path):
            if key.text == kind.tag_field:
                values[key.text] = kind.tag
            elif key.text in fields:
                read = self._read(value, fields[key.text].type, (*path, key.text))
                good = good and read is not _BAD
                values[key.text] = read
            else:
                known = [*([kind.tag_field] if kind.tag_field else []), *fields]
                self._add((*path, key.text), _unknown(node, key, value, known, others), key)
                good = False
        for field in fields.values():
            if field.required and field.encode_name not in values:
                self._add((*path, field.encode_name), f"is missing; add “{field.encode_name}: …”", node)
                good = False
        return values if good else _BAD

    def _unique(self, node: Mapping, path: Path) -> list[tuple[Scalar, Node]]:
        first: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.entries:
            if key.text in first:
                line = first[key.text][0].line
                self._add(
                    (*path, key.text), f"stands here a second time (first in line {line}); remove one", key
                )
            else:
                first[key.text] = (key, value)
        return list(first.values())

    def _list(self, node: Node, item: inspect.Type, path: Path) -> Any:
        if isinstance(node, Scalar) and node.plain and value_is_nothing(node):
            return []
        if not isinstance(node, Sequence):
            return self._add(path, "must be a list; write “[…]” or one “- …” line for each item", node)
        items = [self._read(one, item, (*path, index)) for index, one in enumerate(node.items)]
        return _BAD if any(one is _BAD for one in items) else items

    def _dict(self, node: Node, path: Path) -> Any:
        if isinstance(node, Scalar) and node.plain and value_is_nothing(node):
            return {}
        if not isinstance(node, Mapping):
            return self._add(path, "must be a mapping; write “name: attribute.key” lines", node)
        text = inspect.StrType()
        entries = self._unique(node, path)
        values = {key.text: self._read(value, text, (*path, key.text)) for key, value in entries}
        return _BAD if any(value is _BAD for value in values.values()) else values

    def _any(self, node: Node, path: Path) -> Any:
        if isinstance(node, Sequence):
            items = [self._any(one, (*path, index)) for index, one in enumerate(node.items)]
            return _BAD if any(one is _BAD for one in items) else items
        if isinstance(node, Mapping):
            return self._add(path, "must be a text, a number, true, false or a list of these", node)
        try:
            value = value_of(node)
        except ValueError:
            fix = f"write true or false, a decimal number, or the text in quotes: {_quoted(node.text)}"
            return self._add(path, f"{node.text} without quotes means different things in YAML; {fix}", node)
        if not fits(value):
            return self._add(
                path, f"{node.text} is too large; use a smaller number or a text in quotes", node
            )
        return value

    def _scalar(self, node: Node, kind: inspect.Type, path: Path) -> Any:
        if isinstance(node, Mapping | Sequence):
            form = "a list" if isinstance(node, Sequence) else "a mapping"
            fix = "write the value behind the colon"
            return self._add(path, f"must be {_words(kind)}, not {form}; {fix}", node)
        try:
            value = value_of(node)
        except ValueError:
            value = _BAD
        if isinstance(kind, inspect.LiteralType):
            known = [str(word) for word in kind.values]
            return node.text if node.text in known else self._add(path, _no_word(node, known), node)
        if isinstance(kind, inspect.StrType):
            return value if isinstance(value, str) else self._add(path, _no_text(node, value), node)
        if isinstance(kind, inspect.BoolType):
            fix = f"“{node.text}” is neither true nor false; write true or false, without quotes"
            return value if isinstance(value, bool) else self._add(path, fix, node)
        if isinstance(value, int | float) and not isinstance(value, bool) and fits(value):
            return float(value)
        return self._add(path, f"“{node.text}” is no number; write one like 0.5, without quotes", node)


def value_is_nothing(scalar: Scalar) -> bool:
    """Whether nothing, `~` or `null` stands behind the colon."""
    return scalar.plain and scalar.text.lower() in {"", "~", "null"}


@cache
def _evaluator_type() -> inspect.Type:
    return inspect.type_info(Evaluator)


def _words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return f"one of {', '.join(str(word) for word in kind.values)}"
    return {"StrType": "a text", "BoolType": "true or false"}.get(type(kind).__name__, "a number")


def _no_word(node: Scalar, known: list[str]) -> str:
    if not node.text.strip():
        return f"is empty; write one of {', '.join(known)}"
    return f"“{node.text}” is not known here; {nearest(node.text, known)}"


def _no_text(node: Scalar, value: object) -> str:
    if value is None and not node.text:
        return "is empty; write a text behind the colon, or remove the field"
    meaning = "is read as a text by some and as true, false or a number by others"
    if isinstance(value, bool):
        meaning = "is true or false in YAML, not a text"
    elif isinstance(value, int | float):
        meaning = "is a number in YAML, not a text"
    elif value is None:
        meaning = "is nothing in YAML, not a text"
    return f"{node.text} without quotes {meaning}; write it in quotes: {_quoted(node.text)}"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _unknown(
    node: Mapping, key: Scalar, value: Node, known: list[str], others: list[inspect.StructType] | None
) -> str:
    if key.text == "<<":
        return "merge keys are not taken; write the fields out"
    if node.flow and isinstance(value, Scalar) and value.plain and not value.text:
        return "has no value; if it belongs to a text with a comma inside {…}, put the whole text in quotes"
    for other in others or []:
        if key.text in {field.encode_name for field in other.fields}:
            return f"belongs to an answer of type {other.tag}; remove it or change the type"
    return f"is no field here; {nearest(key.text, known)}"

"""An evaluator as the YAML text people write: fields in the format's order, long text below `|`."""

import re
from typing import Any

import yaml

from spanjudge.evaluators.evaluator import Evaluator, plain
from spanjudge.evaluators.yaml_nodes import Scalar, value_of

ORDER = (
    "name",
    "description",
    "target",
    "judge",
    "scope",
    "needs",
    "rubric",
    "brief",
    "prompt",
    "variables",
    "answer",
    "acceptance",
    "labels",
)
"""The fields in the order in which they are written."""

_WIDTH = 110
_INDENT = 10
# White space that YAML changes, and characters no editor shows: only escapes in quotes keep them.
_FRAGILE = re.compile(
    "[^\\x20-\\x7e\\n\\xa0-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]|[\\u2028\\u2029]| \n|^\\s"
)


class _Layout(yaml.SafeDumper):
    """Lists below their key are indented, as in the gallery."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
        super().increase_indent(flow, False)  # noqa: FBT003 - as above

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(_: _Layout, text: str) -> yaml.ScalarNode:
    style = '"'
    if not _FRAGILE.search(text):
        style = "|" if "\n" in text else None if _reads_back(text) else '"'
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)


def _mapping(layout: _Layout, mapping: dict[str, Any]) -> yaml.MappingNode:
    node = layout.represent_mapping("tag:yaml.org,2002:map", mapping.items())
    node.flow_style = _fits_one_line(mapping)
    return node


def _list(layout: _Layout, items: list[Any]) -> yaml.SequenceNode:
    node = layout.represent_sequence("tag:yaml.org,2002:seq", items)
    node.flow_style = _fits_one_line(items)
    return node


_Layout.add_representer(str, _text)
_Layout.add_representer(dict, _mapping)
_Layout.add_representer(list, _list)


def dump(evaluator: Evaluator) -> str:
    """The file's text; reading it gives an equal evaluator of the same version.

    Fields that hold their default are left out.
    """
    fields = plain(evaluator)
    ordered = {name: fields[name] for name in ORDER if name in fields}
    return yaml.dump(ordered, Dumper=_Layout, allow_unicode=True, sort_keys=False, width=_WIDTH)


def _reads_back(text: str) -> bool:
    """Whether our own reader takes the plain text for a text (PyYAML's rules differ in places)."""
    try:
        return isinstance(value_of(Scalar(0, text, plain=True, block=False)), str)
    except ValueError:
        return False


def _fits_one_line(value: dict[str, Any] | list[Any]) -> bool:
    """Small and flat: a label, a rule, a list of words."""
    items: list[Any] = [*value.values()] if isinstance(value, dict) else value
    if any(isinstance(item, dict) or (isinstance(item, str) and "\n" in item) for item in items):
        return False
    return len(str(value)) < _WIDTH - _INDENT and "type" not in value

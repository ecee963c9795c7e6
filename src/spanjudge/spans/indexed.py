"""Lists that were flattened into attribute keys: `llm.input_messages.0.message.role` and its like."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

Tree = dict[str, Any]


def indexed(attributes: Mapping[str, Any], prefix: str) -> list[Tree]:
    """The items under `prefix.0.`, `prefix.1.` … in the order of their numbers, each a nested mapping.

    An item that is a plain value (`prefix.0`) is `{"": value}`.
    """
    return items(tree(attributes, prefix))


class _Node(dict[str, Any]):
    """A step of a path, apart from a mapping that is the value of an attribute and must stay as it is."""


def tree(attributes: Mapping[str, Any], prefix: str) -> Tree:
    """All keys below `prefix.`, nested at their dots."""
    start = f"{prefix}."
    cut = len(start)
    root = _Node()
    for key, value in attributes.items():
        if not key.startswith(start):
            continue
        *path, last = key[cut:].split(".")
        node = root
        for step in path:
            below = node.get(step)
            if not isinstance(below, _Node):
                # A key that is a value and has keys below it keeps both.
                below = node[step] = _Node() if below is None else _Node({"": below})
            node = below
        beside = node.get(last)
        if isinstance(beside, _Node):
            beside[""] = value
        else:
            node[last] = value
    return root


def items(node: object) -> list[Tree]:
    """What stands under the numbers of a mapping, in their order."""
    if not isinstance(node, dict):
        return []
    numbered = cast("Tree", node)
    keys: Iterable[str] = sorted((key for key in numbered if _is_index(key)), key=int)
    return [_item(numbered[key]) for key in keys]


def at(node: object, *path: str) -> Any:
    """The value under a path of keys; `None` where it breaks off."""
    for step in path:
        if not isinstance(node, dict):
            return None
        node = cast("Tree", node).get(step)
    return node


def _item(value: object) -> Tree:
    return cast("Tree", value) if isinstance(value, dict) else {"": value}


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdecimal() and len(key) < 10  # noqa: PLR2004 - more is no position

"""The optional YAML file of settings, read with the line of every value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spanjudge.errors import SettingsError

LARGEST = 1_048_576
"""No settings file is longer than this many bytes."""


class Entry(msgspec.Struct, frozen=True):
    """One value of the file, under its path of keys, with where it stands (`FILE:LINE`)."""

    path: tuple[str, ...]
    value: Any
    where: str


def read(path: Path) -> list[Entry]:
    """All values of the file, mappings opened up.

    Raises `SettingsError`, with the line where there is one, for a file that cannot be read, is not YAML,
    is no mapping, or gives one key twice.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"SPANJUDGE_CONFIG={path}: the file cannot be read ({error.strerror or error})"
        ) from None
    if len(content) > LARGEST:
        raise SettingsError(f"{path}: longer than {LARGEST:,} bytes; this is no settings file")
    try:
        document = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
        if document is None:
            return []
        if not isinstance(document, yaml.MappingNode):
            raise SettingsError(f"{path}:1: expected settings, such as `judge: {{provider: openai}}`")
        return list(_entries(document, (), path))
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise SettingsError(f"{path}{line}: not YAML: {problem}") from None
    except RecursionError:
        raise SettingsError(f"{path}: nested too deep; this is no settings file") from None


def _entries(node: yaml.MappingNode, above: tuple[str, ...], path: Path) -> Iterator[Entry]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        where = f"{path}:{key_node.start_mark.line + 1}"
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        if key in seen:
            raise SettingsError(f"{where}: `{key}` stands here a second time; keep one")
        seen.add(key)
        if isinstance(value_node, yaml.MappingNode) and value_node.value:
            yield from _entries(value_node, (*above, key), path)
        else:
            yield Entry((*above, key), _plain(value_node, where), where)


def _plain(node: yaml.Node, where: str) -> Any:
    """The value as Python data. Scalars keep the text they were written in, so `0123` stays what it is."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "tag:yaml.org,2002:null":
            return None
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where) for item in node.value]
    if isinstance(node, yaml.MappingNode) and not node.value:
        return None
    raise SettingsError(f"{where}: expected a single value or a list of values")

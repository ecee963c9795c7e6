"""Regular expressions of rules: RE2, so that no expression and no span can stop the pipeline.

RE2 takes time in proportion to the text (https://github.com/google/re2/wiki/Syntax); what it leaves out for
that are back-references and look-around. Python's own engine can take hours for a few dozen characters.
"""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, cast

from spanjudge.errors import EvaluatorError, MissingExtraError

LONGEST_TEXT = 100_000
"""Characters of a value that are searched; the rest of a longer one is not."""

_MEMORY = 8 << 20


class _Compiled(Protocol):
    def search(self, text: bytes) -> object | None: ...


class _Library(Protocol):
    """What is used of the package `google-re2`, which has no types."""

    @property
    def error(self) -> type[Exception]: ...
    @property
    def Options(self) -> Callable[[], Any]: ...  # noqa: N802  its name there
    def compile(self, pattern: bytes, options: object) -> _Compiled: ...


def searcher(pattern: str) -> Callable[[str], bool]:
    """Whether the expression is found anywhere in a text.

    Raises `EvaluatorError` when it is no expression, `MissingExtraError` without the extra `server`.
    """
    try:
        compiled = _compile(pattern)
    except ValueError as error:
        raise EvaluatorError(f"“{pattern[:80]}” {error}") from error
    if compiled is None:
        raise MissingExtraError("the operator “matches”", "server")
    search = compiled.search
    return lambda text: search(text[:LONGEST_TEXT].encode("utf-8", "replace")) is not None


def problem(pattern: str) -> str | None:
    """What is wrong with an expression, and the fix; `None` when it can be used."""
    try:
        if _compile(pattern) is None:
            re.compile(pattern)
    except (ValueError, re.error) as error:
        return str(error) if isinstance(error, ValueError) else f"is no regular expression ({error})"
    except (OverflowError, RecursionError):
        return "is too large a regular expression; write a simpler one"
    return None


def _compile(pattern: str) -> _Compiled | None:
    """`None` without RE2. Raises `ValueError` with what is wrong."""
    try:
        library = cast("_Library", import_module("re2"))
    except ImportError:
        return None
    options = library.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return library.compile(pattern.encode("utf-8"), options)
    except (library.error, UnicodeError) as error:
        raise ValueError(_told(error)) from error


def _told(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "(?" in text or "escape sequence" in text:
        fix = "look-around, back-references and \\Z are not supported (RE2 syntax)"
    elif "too large" in text:
        fix = "write a simpler one"
    else:
        fix = "mend it, or use “contains” for plain text"
    return f"is no regular expression ({text}); {fix}"

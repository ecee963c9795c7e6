"""The request body: bytes in, its top-level fields out, whatever the client's template made of them.

Decided here, and said in the documents: a key that stands twice at the top is an error that names it
(nested objects are content, there the last one wins); a lone surrogate becomes U+FFFD; bytes that are no
UTF-8 are an error; a byte order mark is skipped.
"""

import json
import re
from typing import Any, cast

import msgspec

from spanjudge.remote_scorer.problem import Problem
from spanjudge.remote_scorer.template_repair import FIELDS, repaired, swallowed

TEMPLATE = (
    '{"scorer_name": "NAME", "input": "{{ input }}", "output": "{{ output }}", "expected": "{{ expected }}"}'
)
"""The template to use, shown to whoever sent something else."""

_ADVICE = f"Use a template that is JSON with each variable inside quotation marks: {TEMPLATE}"
_UNQUOTED = re.compile(rf'"({"|".join(FIELDS)})"\s*:\s*(?![\s"{{\[\d-]|null\b|true\b|false\b)')
_NOT_JSON_NUMBER = re.compile(r"[:\[,]\s*(-?Infinity|NaN)\b")
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")
_ESCAPE = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})(?P<low>\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    r"|(?P<lone>u[dD][c-fC-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    type(None): "null",
}
_decoder = msgspec.json.Decoder(dict[str, Any])


def fields_of(body: bytes) -> dict[str, Any]:
    """The fields of a request body.

    Raises `Problem`: INVALID_JSON, or INVALID_TEMPLATE when it looks like a template that cannot work.
    """
    try:
        fields = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _patiently(body)
    twice = _twice(body, fields)
    if twice:
        raise Problem("INVALID_JSON", f"The key “{twice[:80]}” stands twice in the body: send each key once.")
    for name in ("input", "output", "expected"):
        value = fields.get(name)
        if isinstance(value, str) and swallowed(value):
            return _patiently(body)
    return fields


def kind_of(value: object) -> str:
    """What JSON calls a value, with its article."""
    return _KINDS.get(type(value), "a number")


def _patiently(body: bytes) -> dict[str, Any]:
    """The same for a body that the fast way did not take: repair what is known, explain the rest."""
    if not body.strip(b"\xef\xbb\xbf \t\r\n"):
        raise Problem("INVALID_JSON", f"The body is empty: send a JSON object such as {TEMPLATE}")
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise Problem(
            "INVALID_JSON", f"The body is not UTF-8 at byte {error.start}: send JSON in UTF-8."
        ) from None
    if _is_default_template(text):
        raise Problem(
            "INVALID_TEMPLATE",
            f"The request body is OpenObserve's default text template, which is not JSON. {_ADVICE}",
        )
    text = _ESCAPE.sub(_mend_surrogate, text)
    value, wrong = _decoded(text)
    merged = isinstance(value, dict) and any(
        isinstance(inner, str) and swallowed(inner) for inner in cast("dict[str, Any]", value).values()
    )
    if wrong or merged:
        mended = repaired(text)
        again, still_wrong = _decoded(mended) if mended is not None else (None, wrong)
        if not still_wrong and isinstance(again, dict):
            text, value, wrong = mended or text, cast("dict[str, Any]", again), ""
    if wrong:
        raise _explained(text, wrong)
    if not isinstance(value, dict):
        raise Problem("INVALID_JSON", f"The body is {kind_of(value)}: send a JSON object such as {TEMPLATE}")
    return fields_checked(text, cast("dict[str, Any]", value))


def fields_checked(text: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, unless a key stands twice."""
    twice = _twice(text.encode("utf-8", "replace"), fields)
    if twice:
        raise Problem("INVALID_JSON", f"The key “{twice[:80]}” stands twice in the body: send each key once.")
    return fields


def _decoded(text: str) -> tuple[object, str]:
    """The value, and what is wrong when there is none."""
    try:
        return msgspec.json.decode(text), ""
    except RecursionError:
        return None, "it is nested too deeply"
    except UnicodeError:
        return None, "it is not UTF-8"
    except msgspec.MsgspecError as error:
        return None, str(error)


def _explained(text: str, wrong: str) -> Problem:
    if wrong == "it is nested too deeply":
        return Problem(
            "INVALID_JSON", "The body is nested too deeply: send fewer levels, or content as text."
        )
    number = _NOT_JSON_NUMBER.search(text)
    if number:
        return Problem(
            "INVALID_JSON", f"{number.group(1)} is no JSON value: send a finite number or null instead."
        )
    unquoted = _UNQUOTED.search(text)
    if unquoted and text.lstrip().startswith("{"):
        return Problem(
            "INVALID_TEMPLATE",
            f"The value of “{unquoted.group(1)}” stands without quotation marks. {_ADVICE}",
            detail=wrong,
        )
    if "}}" in text[text.find("{{") + 1 :] and "{{" in text:
        return Problem("INVALID_TEMPLATE", f"The template was not filled in. {_ADVICE}", detail=wrong)
    return Problem("INVALID_JSON", f"The body is not valid JSON ({wrong}). {_ADVICE}", detail=wrong)


def _is_default_template(text: str) -> bool:
    """Whether this is `Evaluate {{ input }} and {{ output }}.`, filled in."""
    text = text.strip()
    return text.startswith("Evaluate ") and " and " in text and text.endswith(".")


def _twice(body: bytes, fields: dict[str, Any]) -> str | None:
    """A key that stands twice at the top of the body.

    Counting the quoted names is cheap and can only be wrong in the safe direction, unless a key is
    written with escapes; then, and when a name was counted twice, the keys are read one by one.
    """
    for name in fields:
        quoted = b'"%s"' % name.encode("utf-8", "replace")
        if body.count(quoted) > 1 and len(re.findall(re.escape(quoted) + rb"\s*:", body)) > 1:
            break
    else:
        if not _ESCAPED_LETTER.search(body):
            return None
    pairs: list[tuple[str, Any]] = []

    def keep(found: list[tuple[str, Any]]) -> None:
        pairs[:] = found  # the outermost object is closed, and reported, last

    try:
        json.loads(body, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return None
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return None


def _mend_surrogate(found: re.Match[str]) -> str:
    if found["high"] and not found["low"]:
        return "\\ufffd"
    return "\\ufffd" if found["lone"] else found.group()

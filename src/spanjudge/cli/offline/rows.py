"""Data sets of inputs and outputs: JSON lines, a JSON list, or CSV."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from spanjudge.cli.offline.item import FileError, Item
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.subject import Subject
from spanjudge.remote_scorer.fields import is_variable, subject_of
from spanjudge.remote_scorer.problem import Problem
from spanjudge.telemetry.evaluated import Target

FIELDS = (
    "input",
    "output",
    "messages",
    "context",
    "expected",
    "system_prompt",
    "tools",
    "tool_calls",
)
"""What a judge sees of a row; beside it: id, model, provider, attributes, service, trace_id, span_id."""

OTLP_KEYS = frozenset({"resourceSpans", "resource_spans", "resourceLogs", "resource_logs"})
_HEX = {"trace_id": re.compile(r"[0-9a-f]{32}"), "span_id": re.compile(r"[0-9a-f]{16}")}
_ROLES = {"output": "assistant", "expected": "assistant", "system_prompt": "system"}
_CSV_CELL = 10_000_000


def read(path: Path) -> list[tuple[str, dict[str, Any]]] | None:
    """The rows, each with its place in the file, or `None` when the file is no data set (but perhaps OTLP).

    Raises `FileError`.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror or error})") from None
    if path.suffix.lower() == ".csv":
        return list(_of_csv(body, path))
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in (b"{", b"["):
        return None
    documents = list(_documents(body.removeprefix(b"\xef\xbb\xbf"), path))
    if documents and isinstance(documents[0][1], dict) and OTLP_KEYS & set(cast("Any", documents[0][1])):
        return None
    rows: list[tuple[str, dict[str, Any]]] = []
    for where, document in documents:
        if not isinstance(document, dict):
            raise FileError(f'{where}: expected a row such as {{"input": …, "output": …}}')
        rows.append((where, cast("dict[str, Any]", document)))
    return rows


def items(rows: Sequence[tuple[str, dict[str, Any]]], evaluators: Sequence[Evaluator]) -> list[Item]:
    """What is judged of rows: every evaluator judges every row. Raises `FileError` for a row that is none."""
    found: list[Item] = []
    seen: set[str] = set()
    for number, (where, row) in enumerate(rows, 1):
        given = row.get("id")
        name = str(given) if isinstance(given, str | int) and str(given).strip() else str(number)
        if name in seen:
            raise FileError(f"{where}: the id “{name}” stands there twice; give each row its own, or none")
        seen.add(name)
        found.append(
            Item(
                name=name,
                subject=_subject(where, row),
                target=_target(where, row),
                service=_text(row.get("service")) or "",
                evaluators=tuple(evaluators),
            )
        )
    return found


def _subject(where: str, row: Mapping[str, Any]) -> Subject:
    there = [field for field in FIELDS if row.get(field) is not None]
    if not there:
        held = ", ".join(map(str, list(row)[:8])) or "nothing"
        raise FileError(f"{where}: holds {held}; a row needs “input” or “output”, or {', '.join(FIELDS[2:])}")
    attributes: Any = row.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise FileError(f"{where}: “attributes” must be an object")
    fields = {name: _content(name, row[name]) for name in there}
    try:
        subject = subject_of(fields, cast("dict[str, Any]", attributes))
    except Problem as problem:
        raise FileError(f"{where}: {problem}") from None
    changes: dict[str, Any] = {"model": _text(row.get("model")), "provider": _text(row.get("provider"))}
    output = row.get("output")
    if isinstance(output, str) and not output.strip():
        changes["output"] = output
    return msgspec.structs.replace(subject, **changes)


def _target(where: str, row: Mapping[str, Any]) -> Target:
    """The span a row was made from, when it says so."""
    ids: dict[str, str] = {}
    for key, pattern in _HEX.items():
        value = row.get(key) or ""
        if value and not (isinstance(value, str) and pattern.fullmatch(value.lower())):
            digits = 32 if key == "trace_id" else 16
            raise FileError(f"{where}: “{key}” must be {digits} hexadecimal digits")
        ids[key] = str(value).lower()
    return Target(trace_id=ids["trace_id"], span_id=ids["span_id"]) if all(ids.values()) else Target()


def _documents(body: bytes, path: Path) -> Iterator[tuple[str, Any]]:
    """One document, a list of them, or one a line."""
    try:
        whole: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        yield from _lines(body, path)
        return
    if isinstance(whole, list):
        for number, document in enumerate(cast("list[Any]", whole), 1):
            yield f"{path}: row {number}", document
    else:
        yield f"{path}:1", whole


def _lines(body: bytes, path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            document: Any = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise FileError(f"{path}:{number}: is no JSON ({error})") from None
        yield f"{path}:{number}", document
        if number == 1 and isinstance(document, dict) and OTLP_KEYS & set(cast("Any", document)):
            return


def _of_csv(body: bytes, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{path}: is not UTF-8; save it as “CSV UTF-8”") from None
    csv.field_size_limit(_CSV_CELL)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if None in row:
                raise FileError(f"{path}:{reader.line_num}: has more cells than the first line has names")
            yield f"{path}:{reader.line_num}", {key: value for key, value in row.items() if value is not None}
    except csv.Error as error:
        raise FileError(f"{path}:{reader.line_num}: is no CSV ({error})") from None


def _content(name: str, value: Any) -> Any:
    """A field for the Remote Scorer's reader, which takes a text that looks like a variable for one."""
    text = _text(value)
    if text is None or not is_variable(name, text):
        return value if text is None else text
    return [{"role": _ROLES.get(name, "user"), "content": text}] if name != "context" else [text]


def _text(value: object) -> str | None:
    """A number or truth value as it is written; other things than text are nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) else None

"""From a judge's reply to values: the JSON object is found, read criterion by criterion, and checked.

A reply may wrap its object in prose, a code fence or thoughts, and may quote other objects: the last complete
one that fits is the answer. What does not fit is a problem in words, never a value.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from spanjudge.judging import claims
from spanjudge.judging.fence import without_controls
from spanjudge.judging.form import AnswerProblemError, Form, Value
from spanjudge.judging.subject import Subject

_LONGEST = 200_000
"""Characters of a reply that are read, counted from its end."""
_MOST_OBJECTS = 200
_LONGEST_NUMBER = 300
_LONGEST_EXPLANATION = 4_000
_THOUGHTS_END = "</think>"
_NOTHING = "it holds no JSON object with the properties asked for"


class Asked(NamedTuple):
    """One criterion of a question: its key in the answer (empty when it is alone) and its form."""

    key: str
    form: Form


class Reading(msgspec.Struct, frozen=True):
    """A valid answer to one criterion. `note` was found out about it and belongs to the explanation.

    `confidence` is the probability of the value, `None` where the judge tells none.
    """

    value: Value
    explanation: str
    note: str = ""
    confidence: float | None = None


class Problem(msgspec.Struct, frozen=True):
    """Why one criterion has no valid answer, in words the judge can be told."""

    message: str


Answer = Reading | Problem


class _Doubled(dict[str, Any]):
    """An object with a key given twice; which of the two was meant cannot be known."""

    doubled: frozenset[str] = frozenset()


def read(text: str, asked: Sequence[Asked], subject: Subject) -> list[Answer]:
    """The answer to each criterion, in their order. Never raises for anything a judge can write."""
    known = {"explanation", *(one.key or one.form.key for one in asked)}
    best: list[Answer] | None = None
    for candidate in candidates(text):
        answers = [_answer(candidate, one, subject) for one in asked]
        if not any(isinstance(answer, Problem) for answer in answers):
            return answers
        if best is None and not known.isdisjoint(candidate):
            best = answers
    reply = _after_thoughts(text)
    return best or [_answer(_tagged(reply, one), one, subject) for one in asked]


def candidates(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a reply that may be its answer: the last one first, and what is in it right after."""
    for found in reversed(_objects(_after_thoughts(text))):
        yield from _views(found)


def _answer(candidate: dict[str, Any], one: Asked, subject: Subject) -> Answer:
    held = candidate
    if one.key:
        inner = candidate.get(one.key)
        if not isinstance(inner, dict) or _is_doubled(candidate, one.key):
            return Problem(f'"{one.key}" is not answered' if candidate else _NOTHING)
        held = cast("dict[str, Any]", inner)
    try:
        return _read_form(held, one.form, subject)
    except AnswerProblemError as problem:
        return Problem(f"{one.key}: {problem}" if one.key else str(problem))


def _read_form(held: dict[str, Any], form: Form, subject: Subject) -> Reading:
    if not held:
        raise AnswerProblemError(_NOTHING)
    doubled = held.doubled if isinstance(held, _Doubled) else ()
    for key in ("explanation", form.key):
        if key not in held:
            raise AnswerProblemError(f'"{key}" is missing')
        if key in doubled:
            raise AnswerProblemError(f'"{key}" is given twice')
    explanation = held["explanation"]
    if not isinstance(explanation, str):
        raise AnswerProblemError('"explanation" is no text')
    raw: object = held[form.key]
    value = form.read(raw)
    note = ""
    if isinstance(form, claims.ClaimsForm):
        claims.check_complete(raw, subject)
        note = claims.note(raw, subject)
    return Reading(value, without_controls(explanation.strip())[:_LONGEST_EXPLANATION], note)


def _is_doubled(held: dict[str, Any], key: str) -> bool:
    return isinstance(held, _Doubled) and key in held.doubled


def _views(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An object, then the objects right inside it: judges like to wrap an answer in one more."""
    yield found
    for inner in reversed(found.values()):
        if isinstance(inner, dict):
            yield cast("dict[str, Any]", inner)


def _after_thoughts(text: str) -> str:
    """The reply without what a reasoning model thought aloud; thoughts that never end hold no answer."""
    reply = text[-_LONGEST:]
    end = reply.rfind(_THOUGHTS_END)
    if end >= 0:
        reply = reply[end + len(_THOUGHTS_END) :]
    elif reply.lstrip().startswith("<think>"):
        return ""
    return reply.strip()


def _objects(reply: str) -> list[dict[str, Any]]:
    """Every complete JSON object of the reply that lies in no other, in order."""
    found: list[dict[str, Any]] = []
    failures, place = 0, reply.find("{")
    while place >= 0 and failures < _MOST_OBJECTS and len(found) < _MOST_OBJECTS:
        try:
            value, end = _DECODER.raw_decode(reply, place)
        except (ValueError, RecursionError):
            failures += 1
            end = place + 1
        else:
            found.append(value)
        place = reply.find("{", end)
    return found


def _tagged(reply: str, one: Asked) -> dict[str, Any]:
    """An answer in tags, as models without JSON write it: `<explanation>…</explanation><label>…</label>`."""
    if one.key:
        block = _last_tag(reply, one.key)
        inner = _tagged(block, Asked("", one.form)) if block is not None else None
        return {one.key: inner} if inner else {}
    texts = {key: _last_tag(reply, key) for key in ("explanation", one.form.key)}
    return {key: text.strip() for key, text in texts.items() if text is not None}


def _last_tag(text: str, name: str) -> str | None:
    """What stands in the last complete pair of a tag."""
    end = text.rfind(f"</{name}>")
    start = text.rfind(f"<{name}>", 0, end) if end >= 0 else -1
    return text[start + len(name) + 2 : end] if start >= 0 else None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) == len(pairs):
        return held
    keys = [key for key, _ in pairs]
    marked = _Doubled(held)
    marked.doubled = frozenset(key for key in keys if keys.count(key) > 1)
    return marked


def _integer(digits: str) -> int | float:
    """A number too long to be meant is infinite, and refused as such where it stands."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float("inf")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_constant=float, strict=False)

"""What a user's function is given: the subject, the invocation, or fields of the subject by their names."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

import msgspec

from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.invocation import Invocation
from spanjudge.judging.subject import Field, Subject

FIELDS: tuple[str, ...] = (*get_args(Field), "model", "provider", "attributes")
"""Parameters by these names are given that field of the subject."""

_TEXTS = frozenset({"input", "output", "system_prompt", "expected", "model", "provider"})
_PLAIN: tuple[object, ...] = (str, bytes, int, float, bool)
_WHOLE = {"subject": "subject", "invocation": "invocation"}
_TWO = 2


class Parameter(msgspec.Struct, frozen=True):
    """One parameter and where its value comes from.

    `required`: the function has no use for a subject without this text.
    """

    name: str
    source: str
    by_position: bool
    has_default: bool
    required: bool


class Arguments:
    """The parameters of one function. Made once, when it is decorated."""

    def __init__(self, function: Callable[..., object], called: str) -> None:
        """Raises `TypeError`, which says what a function may ask for; `called` is the function's name."""
        self._parameters = tuple(_parameters(function, called))
        self.required = tuple(one.source for one in self._parameters if one.required)

    def missing(self, subject: Subject) -> list[str]:
        """Texts that the function needs and the subject has not; an empty text is there."""
        return [name for name in self.required if getattr(subject, name) is None]

    def of(self, invocation: Invocation) -> tuple[list[object], dict[str, object]]:
        """Positional and keyword arguments for a call."""
        positional: list[object] = []
        keywords: dict[str, object] = {}
        for one in self._parameters:
            value = _value(one.source, invocation)
            if one.by_position:
                positional.append(value)
            elif value is not None or not one.has_default:
                keywords[one.name] = value
        return positional, keywords


def _value(source: str, invocation: Invocation) -> object:
    if source == "invocation":
        return invocation
    subject = invocation.subject
    return subject if source == "subject" else getattr(subject, source)


def _parameters(function: Callable[..., object], called: str) -> Iterable[Parameter]:
    try:
        known = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise TypeError(
            f"{called} tells nothing about its parameters; wrap it: def …(subject): return {called}(…)"
        ) from None
    asked = [one for one in known if one.kind not in {one.VAR_POSITIONAL, one.VAR_KEYWORD}]
    hints = _hints(function)
    sources = {one.name: _source(one.name, hints.get(one.name, one.annotation)) for one in asked}
    if any(source in FIELDS for source in sources.values()):
        yield from _by_name(asked, sources, hints, called)
        return
    required = [one for one in asked if one.default is one.empty]
    if not 1 <= len(required) <= _TWO:
        raise TypeError(
            f"{called} takes {len(required) or 'no'} parameters; an evaluator takes the subject, the subject "
            f"and the invocation, or fields of the subject by their names: {', '.join(FIELDS)}"
        )
    for one, other in zip(required, _by_place(required, sources), strict=True):
        _no_slip(one, sources[one.name], hints, called)
        yield Parameter(one.name, other, one.kind is not one.KEYWORD_ONLY, has_default=False, required=False)


def _by_place(required: list[inspect.Parameter], sources: Mapping[str, str | None]) -> list[str]:
    """First the subject, then the invocation, unless names or annotations say otherwise."""
    free: list[str] = [word for word in ("subject", "invocation") if word not in sources.values()]
    return [sources[one.name] or free.pop(0) for one in required]


def _by_name(
    asked: list[inspect.Parameter],
    sources: Mapping[str, str | None],
    hints: Mapping[str, Any],
    called: str,
) -> Iterable[Parameter]:
    for one in asked:
        source = sources[one.name]
        has_default = one.default is not one.empty
        if source is None and has_default:
            continue
        if source is None:
            raise TypeError(
                f"{called} takes “{one.name}”, which is no field of the subject; {nearest(one.name, FIELDS)}"
            )
        optional = has_default or _allows_none(hints.get(one.name, one.annotation))
        yield Parameter(
            one.name,
            source,
            one.kind is one.POSITIONAL_ONLY,
            has_default,
            required=source in _TEXTS and not optional,
        )


def _no_slip(one: inspect.Parameter, source: str | None, hints: Mapping[str, Any], called: str) -> None:
    """A field by a wrong name would silently be given the whole subject."""
    if source is not None:
        return
    if hints.get(one.name) in _PLAIN:
        raise TypeError(
            f"{called} takes “{one.name}”, which is no field of the subject; {nearest(one.name, FIELDS)}"
        )
    close = get_close_matches(one.name, FIELDS, n=1, cutoff=0.8)
    if close and one.kind is not one.POSITIONAL_ONLY:
        raise TypeError(
            f"{called} takes “{one.name}”: did you mean the field “{close[0]}”? If the whole subject is "
            f"meant, call it “subject” or annotate it: {one.name}: spanjudge.Subject"
        )


def _hints(function: Callable[..., object]) -> dict[str, Any]:
    try:
        return get_type_hints(inspect.unwrap(function))
    except Exception:  # noqa: BLE001  annotations are anybody's code; without them names and places decide
        return {}


def _source(name: str, annotation: object) -> str | None:
    """Where a parameter's value comes from, by its annotation or its name; `None` when neither says it."""
    for kind, word in ((Subject, "subject"), (Invocation, "invocation")):
        if annotation is kind or (isinstance(annotation, str) and annotation.split(".")[-1] == kind.__name__):
            return word
    return name if name in FIELDS else _WHOLE.get(name)


def _allows_none(annotation: object) -> bool:
    if isinstance(annotation, str):
        return "None" in annotation or "Optional" in annotation
    return (
        annotation is None or type(None) in get_args(annotation) or annotation is Any or annotation is object
    )

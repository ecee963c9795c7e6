"""What pydantic and FastAPI say about a request, in plain words and with paths as people write them."""

from collections.abc import Sequence
from typing import Any, cast

from fastapi.exceptions import RequestValidationError

from spanjudge.server.rest.problems.problem import ApiProblem, FieldError

_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
_OF_KEYS = frozenset({"missing", "extra_forbidden"})

_WORDS: dict[str, str] = {
    "missing": "is required",
    "extra_forbidden": "there is no such field",
    "string_type": "must be a text",
    "string_unicode": "must be a text that UTF-8 can carry",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_too_long": "is longer than {max_length:,} characters",
    "string_too_short": "must have {min_length} characters or more",
    "string_pattern_mismatch": "must match {pattern}",
    "too_long": "has more than {max_length} entries",
    "too_short": "must have {min_length} entries or more",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "{discriminator} is required",
    "json_invalid": "is not JSON: {error}",
    "recursion_loop": "is nested too deep",
}


def validation_problem(error: RequestValidationError) -> ApiProblem:
    """422 with every field that is wrong; 400 for a body that is no JSON."""
    found = cast("Sequence[dict[str, Any]]", error.errors())
    body: object = getattr(error, "body", None)
    if any(one["type"] == "json_invalid" for one in found):
        why = found[0].get("ctx", {}).get("error", "")
        return ApiProblem(400, f"The body is not JSON: {why}." if why else "The body is not JSON.")
    errors = field_errors(found, body)
    first = errors[0]
    told = f"{first.field} {first.message}" if first.field else f"The body {first.message}"
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return ApiProblem(422, f"{told}{more}.", errors=errors)


def field_errors(found: Sequence[dict[str, Any]], body: object) -> list[FieldError]:
    """One for each field that is wrong, in the order of the body; a union's tries are told once."""
    told: dict[str, str] = {}
    for one in found:
        # A definition's fields are named as in its file, wherever it stands in a body.
        field = field_path(one["loc"], one["type"], body).removeprefix("definition.")
        told.setdefault(field, message(one))
    return [FieldError(field, words) for field, words in told.items()]


def message(error: dict[str, Any]) -> str:
    """What is wrong, as the end of a sentence that begins with the field."""
    words = _WORDS.get(error["type"])
    if words is not None:
        try:
            return words.format(**error.get("ctx", {}))
        except (KeyError, ValueError):
            pass
    text = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def field_path(where: Sequence[str | int], kind: str, body: object) -> str:
    """`("body", "scope", "rules", 1, "attribute")` as `scope.rules[1].attribute`.

    pydantic puts the names of a union's members into the path; what is no key of the body is left out.
    """
    steps = list(where)
    place = steps.pop(0) if steps and steps[0] in _PLACES else ""
    path = ""
    inside = body if place == "body" else None
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(step, int):
            path += f"[{step}]"
            inside = _entry(cast("object", inside), step)
        elif isinstance(inside, dict):
            fields = cast("dict[str, object]", inside)
            if step in fields:
                inside = fields[step]
            elif not (last and kind in _OF_KEYS):
                continue
            path += f".{step}" if path else step
        elif place != "body":
            path += f".{step}" if path else step
    return path


def _entry(value: object, number: int) -> object:
    if isinstance(value, list):
        entries = cast("list[object]", value)
        return entries[number] if number < len(entries) else None
    return None

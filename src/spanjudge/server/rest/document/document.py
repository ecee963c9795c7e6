"""What the REST API adds to the OpenAPI document: for every route the same access, problems and examples.

Routes say what is theirs alone; what holds for all of them is written here, once.
"""

from collections.abc import Mapping
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from spanjudge.server.access import CSRF_HEADER
from spanjudge.server.auth import SCOPES
from spanjudge.server.rest.access.door import API, BODY_BYTES
from spanjudge.server.rest.access.guard import KNOWN
from spanjudge.server.rest.document.examples import ABOUT, example_of
from spanjudge.server.rest.problems.problem import CODES, MEDIA_TYPE, ApiProblem, FieldError

COOKIE = "cookie"
METHODS = ("get", "post", "put", "patch", "delete")
_OF_FASTAPI = frozenset({"HTTPValidationError", "ValidationError"})

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details. Some problems have further members.",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string", "description": "`about:blank`: the status says what kind it is."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong and what to do, for people."},
        "code": {"type": "string", "description": "What is wrong, for programs."},
        "errors": {
            "type": "array",
            "description": "What is wrong with single fields; empty where that says nothing.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "examples": ["scope.rules[1].attribute"]},
                    "message": {"type": "string", "examples": ["is required"]},
                },
            },
        },
    },
}

_MEANING: dict[int, str] = {
    400: "The request cannot be read: a body that is no JSON, a cursor that is none of this list",
    401: "No token and no session, or one that has ended",
    403: "The token lacks the scope, or the request comes from a page of another origin",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "What is stored is not what the request was made from, or its state does not allow it",
    413: f"The body is longer than {BODY_BYTES:,} bytes",
    415: "The body is not sent as JSON",
    422: "A field is wrong; `errors` says which, and how",
    429: "Too often, or over a limit; see `Retry-After`",
    503: "The store cannot be asked now; see `Retry-After`",
}
_ALWAYS, _WITH_BODY, _WITH_INPUT, _OF_CHANGES = (503,), (400, 408, 413, 415), (422,), (409,)
_STATEFUL = ("/evaluators", "/publish", "/pause", "/resume", "/archive", "/draft")
"""Ends of paths that depend on how things stand with an evaluator."""


def schemes(cookie: str) -> dict[str, Any]:
    """The security schemes of the API beside those of evaluations; `cookie` is the name of the session's."""
    return {
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": f"What `POST {API}/session` sets. Methods that change something need the header "
            f"`{CSRF_HEADER}` as well, with any value.",
        }
    }


def paths(app: FastAPI, version: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The paths of all routes and the schemas they name."""
    found: dict[str, Any] = get_openapi(title="Spanjudge", version=version, routes=app.routes)
    schemas = {
        name: schema
        for name, schema in found.get("components", {}).get("schemas", {}).items()
        if name not in _OF_FASTAPI
    }
    for path, operations in found.get("paths", {}).items():
        for method in METHODS:
            if method in operations and path.startswith(API):
                _complete(path, method, operations[method], schemas)
    return found.get("paths", {}), schemas | {"Problem": PROBLEM}


def _complete(path: str, method: str, operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    scope = _guard(operation)
    for parameter in operation.get("parameters", []):
        _simplify(parameter.get("schema", {}))
        if "description" not in parameter and parameter["name"] in ABOUT:
            parameter["description"] = ABOUT[parameter["name"]]
    responses = cast("dict[str, Any]", operation["responses"])
    for response in _successes(responses):
        if response.get("description") == "Successful Response":
            response["description"] = "Done"
    for holder in (operation.get("requestBody", {}), *_successes(responses)):
        _examples(holder, schemas)
    for status in _statuses(path, method, operation, scope):
        told = responses.get(str(status), {}).get("description", "")
        # FastAPI's own words for 422 say less.
        meaning = _MEANING.get(status, "") if told in {"", "Validation Error"} else told
        responses[str(status)] = _problem(status, meaning or "A problem")
    operation["responses"] = dict(sorted(responses.items()))


def _guard(operation: dict[str, Any]) -> str:
    """Say who may ask, from what the route's guard left in the document; gives the scope."""
    needed = [name for entry in operation.pop("security", []) for name in entry]
    # A group of routes may ask for one scope and a route of it for more: the most is needed.
    scope = next((name for name in reversed(SCOPES) if name in needed), KNOWN if needed else "")
    operation["security"] = [{"bearer": []}, {COOKIE: []}] if needed else []
    operation["x-scope"] = scope or "none"
    if scope and scope != KNOWN:
        description = str(operation.get("description", "")).rstrip()
        operation["description"] = f"{description}\n\nNeeds the scope `{scope}`.".lstrip()
    return scope


def _statuses(path: str, method: str, operation: dict[str, Any], scope: str) -> list[int]:
    """The errors a route can have: its own, and those it has by what it takes."""
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    has_body = "requestBody" in operation
    by_condition = (
        (True, _ALWAYS),
        (scope, (401,)),
        (scope != KNOWN, (403,)),
        (has_body, _WITH_BODY),
        (method == "put" or (method != "get" and path.endswith(_STATEFUL)), _OF_CHANGES),
        (has_body or parameters, _WITH_INPUT),
        ("{" in path, (404,)),
        ("cursor" in parameters, (400,)),
    )
    own = {int(status) for status in operation["responses"] if status.isdigit() and int(status) in CODES}
    return sorted(own.union(*(statuses for holds, statuses in by_condition if holds)))


def _successes(responses: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [response for status, response in responses.items() if status.startswith("2")]


def _problem(status: int, meaning: str) -> dict[str, Any]:
    errors = [FieldError("name", "is required")] if status == 422 else []  # noqa: PLR2004  # the status
    problem = ApiProblem(status, f"{meaning}.".replace("..", "."), errors=errors)
    response: dict[str, Any] = {
        "description": meaning,
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": problem.fields()}
        },
    }
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait.",
                "schema": {"type": "string", "pattern": r"^\d+$"},
            }
        }
    return response


def _examples(holder: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """An example for each content that has a schema and none of its own."""
    for kind, content in holder.get("content", {}).items():
        if "json" in kind and "schema" in content and not {"example", "examples"} & set(content):
            content["example"] = example_of(content["schema"], schemas)


def _simplify(schema: dict[str, Any]) -> None:
    """A parameter that is left out is not there: in a query there is no null."""
    options = schema.get("anyOf")
    if isinstance(options, list):
        left = [one for one in cast("list[dict[str, Any]]", options) if one.get("type") != "null"]
        if len(left) == 1:
            del schema["anyOf"]
            schema |= left[0]

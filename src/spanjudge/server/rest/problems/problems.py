"""Every exception as a problem: what is wrong, said once, whoever found it."""

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from spanjudge.errors import EvaluatorError, SettingsError
from spanjudge.pipeline.ports import StoreError, UnknownEvaluatorError
from spanjudge.remote_scorer.problem import Problem
from spanjudge.server.access import Denied
from spanjudge.server.errors import internal
from spanjudge.server.rest.problems.problem import CODES, MEDIA_TYPE, NOTHING_HERE, ApiProblem, FieldError
from spanjudge.server.rest.problems.validation import validation_problem

RETRY_SECONDS = 5.0


def problem_of(error: Exception) -> ApiProblem:  # noqa: PLR0911  # one line for each kind
    """As it is answered. What was not foreseen is logged by its place, without what was sent."""
    match error:
        case ApiProblem():
            return error
        case Denied():
            return ApiProblem(error.status, error.detail, code=error.code)
        case RequestValidationError():
            return validation_problem(error)
        case UnknownEvaluatorError():
            return ApiProblem(404, str(error), code="unknown_evaluator")
        case EvaluatorError():
            where = error.where or ""
            told = str(error).removeprefix(f"{where}: ")
            return ApiProblem(422, str(error), code="evaluator", errors=[FieldError(where, told)])
        case SettingsError():
            return ApiProblem(422, str(error), code="settings")
        case StoreError():
            return ApiProblem(503, str(error), code="store", retry_after=RETRY_SECONDS)
        case HTTPException():
            return _of_http(error)
        case Problem():
            code = CODES.get(error.status, error.word.lower())
            return ApiProblem(error.status, error.reason, code=code, retry_after=error.retry_after)
        case _:
            return ApiProblem(500, internal(error).reason)


def problem_response(problem: ApiProblem) -> Response:
    """The HTTP response of a problem."""
    return Response(problem.body(), problem.status, problem.headers, media_type=MEDIA_TYPE)


def _of_http(error: HTTPException) -> ApiProblem:
    headers = dict(error.headers or {})
    if error.status_code == 404:  # noqa: PLR2004  # the status is its own name
        return ApiProblem(404, NOTHING_HERE, headers=headers)
    if error.status_code == 405:  # noqa: PLR2004  # the status is its own name
        allowed = headers.get("Allow", "GET")
        return ApiProblem(405, f"This path does not take that method: use {allowed}.", headers=headers)
    return ApiProblem(error.status_code, str(error.detail), headers=headers)

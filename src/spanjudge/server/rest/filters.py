"""What lists and statistics are narrowed down by: the same query parameters everywhere."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from spanjudge.pipeline.queries import Filters, Verdict
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes.times import parse_instant

_LONGEST = 2**63 - 1
_MOST_VALUES = 100
_MOST_CHARACTERS = 1_000

_Texts = Annotated[list[str], Query(max_length=_MOST_VALUES)]
_Text = Annotated[str, Query(max_length=_MOST_CHARACTERS)]
_Score = Annotated[float | None, Query(allow_inf_nan=False)]
_Outcome = Literal["pass", "fail", "none", "value"]


def filters(
    *,
    from_: Annotated[
        str | None,
        Query(alias="from", description="From this time on.", examples=["2026-11-21T00:00:00Z"]),
    ] = None,
    to: Annotated[
        str | None, Query(description="Before this time.", examples=["2026-11-22T00:00:00Z"])
    ] = None,
    service: Annotated[_Texts, Query(description="One of these services.")] = [],  # noqa: B006  # FastAPI copies it
    model: Annotated[_Texts, Query(description="The application's model is one of these.")] = [],  # noqa: B006  # see above
    operation: Annotated[_Texts, Query(examples=["chat", "invoke_agent"])] = [],  # noqa: B006  # see above
    session: Annotated[_Text, Query(description="Of this session.")] = "",
    evaluator: Annotated[_Texts, Query(description="An outcome of one of these evaluators.")] = [],  # noqa: B006  # see above
    verdict: Annotated[
        list[_Outcome],
        Query(max_length=4, description="`none`: no verdict; `value`: a result without acceptance criteria."),
    ] = [],  # noqa: B006  # see above
    code: Annotated[_Texts, Query(description="A failure with one of these codes.")] = [],  # noqa: B006  # see above
    label: Annotated[_Texts, Query(description="A result with one of these labels.")] = [],  # noqa: B006  # see above
    judge_model: Annotated[_Texts, Query(description="Judged by one of these.")] = [],  # noqa: B006  # see above
    min_score: Annotated[_Score, Query(description="This score or a higher one.")] = None,
    max_score: Annotated[_Score, Query(description="This score or a lower one.")] = None,
    text: Annotated[_Text, Query(description="In names, ids or content, in capital or small letters.")] = "",
) -> Filters:
    """The filters of a request. Conditions on outcomes hold together for one outcome."""
    start_ns, end_ns = _time("from", from_), _time("to", to)
    if start_ns is not None and end_ns is not None and start_ns > end_ns:
        raise _wrong("from", "must not be after “to”")
    if min_score is not None and max_score is not None and min_score > max_score:
        raise _wrong("min_score", "must not be more than “max_score”")
    verdicts: tuple[Verdict, ...] = tuple(dict.fromkeys(verdict))
    return Filters(
        start_ns=start_ns,
        end_ns=end_ns,
        services=_each_once(service),
        models=_each_once(model),
        operations=_each_once(operation),
        session=session,
        evaluators=_each_once(evaluator),
        verdicts=verdicts,
        codes=_each_once(code),
        labels=_each_once(label),
        judge_models=_each_once(judge_model),
        min_score=min_score,
        max_score=max_score,
        text=text,
    )


Filtered = Annotated[Filters, Depends(filters)]
"""The filters of a request, as a route's parameter."""


def _time(name: str, text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    try:
        found = parse_instant(text)
    except ValueError as error:
        raise _wrong(name, str(error)) from None
    except OverflowError:
        raise _wrong(name, "is too far away") from None
    return max(-_LONGEST, min(found, _LONGEST))


def _each_once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _wrong(name: str, words: str) -> ApiProblem:
    return ApiProblem(422, f"{name} {words}.", errors=[FieldError(name, words)])

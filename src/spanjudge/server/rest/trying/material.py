"""What a definition is tried on: a stored span, what it is part of, or pasted text."""

import msgspec

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.subject import Subject
from spanjudge.pipeline.chosen import NotStoredError, read, target_of
from spanjudge.pipeline.subjects import Reading
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.shapes.trials import Pasted, TrialBody
from spanjudge.spans.span import Document
from spanjudge.telemetry.evaluated import Target


class Tried(msgspec.Struct, frozen=True):
    """What a judge would see; `reading` is none for pasted text."""

    subject: Subject
    reading: Reading | None = None


async def tried(body: TrialBody, evaluator: Evaluator, parts: Parts) -> Tried:
    """Read it. Raises `ApiProblem` 404 and 422."""
    if (body.span is None) == (body.pasted is None):
        words = "give either a stored span or pasted text"
        raise ApiProblem(422, f"{words}.".capitalize(), errors=[FieldError("span", words)])
    if body.span is None:
        return Tried(subject_of(body.pasted or Pasted()))
    span = Target(
        trace_id=checked_id(body.span.trace_id, "span.trace_id", 32),
        span_id=checked_id(body.span.span_id, "span.span_id", 16),
    )
    try:
        reading = await read(parts.store, await target_of(parts.store, span, evaluator.target))
    except NotStoredError as error:
        raise not_stored(error) from None
    return Tried(reading.subject, reading)


def subject_of(pasted: Pasted) -> Subject:
    """What a judge sees of pasted text. An output is there whenever anything else is: it may be empty."""
    return Subject(
        input=pasted.input or None,
        output=pasted.output if pasted.output or pasted.input else None,
        system_prompt=pasted.system_prompt or None,
        context=(Document(content=pasted.context),) if pasted.context.strip() else (),
        expected=pasted.expected or None,
        attributes=dict(pasted.attributes),
    )


def checked_id(text: str, field: str, digits: int) -> str:
    """An id in lower case. Raises `ApiProblem` 422."""
    clean = text.strip().lower()
    if len(clean) != digits or not all(sign in "0123456789abcdef" for sign in clean):
        words = f"must be {digits} hexadecimal digits"
        raise ApiProblem(422, f"{field} {words}.", errors=[FieldError(field, words)])
    return clean


def not_stored(error: NotStoredError) -> ApiProblem:
    """404."""
    told = str(error)
    return ApiProblem(404, f"{told[:1].upper()}{told[1:]}.", code="not_stored")

"""`/api/v1/evaluators/validate`, `/parse`, `/format`, `/schema`: definitions looked at, nothing stored."""

from fastapi import APIRouter, Depends

from spanjudge.evaluators.file import MAX_BYTES, dump, read_text
from spanjudge.server.rest.evaluators import answer_schema
from spanjudge.server.rest.evaluators.definitions import (
    definition_of,
    evaluator_of,
    field_of,
    issue_of,
    not_kept,
    told_of,
    validated,
)
from spanjudge.server.rest.parts import Facts, Parts
from spanjudge.server.rest.problems.problem import ApiProblem, FieldError
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes import evaluators as shapes


def router(parts: Parts) -> APIRouter:
    """The routes. They are no coroutines: a long text is looked at in a thread."""
    own = APIRouter(
        prefix="/api/v1/evaluators", tags=["Evaluators"], dependencies=[Depends(parts.access.require("read"))]
    )

    @own.post("/validate", summary="What is wrong with a definition")
    def validate(body: shapes.DefinitionBody) -> shapes.Validation:
        """Every error and warning of a definition, however unfinished, each with its field.

        By the rules of evaluator files. What has no error can be saved and published.
        """
        return validated(body.definition, parts.facts)

    @own.post("/parse", summary="From YAML")
    def parse(body: shapes.Text) -> shapes.Parsed:
        """The definition in an evaluator file, or all that is wrong with it, with lines."""
        return parsed(body.yaml, parts.facts)

    @own.post("/format", summary="To YAML")
    def format_(body: shapes.DefinitionBody) -> shapes.Parsed:
        """The evaluator file of a definition, and what is wrong with it. Defaults are left out."""
        return formatted(body.definition, parts.facts)

    @own.post("/schema", summary="The answer's JSON schema")
    def schema(body: shapes.SchemaBody) -> shapes.AnswerSchema:
        """The JSON schema that the judge must fill for an answer format; or the format of an edited schema.

        With both, the schema counts, and the format gives what a schema does not say: descriptions of labels
        and of the points of a scale. 422 names the place that cannot be taken, and what can.
        """
        if body.answer_schema is None:
            if body.answer is None:
                raise _neither()
            return shapes.AnswerSchema(answer=body.answer, answer_schema=answer_schema.schema_of(body.answer))
        try:
            answer = answer_schema.answer_of(body.answer_schema, body.answer)
        except answer_schema.SchemaProblemsError as error:
            errors = [FieldError(field_of(one), one.message) for one in error.problems]
            told = f"{told_of(errors)} The answer format stays as it was."
            raise ApiProblem(422, told, code="answer_schema", errors=errors) from None
        return shapes.AnswerSchema(answer=answer, answer_schema=answer_schema.schema_of(answer))

    return own


def parsed(text: str, facts: Facts) -> shapes.Parsed:
    """The definition of a YAML text; never raises for what is in it."""
    if readable(text) != text:
        told = "holds half of a character (a lone surrogate); take it out"
        return shapes.Parsed(issues=[shapes.Issue(field="", message=told)], yaml=readable(text))
    if len(text.encode()) > MAX_BYTES:
        told = f"is longer than {MAX_BYTES // 1024} KiB; shorten the rubric or prompt"
        return shapes.Parsed(issues=[shapes.Issue(field="", message=told)], yaml=text)
    reading = read_text(text)
    if reading.evaluator is None:
        return shapes.Parsed(issues=[issue_of(one) for one in reading.problems], yaml=text)
    definition = definition_of(reading.evaluator)
    issues = [
        one.model_copy(update={"line": reading.name_line if one.field == "name" else None})
        for one in validated(definition, facts).issues
    ]
    # Escapes in quotes can stand for what no other text can hold.
    return shapes.Parsed(
        definition=None if any(not_kept(definition)) else definition, issues=issues, yaml=text
    )


def formatted(definition: shapes.Definition, facts: Facts) -> shapes.Parsed:
    """The YAML text of a definition, as far as it can be written."""
    text = "" if any(not_kept(definition)) else dump(evaluator_of(definition))
    return shapes.Parsed(definition=definition, issues=validated(definition, facts).issues, yaml=text)


def _neither() -> ApiProblem:
    words = "is required, or answer_schema"
    return ApiProblem(422, f"answer {words}.", errors=[FieldError("answer", words)])

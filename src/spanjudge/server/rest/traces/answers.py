"""Answers written at once: a long list is not checked a second time on its way out."""

from pydantic import BaseModel
from starlette.responses import Response


def answer(shape: BaseModel) -> Response:
    """The JSON of a shape that holds only text that UTF-8 can carry."""
    return Response(shape.model_dump_json(by_alias=True), media_type="application/json")

"""What every answer of the API has in common."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from spanjudge.server.rest.shapes.times import Instant

Item = TypeVar("Item")

Outcome = Literal["pass", "fail", "value", "none"]
"""`value`: a result of an evaluator without acceptance criteria; `none`: a failure, so no verdict."""

Target = Literal["span", "trace", "session"]


class Shape(BaseModel):
    """Something that is given out."""

    model_config = ConfigDict(extra="forbid")


class Body(BaseModel):
    """Something that is taken in: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", str_max_length=12_000_000)


class Page(Shape, Generic[Item]):
    """A part of a list, newest first unless it says otherwise."""

    items: list[Item]
    next_cursor: str | None = Field(
        default=None, description="The `cursor` for what follows; null at the end."
    )
    partial: bool = Field(
        default=False,
        description="A text search that stopped after its share of work: go on with `next_cursor`, even when "
        "there are no items here.",
    )
    reached: Instant | None = Field(
        default=None, description="With `partial`: the time down to which it has looked."
    )


class Count(Shape):
    """A value and how often it was seen."""

    value: str
    count: int

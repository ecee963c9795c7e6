"""How an evaluator is answered: a label of a closed set, yes or no, or a number in a range."""

from typing import Literal

import msgspec


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One label of a category, with the sentence that tells the judge when it applies."""

    name: str
    description: str = ""


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="category"):
    """One of a closed set of labels; the value is the label's name."""

    labels: tuple[Label, ...]


class Boolean(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="boolean"):
    """True or false, with what each means."""

    when_true: str = ""
    when_false: str = ""


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of a scale and what an answer at this point looks like."""

    value: float
    description: str


class Score(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="score"):
    """A number from `min` to `max`, both included.

    With `anchors` the judge picks one of the described points (a closed set, so that label
    probabilities can be read). With `method: claims` a capable judge lists the claims of the output, a
    verdict and a quotation for each, and the score is the share of claims that do not hold, computed in
    code; a small judge uses the anchors.
    """

    min: float = 0.0
    max: float = 1.0
    anchors: tuple[Anchor, ...] = ()
    method: Literal["direct", "claims"] = "direct"


AnswerFormat = Category | Boolean | Score

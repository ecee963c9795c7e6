"""One thing of a file that can be judged: a row, a span, a trace or a session."""

import hashlib

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.subject import Subject
from spanjudge.telemetry.evaluated import Target, result_id


class FileError(SpanjudgeError):
    """A file cannot be evaluated; the message begins with `FILE` or `FILE:LINE`."""


class NotJudged(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator that does not judge an item: a reason out of a fixed set, and the same in words."""

    evaluator: Evaluator
    reason: str
    detail: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge sees, who judges it, and who does not and why.

    `name` is how people find it in the file: a row's id or number, or the id of a span, trace or session.
    """

    name: str
    subject: Subject
    target: Target = Target()
    service: str = ""
    response_id: str | None = None
    evaluators: tuple[Evaluator, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()

    def result_id(self, evaluator: Evaluator) -> str:
        """Names the outcome: the same for the same content, however often it is evaluated."""
        if self.target.key:
            return result_id(evaluator.name, evaluator.version, self.target)
        text = "\x1f".join((evaluator.name, evaluator.version, self.name, repr(self.subject)))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]

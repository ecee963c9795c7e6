"""A question as every chat wire sends it: the schema in its forms, the messages, the prompt's last lines."""

import re
from typing import Any, TypeVar

import msgspec

from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.model_rules import Mode
from spanjudge.judging.models.schema_subset import common_subset
from spanjudge.judging.models.wire import to_json

_MOST_KEPT = 512
Key = TypeVar("Key")
Held = TypeVar("Held")


class AnswerShape(msgspec.Struct, frozen=True, eq=False):
    """The answer's schema, made ready once: equal for every call of an evaluator, byte by byte."""

    name: str
    raw: msgspec.Raw
    text: str


class AnswerShapes:
    """The shapes of a model's evaluators, by schema; the oldest goes when there are very many."""

    def __init__(self) -> None:
        """Empty."""
        self._kept: dict[tuple[str, bytes], AnswerShape] = {}
        # A composed question keeps its schema, so most come as the very object that came before.
        self._same: dict[tuple[str, int], tuple[dict[str, Any], AnswerShape]] = {}

    def of(self, request: JudgeRequest) -> AnswerShape:
        """The shape a request asks for; its schema must not change any more. Raises `SchemaTooDeepError`."""
        same = self._same.get((request.schema_name, id(request.schema)))
        if same is not None:
            return same[1]
        key = (request.schema_name, to_json(request.schema))
        shape = self._kept.get(key)
        if shape is None:
            encoded = to_json(common_subset(request.schema))
            name = re.sub(r"[^A-Za-z0-9_-]", "_", request.schema_name)[:64] or "answer"
            shape = AnswerShape(name, msgspec.Raw(encoded), encoded.decode())
            _put(self._kept, key, shape)
        # With the schema itself, so that its id is nobody else's as long as it stands here.
        _put(self._same, (request.schema_name, id(request.schema)), (request.schema, shape))
        return shape


def _put(kept: dict[Key, Held], key: Key, value: Held) -> None:
    if len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


def messages_of(
    request: JudgeRequest, shape: AnswerShape, mode: Mode, *, told: bool, system: bool
) -> list[dict[str, Any]]:
    """System and user message; the shape is written last, so that what stands before can be cached.

    `told`: write the shape into the prompt even though the mode enforces it. `system`: the model knows
    system messages; else it all goes to the user's.
    """
    user = request.user
    if mode == "text":
        user = (
            f"{user}\n\nAnswer with one JSON object, written between <answer> and </answer>. "
            f"It fits this JSON schema:\n{shape.text}"
        )
    elif told or mode == "json_object":
        user = (
            f"{user}\n\nAnswer with one JSON object and nothing else. It fits this JSON schema:\n{shape.text}"
        )
    if not request.system:
        return [{"role": "user", "content": user}]
    if not system:
        return [{"role": "user", "content": f"{request.system}\n\n{user}"}]
    return [{"role": "system", "content": request.system}, {"role": "user", "content": user}]


_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_THOUGHT = re.compile(r"^\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)


def answer_in(text: str, mode: Mode) -> str:
    """The answer without thoughts written in front of it and without our own tags."""
    if "<think" in text[:64]:
        text = _THOUGHT.sub("", text, count=1)
    elif "</think>" in text:
        # Some templates open the thought themselves; only its end is in the text.
        text = text.rpartition("</think>")[2]
    if mode == "text":
        tagged = _TAGGED.findall(text)
        if tagged:
            text = tagged[-1]
    return text.strip()

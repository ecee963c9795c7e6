"""W&B Weave's dialect: a finished call (or agent turn) in, a list of score objects out.

Request: `{schema_version, original_call: {inputs, output, …}, scoring_call_id, monitor, scorer: {config},
triggered_at}` with an `Idempotency-Key` header. Reply: `{schema_version, result: [{value, reason,
confidence}]}`, where a value is a tag (text) or a rating from 0 to 1, and what is unknown is left out.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationResult
from spanjudge.remote_scorer.openobserve import check
from spanjudge.remote_scorer.problem import Answer, Problem, cut, encode
from spanjudge.spans.messages import parse_content

MAX_REASON_BYTES = 3_000
_INPUT_KEYS = ("input", "question", "query", "prompt", "messages", "message", "text", "user_input")
_OUTPUT_KEYS = ("output", "answer", "response", "completion", "text", "content", "result")
_NAME_KEYS = ("scorer_name", "scorer", "evaluator", "name")


class WeaveScore(msgspec.Struct, frozen=True, omit_defaults=True):
    """One score object."""

    value: str | float
    reason: str | None = None
    confidence: float | None = None


class WeaveReply(msgspec.Struct, frozen=True):
    """The whole reply."""

    schema_version: int
    result: list[WeaveScore]


def is_weave(body: Mapping[str, Any]) -> bool:
    """Whether a request body has this dialect's shape."""
    return "original_call" in body and ("schema_version" in body or "scoring_call_id" in body)


def fields_of_call(body: Mapping[str, Any]) -> dict[str, Any]:
    """The call as the fields of a scoring request.

    The scorer's name is looked for in `scorer.config.scorer_name` and its neighbours; the call's
    attributes and ids become metadata. Raises `Problem` (INVALID_JSON) when there is no call.
    """
    call = body.get("original_call")
    if not isinstance(call, dict):
        raise Problem("INVALID_JSON", "“original_call” must be an object with “inputs” and “output”.")
    call = cast("dict[str, Any]", call)
    inputs = _unwrapped(call.get("inputs", call.get("input")), _INPUT_KEYS)
    output = _unwrapped(call.get("output"), _OUTPUT_KEYS)
    fields: dict[str, Any] = {
        "scorer_name": _scorer_name(body),
        "input": _text(inputs),
        "output": _text(output),
    }
    given = call.get("inputs")
    if isinstance(given, dict):
        for name in ("context", "expected", "system_prompt", "tools"):
            if name in given and given is not inputs:
                fields[name] = given[name]
    metadata = {
        key: body[key] for key in ("scoring_call_id", "triggered_at") if isinstance(body.get(key), str)
    }
    metadata |= {key: call[key] for key in ("id", "trace_id", "op_name") if isinstance(call.get(key), str)}
    if metadata:
        fields["metadata"] = metadata
    return fields


def scored(body: Mapping[str, Any], evaluator: Evaluator, result: EvaluationResult) -> Answer:
    """A result in this dialect; a score of another range is brought to 0–1, a boolean becomes a tag."""
    check(evaluator.answer, result.value)
    value = result.value
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(evaluator.answer, Score) and not isinstance(value, str):
        low, high = evaluator.answer.min, evaluator.answer.max
        value = (value - low) / (high - low) if high > low else 0.0
    version = body.get("schema_version")
    reply = WeaveReply(
        version if isinstance(version, int) else 1,
        [
            WeaveScore(
                value,
                cut(result.explanation, MAX_REASON_BYTES) if result.explanation else None,
                result.confidence,
            )
        ],
    )
    return Answer(200, encode(reply))


def _scorer_name(body: Mapping[str, Any]) -> Any:
    scorer = body.get("scorer")
    if isinstance(scorer, str):
        return scorer
    if not isinstance(scorer, dict):
        return None
    scorer = cast("dict[str, Any]", scorer)
    config = scorer.get("config")
    for place in (config, scorer):
        if isinstance(place, dict):
            for key in _NAME_KEYS:
                name = cast("dict[str, Any]", place).get(key)
                if isinstance(name, str) and name:
                    return name
    return None


def _unwrapped(value: Any, keys: tuple[str, ...]) -> Any:
    """The one value that matters in an operation's arguments or result; all of it when none stands out."""
    if not isinstance(value, dict):
        return value
    found = cast("dict[str, Any]", value)
    own = {key: inner for key, inner in found.items() if key not in ("self", "model", "config")}
    content = parse_content(found)
    if content and content.messages:
        return found
    for key in keys:
        if key in own:
            return own[key]
    return next(iter(own.values())) if len(own) == 1 else found


def _text(value: Any) -> Any:
    """Numbers and truth values are content here: an operation may return anything."""
    return (
        str(value).lower()
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, int | float)
        else value
    )

"""One server as an application's model and as its judge, as most applications have it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.mock_judge.behaviour import Behaviour, Received
from tests.mock_judge.openai import schema_in_prompt

ANSWER = "The capital of France is Paris."


def is_judged(received: Received) -> bool:
    """Whether a request is a judge's: it says what shape the answer must have, in any way there is."""
    body = received.fields
    answer_format: dict[str, Any] = body.get("response_format") or {}
    shaped = answer_format.get("type") == "json_schema"
    forced = isinstance(body.get("tool_choice"), dict)
    return shaped or forced or (not body.get("tools") and schema_in_prompt(received) is not None)


def application(
    answer: str = ANSWER, arguments: Mapping[str, object] | None = None, judge: Behaviour | None = None
) -> Callable[[Received], Behaviour]:
    """Answer a judge's request as `judge` says, and an application's with a text.

    Where the application has tools, the first of them is called before that, with these arguments.
    """
    judge = judge or Behaviour()

    def step(received: Received) -> Behaviour:
        if is_judged(received):
            return judge
        plain = replace(judge, answer=answer)
        if not received.fields.get("tools"):
            return plain
        if any(message.get("role") == "tool" for message in received.fields["messages"]):
            return replace(plain, finish="stop", message={"content": answer, "tool_calls": None})
        return replace(plain, answer=arguments)

    return step

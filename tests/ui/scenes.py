"""Traces, evaluators and a judge for the pages that show them."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from playwright.async_api import expect

from tests.mock_judge import Behaviour, Received
from tests.ui.site import Site, span

# As long as pages wait for anything else: machines are slow when much is tested on them.
expect.set_options(timeout=15_000)

BAD = "BAD"
"""What a judged text holds that fails everywhere."""

REFUSED = "REFUSED"
"""What a judged text holds that the judge will not judge."""

POLITE: dict[str, Any] = {
    "name": "politeness",
    "description": "Is the answer polite?",
    "rubric": "True when the answer is polite, false when it is not.",
    "answer": {"type": "boolean"},
    "acceptance": {"pass_when": True},
}
ACCURATE: dict[str, Any] = {
    "name": "accuracy",
    "rubric": "1.0 when every fact of the answer is right, 0.0 when none is.",
    "answer": {"type": "score", "min": 0.0, "max": 1.0},
    "acceptance": {"min": 0.7},
}
ELSEWHERE: dict[str, Any] = POLITE | {"name": "elsewhere", "scope": {"services": ["travel-desk"]}}
NEVER: dict[str, Any] = POLITE | {"name": "rarely", "scope": {"sampling": 0}}


def judge(received: Received) -> Behaviour:
    """Fails what is bad, refuses what it must not read, passes everything else."""
    if REFUSED in received.text:
        return Behaviour(refusal="I cannot help with that.")
    bad = BAD in received.text

    def says(filled: object) -> object:
        return _said(filled, bad=bad)

    return Behaviour(answer=says)


def _said(value: object, *, bad: bool) -> object:
    if isinstance(value, dict):
        return {key: _said(part, bad=bad) for key, part in cast("dict[str, object]", value).items()}
    if isinstance(value, bool):
        return not bad
    if isinstance(value, int | float):
        return 0.25 if bad else 0.9
    return "It says so in the text." if isinstance(value, str) else value


async def prepared(site: Site, *definitions: Mapping[str, Any]) -> None:
    """The judge, and evaluators that judge what comes from now on; two of them unless others are given."""
    site.judge.always(judge)
    for definition in definitions or (POLITE, ACCURATE):
        await site.publish(definition)


async def chats(
    site: Site, texts: Sequence[str], *, first: int = 1, service: str = "shop", ago_s: float = 60.0
) -> None:
    """A trace with one call for each text, a second apart, the last one the newest."""
    start = time.time() - ago_s
    for at, text in enumerate(texts):
        await site.send(span(first + at, output=text, start_s=start + at, service=service))


def agent_trace(number: int, *, start_s: float, output: str = "It was sent back.") -> dict[str, Any]:
    """A trace of five spans: a request, an agent in it, and in that a call, a tool and a call again."""
    trace_id = f"{number:032x}"
    root, agent, first, tool, last = (f"{number:08x}{at:08x}" for at in range(1, 6))
    bodies = [
        _part(trace_id, root, "", "support turn", start_s, 5.0, {}),
        _part(
            trace_id,
            agent,
            root,
            "invoke_agent support",
            start_s + 0.1,
            4.8,
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support"},
        ),
        _call(trace_id, first, agent, start_s + 0.2, [_calls_tool()]),
        _part(
            trace_id,
            tool,
            agent,
            "execute_tool get_order",
            start_s + 1.5,
            0.4,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "get_order",
                "gen_ai.tool.call.arguments": '{"order":"88123"}',
            },
        ),
        _call(trace_id, last, agent, start_s + 2.0, [{"type": "text", "content": output}]),
    ]
    spans = [one for body in bodies for one in body["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    whole = bodies[0]
    whole["resourceSpans"][0]["scopeSpans"][0]["spans"] = spans
    return whole


def _calls_tool() -> dict[str, Any]:
    arguments = {"order": "88123", "with": ["payments", "shipments"]}
    return {"type": "tool_call", "id": "call_1", "name": "get_order", "arguments": arguments}


def _call(
    trace_id: str, span_id: str, parent: str, start_s: float, parts: list[dict[str, Any]]
) -> dict[str, Any]:
    asked = [
        {"role": "system", "parts": [{"type": "text", "content": "You are the support of a shoe shop."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}]},
    ]
    return _part(
        trace_id,
        span_id,
        parent,
        "chat gpt-4o",
        start_s,
        1.2,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.input.messages": json.dumps(asked),
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": parts, "finish_reason": "stop"}], ensure_ascii=False
            ),
        },
    )


def _part(  # noqa: PLR0917  # what a span is made of
    trace_id: str,
    span_id: str,
    parent: str,
    name: str,
    start_s: float,
    seconds: float,
    attributes: Mapping[str, str],
) -> dict[str, Any]:
    body = span(1, start_s=start_s, name=name)
    one = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    one |= {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent,
        "endTimeUnixNano": str(int((start_s + seconds) * 1e9)),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }
    return body

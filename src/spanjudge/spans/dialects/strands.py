"""Strands Agents: what an agent's span tells in attributes of its own; its messages are GenAI events."""

from collections.abc import Sequence

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.json_text import as_name
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.tool_definitions import tool_definitions

_TOOLS = "gen_ai.agent.tools"
_SYSTEM = ("gen_ai.agent.system_prompt", "system_prompt")


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:  # noqa: ARG001  # content is never in logs
    """See `Dialect`."""
    attributes = raw.attributes
    prompt = next((as_name(attributes[key]) for key in _SYSTEM if key in attributes), None)
    if _TOOLS not in attributes and prompt is None:
        return None
    return Found(system_prompt=prompt, tools=tool_definitions(attributes.get(_TOOLS)) or None)

"""Spring AI: vector stores as retrievals, and the prompt and answer of older versions as attributes."""

from collections.abc import Sequence

from spanjudge.spans.conversation import messages_of
from spanjudge.spans.dialects.found import Found
from spanjudge.spans.documents import documents_of
from spanjudge.spans.json_text import as_name
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.tool_records import arguments_of, result_of

_QUERY, _DOCUMENTS = "db.vector.query.content", "db.vector.query.response.documents"
_USER, _SYSTEM = "spring.ai.chat.client.user.text", "spring.ai.chat.client.system.text"
_ARGUMENTS, _RESULT = "spring.ai.tool.call.arguments", "spring.ai.tool.call.result"


def read(raw: RawSpan, logs: Sequence[LogEvent]) -> Found | None:  # noqa: ARG001  # content is never in logs
    """See `Dialect`."""
    attributes = raw.attributes
    if _QUERY in attributes or _DOCUMENTS in attributes:
        documents = attributes.get(_DOCUMENTS)
        return Found(
            input_text=as_name(attributes.get(_QUERY)),
            context=documents_of(documents) if documents is not None else None,
        )
    if _USER in attributes or _SYSTEM in attributes:
        return Found(
            system_prompt=as_name(attributes.get(_SYSTEM)),
            input_messages=messages_of(attributes.get(_USER)) or None,
        )
    if _ARGUMENTS in attributes or _RESULT in attributes:
        return Found(
            tool_arguments=arguments_of(attributes.get(_ARGUMENTS)),
            tool_result=result_of(attributes.get(_RESULT)),
        )
    return None

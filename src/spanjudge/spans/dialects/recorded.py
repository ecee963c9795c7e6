"""One step's recorded input and output, put into the fields of `Found`."""

from spanjudge.spans.dialects.found import Found
from spanjudge.spans.documents import documents_of, items_of
from spanjudge.spans.messages import system_prompt_of
from spanjudge.spans.payloads import Payload, answers, read_input
from spanjudge.spans.span import Message


def put_input(found: Found, given: Payload) -> None:
    """The conversation, its last user text and its system prompt; or the text alone."""
    if given.messages:
        found.input_messages = given.messages
        found.system_prompt = system_prompt_of(given.messages)
    found.input_text = given.last_user_text
    if given.tools:
        found.tools = given.tools


def put_output(found: Found, made: Payload) -> None:
    """The answer: of whole alternatives the first; its text and the tools it calls.

    Of a whole run, tools between included, the text and the calls are those of its last message.
    """
    if not made.messages:
        found.output_text = made.text
        return
    answer = answers(made.messages)
    spoken = tuple(message for message in answer if message.role == "assistant")
    found.output_messages = answer
    run = any(message.role == "tool" for message in answer)
    calls = [call for message in (spoken[-1:] if run else spoken) for call in message.tool_calls]
    found.tool_calls = tuple(calls)
    found.output_text = _said(spoken) or (None if calls or not spoken else "")


def put_retrieval(found: Found, asked: object, answered: object) -> None:
    """The question and the documents; where they are recorded without their texts, a note says so."""
    found.input_text = read_input(asked).last_user_text
    listed = items_of(answered)
    found.context = documents_of(listed)
    if listed and not found.context:
        found.notes = (*found.notes, "the retrieved documents are recorded without their texts")


def _said(spoken: tuple[Message, ...]) -> str | None:
    return next((text for message in reversed(spoken) if (text := message.text.strip())), None)

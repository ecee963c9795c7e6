"""A whole conversation in one text: `system: …`, `user: …`, `assistant: …`, each at the start of a line."""

import re
from typing import Any, cast

from spanjudge.spans.conversation import message_of, messages_of
from spanjudge.spans.json_text import decoded
from spanjudge.spans.python_repr import read_repr
from spanjudge.spans.roles import known_role
from spanjudge.spans.span import Message

_SPEAKER = re.compile(r"^(system|developer|user|human|assistant|model|ai|tool|function): ?", re.MULTILINE)

REPEATED = "the prompt repeats all its messages as a Python list, and that list is what is read"


def flat_messages(value: object, notes: list[str]) -> tuple[Message, ...]:
    """The messages of a text that begins with a speaker; of any other text one message of the user.

    JSON is read as messages. OpenLIT writes a message without a text as an empty line, or as Python's `repr`
    of all messages: the list is read then.
    """
    found = decoded(value)
    if not isinstance(found, str):
        return messages_of(found)
    marks = list(_SPEAKER.finditer(found))
    if not marks or found[: marks[0].start()].strip():
        return messages_of(found)
    ends = [*(mark.start() for mark in marks[1:]), len(found)]
    messages: list[Message] = []
    for mark, end in zip(marks, ends, strict=True):
        text = found[mark.end() : end].strip()
        if listed := _written_list(text):
            notes.append(REPEATED)
            return listed
        if text:
            role = known_role(mark[1]) or mark[1]
            held: dict[str, Any] = {"content": text} if role == "tool" else {"parts": [text]}
            messages.append(message_of({"role": role, **held}, role))
    return tuple(messages)


def _written_list(text: str) -> tuple[Message, ...]:
    if not text.startswith("[{") or "'role'" not in text:
        return ()
    written = read_repr(text)
    items = cast("list[Any]", written) if isinstance(written, list) else []
    if not items or not all(isinstance(item, dict) and "role" in item for item in items):
        return ()
    return messages_of(items)

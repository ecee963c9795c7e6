"""A subject as the judge reads it: each present field as text, cut to size, made harmless, in its fence."""

from typing import Any

import msgspec

from spanjudge.evaluators.prompt import Variable
from spanjudge.judging import fence, truncate
from spanjudge.judging.subject import Subject
from spanjudge.spans.messages import call_text, message_text, part_text, transcript
from spanjudge.spans.parts import as_json
from spanjudge.spans.span import Document, Message, TextPart, ToolDefinition

_SHORT_TAG = 6
_INPUT_BELOW = "[this is the input, given in its own fence]"
_SAME_FIELD = {"spans": "messages", "turns": "messages"}
"""Trace and session words for what a subject keeps in `messages`."""


class Material(msgspec.Struct, frozen=True):
    """One subject, ready to be sent.

    `fields` are harmless texts by name, in the order they are shown; a blank one is empty. `limit` is how
    many characters the judge takes; `truncated` names the fields that were cut for it, or folded before.
    """

    fields: dict[str, str]
    tag: str
    limit: int
    truncated: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All fields in their fences: the prefix that calls on one subject share."""
        return "\n\n".join(
            fence.fenced(name, text, self.tag) if text else f"The {name} is empty."
            for name, text in self.fields.items()
        )

    def only(self, names: tuple[str, ...]) -> "Material":
        """Some of the fields, in fences with short tags: for judges that are slow at reading."""
        fields = {name: text for name, text in self.fields.items() if name in names}
        cut = tuple(name for name in self.truncated if name in fields)
        return Material(fields=fields, tag=self.tag[:_SHORT_TAG], limit=self.limit, truncated=cut)


def prepare(subject: Subject, key: bytes, limit: int) -> Material:
    """Read a subject for a judge model that takes `limit` characters; `key` is the fences' secret."""
    whole = {name: fence.without_media(text) for name, text in texts(subject).items()}
    kept, cut = truncate.fit(whole, limit)
    clean = {name: fence.neutralise(text) if text.strip() else "" for name, text in kept.items()}
    tag = fence.tag(key, [*clean, *clean.values()])
    less = tuple(name for name in clean if name in cut or name in subject.folded)
    return Material(fields=clean, tag=tag, limit=limit, truncated=less)


def texts(subject: Subject) -> dict[str, str]:
    """The fields that are there, as text, in the order they are shown.

    A message that repeats the system prompt or the input is not shown twice. A blank output stays, as it
    says something; any other blank field is left out.
    """
    conversation = _earlier(subject)
    found = {
        "system_prompt": subject.system_prompt or "",
        "tools": tools_text(subject.tools) if subject.tools else "",
        "messages": transcript(conversation) if conversation else "",
        "context": documents_text(subject.context) if subject.context else "",
        "input": subject.input or "",
        "tool_calls": "\n".join(map(call_text, subject.tool_calls)) if subject.tool_calls else "",
        "output": subject.output or "",
        "expected": subject.expected or "",
    }
    blank_output = subject.output is not None
    return {name: text for name, text in found.items() if text.strip() or (name == "output" and blank_output)}


def variable(subject: Subject, wanted: Variable, material: Material) -> tuple[str, bool]:
    """A variable of a full prompt in its fence, and whether it was cut or folded."""
    text = fence.without_media(variable_text(subject, wanted))
    kept = truncate.cut(text, material.limit)
    if not kept.strip():
        return "(not given)", False
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in wanted.name)
    cut = is_folded(subject, wanted) or kept is not text
    return fence.fenced(name, fence.neutralise(kept), material.tag), cut


def is_folded(subject: Subject, wanted: Variable) -> bool:
    """Whether steps of a long trace or session are missing in it."""
    return wanted.source != "attribute" and _SAME_FIELD.get(wanted.key, wanted.key) in subject.folded


def is_there(subject: Subject, wanted: Variable) -> bool:
    """Whether the subject has such a thing at all, empty or not."""
    if wanted.source == "attribute":
        return subject.attributes.get(wanted.key) is not None
    value: object = getattr(subject, _SAME_FIELD.get(wanted.key, wanted.key))
    return value is not None and value != ()


def variable_text(subject: Subject, wanted: Variable) -> str:
    """All that a variable stands for; empty when there is nothing."""
    if wanted.source == "attribute":
        value: Any = subject.attributes.get(wanted.key)
        return "" if value is None else value if isinstance(value, str) else as_json(value, indent=None)
    match _SAME_FIELD.get(wanted.key, wanted.key):
        case "messages":
            return transcript(subject.messages)
        case "context":
            return documents_text(subject.context)
        case "tools":
            return tools_text(subject.tools)
        case "tool_calls":
            return "\n".join(map(call_text, subject.tool_calls))
        case field:
            return getattr(subject, field) or ""


def documents_text(documents: tuple[Document, ...]) -> str:
    """Retrieved documents, numbered."""
    if len(documents) == 1 and not documents[0].id:
        return documents[0].content
    return "\n\n".join(
        f"[{number}]{f' {document.id}' if document.id else ''}\n{document.content}"
        for number, document in enumerate(documents, 1)
    )


def tools_text(tools: tuple[ToolDefinition, ...]) -> str:
    """Tool definitions: a line with name and description, a line with the JSON schema of the arguments."""
    return "\n\n".join(
        f"{tool.name}{f': {tool.description}' if tool.description else ''}"
        + (f"\nparameters: {as_json(tool.parameters, indent=None)}" if tool.parameters else "")
        for tool in tools
    )


def _earlier(subject: Subject) -> tuple[Message, ...]:
    """The conversation without what stands in fields of its own; empty when nothing else is left."""
    asked = (subject.input or "").strip()
    answered = (subject.output or "").strip()
    rules = subject.system_prompt or ""
    kept: list[Message] = []
    last = next((m for m in reversed(subject.messages) if m.role == "user" and m.text.strip()), None)
    others = 0
    end = subject.messages[-1] if subject.messages else None
    for message in subject.messages:
        if message is end and message.role == "assistant" and answered and message_text(message) == answered:
            continue
        if message.role == "system" and message.text.strip() and message.text.strip() in rules:
            continue
        if message is last and message.text.strip() == asked:
            rest = tuple(part for part in message.parts if not isinstance(part, TextPart))
            kept.append(Message(role=message.role, parts=(TextPart(_INPUT_BELOW), *rest), name=message.name))
            others += len(rest)
        elif any(part_text(part).strip() for part in message.parts):
            kept.append(message)
            others += 1
    return tuple(kept) if others else ()

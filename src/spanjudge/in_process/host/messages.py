"""Messages and their parts as OpenTelemetry's GenAI utilities keep them: objects, or mappings alike."""

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from spanjudge.in_process.host.plain_values import held, items, plain, size_of
from spanjudge.spans.messages import parse_content
from spanjudge.spans.parts import is_part, parts_of, tool_calls_of
from spanjudge.spans.roles import known_role
from spanjudge.spans.span import MediaPart, Message, Part, TextPart, ToolResultPart

_FIELDS = (
    "type",
    "content",
    "text",
    "name",
    "arguments",
    "id",
    "response",
    "result",
    "mime_type",
    "modality",
    "uri",
    "url",
    "file_id",
    "image_url",
    "data",
    "server_tool_call",
    "server_tool_call_response",
)
"""What the parts of the utilities, and of what calls itself like them, are made of."""

_HOLDERS = ("content", "data", "file_data", "source", "inline_data", "inlineData", "file", "input_audio")

_KINDS = ("mime_type", "media_type", "mimeType", "mediaType", "modality", "format")


def messages_of(value: object, role: str) -> tuple[Message, ...]:
    """The messages a value holds; `role` is whose they are when they do not say so. Never raises.

    What has no role, no parts and no content is left out. A text alone is read as the spans' are.
    """
    if isinstance(value, str):
        found = parse_content(value, role=role)
        if found is None or not found.text.strip():
            return ()
        return found.messages or (Message(role=role, parts=(TextPart(found.text),)),)
    return tuple(message for item in items(value) if (message := _message(item, role)))


def instructions_of(value: object) -> str | None:
    """System instructions: a text, or the text parts of a list."""
    texts = [part.content for part in _parts(value) if isinstance(part, TextPart) and part.content.strip()]
    return "\n\n".join(texts) or None


def _message(item: object, role: str) -> Message | None:
    if isinstance(item, str):
        return Message(role=role, parts=(TextPart(item),)) if item.strip() else None
    written = held(item, "role")
    said = known_role(written) or (written if isinstance(written, str) and written.strip() else None)
    said = said or known_role(held(item, "type")) or role
    content = held(item, "parts", "content")
    if said == "tool" and isinstance(content, str):
        call_id = held(item, "tool_call_id", "id")
        parts: tuple[Part, ...] = (ToolResultPart(content, call_id if isinstance(call_id, str) else None),)
    else:
        parts = _parts(content) + _calls_beside(item)
    if said == "user" and parts and all(isinstance(part, ToolResultPart) for part in parts):
        said = "tool"
    name = held(item, "name")
    if not parts and written is None:
        return None
    return Message(role=said, parts=parts, name=name if isinstance(name, str) and name else None)


def _calls_beside(item: object) -> tuple[Part, ...]:
    """Tool calls that stand beside the content, as OpenAI's messages have them."""
    listed = held(item, "tool_calls")
    return tool_calls_of({"tool_calls": plain(items(listed))}) if listed is not None else ()


def _parts(content: object) -> tuple[Part, ...]:
    return tuple(part for item in items(content) if (part := _part(item)))


def _part(item: object) -> Part | None:
    try:
        return _read_part(item)
    except Exception:  # noqa: BLE001  one odd part leaves the others alone
        return MediaPart(f"{type(item).__name__}, which cannot be read")


def _read_part(item: object) -> Part | None:
    if item is None or item == "":
        return None
    if isinstance(item, str):
        return TextPart(str(item))
    media = _binary(item)
    if media is not None:
        return media
    fields: dict[str, Any] = (
        plain(cast("Mapping[str, Any]", item))
        if isinstance(item, Mapping)
        else {name: plain(found) for name in _FIELDS if (found := held(item, name)) is not None}
    )
    if "type" not in fields and (kind := _kind(fields)):
        fields["type"] = kind
    if not isinstance(item, Mapping) and not is_part(fields):
        if dataclasses.is_dataclass(item):
            fields |= plain(item)
        if not fields.keys() - {"type"}:
            return MediaPart(f"{fields.get('type') or type(item).__name__}, not shown")
    return next(iter(parts_of([fields])), None)


def _kind(fields: Mapping[str, Any]) -> str | None:
    """What a part is that does not say so, by what it is made of."""
    if "arguments" in fields and "name" in fields:
        return "tool_call"
    return "tool_call_response" if "response" in fields else None


def _binary(item: object) -> MediaPart | None:
    """What stood there, when a part holds binary data itself; the bytes are not kept."""
    for name in _HOLDERS:
        found: object = held(item, name)
        size, owner = size_of(found), item
        if size is None and isinstance(found, Mapping):
            owner = cast("object", found)
            size = size_of(held(owner, "data", "bytes"))
        if size is not None:
            kind = held(owner, *_KINDS) or held(item, *_KINDS, "type") or "data"
            return MediaPart(f"{plain(kind)}, about {max(1, size // 1024):,} KB, not shown")
    return None

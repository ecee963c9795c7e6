"""What an invocation of OpenTelemetry's GenAI utilities was grounded in, from its attributes."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from spanjudge.in_process.host.plain_values import held, is_listing, items, plain, size_of
from spanjudge.spans.documents import document_of
from spanjudge.spans.json_text import decoded
from spanjudge.spans.media import without_media
from spanjudge.spans.parts import as_json
from spanjudge.spans.span import Document

RETRIEVED = (
    "retrieval_context",
    "retrieved_context",
    "retrieved_documents",
    "documents",
    "sources",
    "evidence",
)
"""Attributes with what was retrieved."""

GIVEN = ("context", "additional_context")
"""Attributes with other context."""

_TEXTS = ("content", "page_content", "text", "body", "value")
_LISTS = ("documents", "results", "items", "data", "value", "content")
_DEEPEST = 6
_MOST = 1_000


def context_of(attributes: Mapping[str, Any]) -> tuple[Document, ...]:
    """The documents of all these attributes, each text once: what was retrieved comes first. Never raises.

    Both kinds are what an answer may rest on, so a judge is shown both; only what was retrieved is marked so.
    """
    retrieved = documents(*(held(attributes, key) for key in RETRIEVED))
    known = {document.content for document in retrieved}
    given = documents(*(held(attributes, key) for key in GIVEN))
    others = (
        msgspec.structs.replace(document, retrieved=False)
        for document in given
        if document.content not in known
    )
    return (*retrieved, *others)[:_MOST]


def documents(*values: object) -> tuple[Document, ...]:
    """The documents that texts, mappings, objects and lists of these hold, each text once."""
    found: dict[str, Document] = {}
    for value in values:
        for document in _documents(value, ()):
            found.setdefault(document.content, document)
            if len(found) >= _MOST:
                return tuple(found.values())
    return tuple(found.values())


def _documents(value: object, above: tuple[int, ...]) -> Iterator[Document]:
    try:
        value = decoded(value)
        if value is None or size_of(value) is not None or len(above) > _DEEPEST or id(value) in above:
            return
        inside = (*above, id(value))
        if isinstance(value, str):
            if value.strip():
                yield Document(content=without_media(value.strip()))
        elif isinstance(value, Mapping):
            yield from _of_mapping(cast("Mapping[str, Any]", value), inside)
        elif is_listing(value):
            for item in items(value):
                yield from _documents(item, inside)
        else:
            yield from _of_object(value)
    except Exception:  # noqa: BLE001  an odd document leaves the others alone
        return


def _of_object(value: object) -> Iterator[Document]:
    """A number, or an object with a text, such as LangChain's documents."""
    if isinstance(value, int | float):
        yield Document(content=str(value))
        return
    text = next((text for key in _TEXTS if isinstance(text := held(value, key), str)), "")
    fields = {key: plain(held(value, key)) for key in ("id", "score", "metadata")}
    document = document_of(fields | {"content": text})
    if document is not None:
        yield document


def _of_mapping(value: Mapping[str, Any], inside: tuple[int, ...]) -> Iterator[Document]:
    """A document by its text, else the documents that a mapping holds, else the mapping as JSON."""
    fields: dict[str, Any] = plain(value)
    if not any(isinstance(fields.get(key), str) for key in _TEXTS[:-1]) and isinstance(
        fields.get("value"), str
    ):
        fields["content"] = fields["value"]
    document = document_of(fields)
    if document is not None:
        yield document
        return
    listed = next((found for key in _LISTS if _holds(found := held(value, key))), None)
    if listed is not None:
        yield from _documents(listed, inside)
    elif fields:
        yield Document(content=without_media(as_json(fields, indent=None)))


def _holds(value: object) -> bool:
    return isinstance(value, Mapping) or is_listing(value)

"""Retrieved documents in the spellings of LangChain, LlamaIndex, Haystack, MLflow and vector stores."""

from typing import Any, cast

from spanjudge.spans.json_text import as_list, as_name, as_object, as_text, decoded
from spanjudge.spans.media import without_media
from spanjudge.spans.python_repr import read_repr
from spanjudge.spans.span import Document

_HOLDERS = (
    "documents",
    "output",
    "outputs",
    "results",
    "nodes",
    "source_nodes",
    "matches",
    "response",
    "docs",
)
_TEXTS = ("page_content", "content", "text", "document", "chunk", "snippet", "body", "passage")
_DEEPEST = 4


def documents_of(value: object) -> tuple[Document, ...]:
    """The documents a value lists that have a text; without any, empty."""
    return tuple(document for item in items_of(value) if (document := document_of(item)))


def items_of(value: object, depth: int = 0) -> list[Any]:
    """The items of the list a value is or holds, with or without a text."""
    found = decoded(value)
    if isinstance(found, str):
        found = read_repr(found)
    if isinstance(found, list):
        listed = cast("list[Any]", found)
        nested = bool(listed) and all(isinstance(item, list) for item in listed)
        return items_of(listed[0], depth + 1) if nested and depth < _DEEPEST else listed
    if isinstance(found, dict) and depth < _DEEPEST:
        for key in _HOLDERS:
            if items := items_of(cast("dict[str, Any]", found).get(key), depth + 1):
                return items
    return []


def document_of(value: object) -> Document | None:
    """One document; `None` when it has no text. A text alone is a document too."""
    value = decoded(value)
    if isinstance(value, str):
        return Document(content=without_media(value)) if value.strip() else None
    item = as_object(value)
    # LangChain's constructor form, LlamaIndex's node with a score, OpenInference's flattened form.
    for key in ("kwargs", "node", "document"):
        held = as_object(item.get(key))
        if held and (document := document_of({**held, "score": held.get("score", item.get("score"))})):
            return document
    text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), "")
    if not text.strip():
        # LlamaIndex keeps the text of newer nodes in a resource.
        text = as_text(as_object(item.get("text_resource")).get("text")) or ""
    if not text.strip():
        return None
    return Document(content=without_media(text).strip(), id=_id(item), score=_score(item))


def _id(item: dict[str, Any]) -> str | None:
    for key in ("id", "id_", "doc_id", "document_id", "node_id"):
        if isinstance(item.get(key), str | int) and not isinstance(item[key], bool):
            return as_name(str(item[key]))
    metadata = as_object(item.get("metadata")) or as_object(item.get("meta"))
    return next((name for key in ("id", "doc_uri", "source") if (name := as_name(metadata.get(key)))), None)


def _score(item: dict[str, Any]) -> float | None:
    score = next((item[key] for key in ("score", "relevance_score", "similarity") if key in item), None)
    return float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None


def texts_of(value: object) -> tuple[str, ...]:
    """The texts that were embedded: a text, a list of texts, or a request with `input`."""
    found = decoded(value)
    request = as_object(found)
    for key in ("input", "inputs", "texts", "text", "documents", "content", "contents", "prompt", "query"):
        if request.get(key):
            return texts_of(request[key])
    if isinstance(found, str):
        return (without_media(found),) if found.strip() else ()
    each = [document_of(item) for item in as_list(found)]
    return tuple(document.content for document in each if document)

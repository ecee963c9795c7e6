"""What DeepEval gets to see of a subject: its fields as texts, cut to what the judge takes."""

import re

import msgspec

from spanjudge.judging import fence, truncate
from spanjudge.judging.subject import Subject
from spanjudge.spans.messages import call_text, transcript

_IMAGE = re.compile(r"\[(?=DEEPEVAL:)")
"""DeepEval takes this for the place of an image, and then refuses to evaluate the text."""

_EMPTY = "(empty)"


class Texts(msgspec.Struct, frozen=True):
    """The fields of a DeepEval test case. `truncated` names what was cut, as `Subject` calls it."""

    input: str
    output: str
    context: tuple[str, ...] = ()
    expected: str | None = None
    truncated: tuple[str, ...] = ()


def texts_of(subject: Subject, limit: int) -> Texts:
    """The texts, in no more than about `limit` characters together.

    DeepEval knows one input: without a last message of a user the whole conversation takes its place. Of an
    invocation that only called tools the calls are the output.
    """
    whole = {
        "input": subject.input or transcript(subject.messages),
        "output": subject.output or "\n".join(map(call_text, subject.tool_calls)) or _EMPTY,
        "expected": subject.expected or "",
        **{f"context {number}": document.content for number, document in enumerate(subject.context)},
    }
    kept, cut = truncate.fit({name: fence.without_media(text) for name, text in whole.items()}, limit)
    shown = {name: _IMAGE.sub("[ ", fence.without_controls(text)) for name, text in kept.items()}
    less = {name.partition(" ")[0] for name in cut} | set(subject.folded)
    return Texts(
        input=shown["input"],
        output=shown["output"],
        context=tuple(text for name, text in shown.items() if name.startswith("context ") and text.strip()),
        expected=shown["expected"] or None,
        truncated=tuple(name for name in ("context", "input", "output", "expected") if name in less),
    )

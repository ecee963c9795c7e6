"""What of a subject reaches the judge: every field and variable, as text, and how much of it is kept."""

from collections.abc import Mapping

import msgspec

from spanjudge.evaluators.prompt import Variable
from spanjudge.judging import fence, material, truncate
from spanjudge.judging.subject import Subject


class ShownField(msgspec.Struct, frozen=True, kw_only=True):
    """One field or variable. `text` is whole; `total` characters of it there are, `kept` are shown.

    `there` is false when the subject has nothing of the kind at all; `folded` when steps of a long trace or
    session were folded before.
    """

    text: str = ""
    total: int = 0
    kept: int = 0
    there: bool = False
    folded: bool = False

    @property
    def cut(self) -> bool:
        """Whether the judge sees less than there is."""
        return self.folded or self.kept < self.total


def shown_fields(subject: Subject, limit: int) -> Mapping[str, ShownField]:
    """The fields as rubric evaluators have them, for a judge that takes `limit` characters in all."""
    whole = {name: fence.without_media(text) for name, text in material.texts(subject).items()}
    kept, cut = truncate.fit(whole, limit)
    return {
        name: ShownField(
            text=text,
            total=len(text),
            kept=_kept(text, kept[name]) if name in cut else len(text),
            there=True,
            folded=name in subject.folded,
        )
        for name, text in whole.items()
    }


def shown_variable(subject: Subject, wanted: Variable, limit: int) -> ShownField:
    """A variable of a full prompt, for a judge that takes `limit` characters of each."""
    text = fence.without_media(material.variable_text(subject, wanted))
    kept = truncate.cut(text, limit)
    return ShownField(
        text=text,
        total=len(text),
        kept=len(text) if kept is text else _kept(text, kept),
        there=material.is_there(subject, wanted),
        folded=material.is_folded(subject, wanted),
    )


def _kept(text: str, cut: str) -> int:
    """How many characters of a text are in what it was cut to: without the mark."""
    head = 0
    for one, other in zip(text, cut, strict=False):
        if one != other:
            break
        head += 1
    tail = 0
    for one, other in zip(reversed(text), reversed(cut), strict=False):
        if one != other or head + tail >= len(cut):
            break
        tail += 1
    return head + tail

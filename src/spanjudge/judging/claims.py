"""Scores counted from claims: the judge lists them with a verdict and a quotation each, code does the rest.

The score is the share of counted claims that do not hold, on the evaluator's own scale. A claim of a kind
that the criterion exempts is listed and not counted.
"""

import re
import unicodedata
from typing import Any, Literal, cast

import msgspec

from spanjudge.evaluators.answer_format import Score
from spanjudge.judging import material
from spanjudge.judging.form import AnswerProblemError, Value, shown
from spanjudge.judging.subject import Subject

Verdict = Literal["supported", "contradicted", "not_mentioned", "not_counted"]
VERDICTS: tuple[Verdict, ...] = ("supported", "contradicted", "not_mentioned", "not_counted")

_MOST_CLAIMS = 200
_SUBSTANTIVE = 60
"""Letters and digits from which on a text cannot go without a single entry."""
_WIDE = 3
"""A sign of a script that writes a word in one or two signs counts for this many."""
_SHORTEST_QUOTE = 3
_SPACE = re.compile(r"\s+")
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*")
_SIGNS = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "\u00ad": None})
_SOURCES = ("context", "input", "messages", "system_prompt", "expected", "tools")


class ClaimsForm(msgspec.Struct, frozen=True):
    """The claims of the output, one by one."""

    format: Score
    key: str = "claims"

    @property
    def properties(self) -> dict[str, Any]:
        """See `Form`; the quotation comes before the verdict it is for."""
        text = {"type": "string"}
        entry = {"claim": text, "quote": text, "verdict": {"type": "string", "enum": list(VERDICTS)}}
        return {
            "claims": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": entry,
                    "required": list(entry),
                    "additionalProperties": False,
                },
            }
        }

    @property
    def choices(self) -> dict[str, Value]:
        """See `Form`."""
        return {}

    def words(self) -> str:
        """See `Form`."""
        return (
            "List every claim of the output in a few words, at most 20, the weightiest first. For each:\n"
            "- quote: the words of the source that decide, copied exactly; empty when there are none\n"
            '- verdict: "supported" when the sources say so or the criterion counts it as supported, '
            '"contradicted" when they say otherwise, "not_mentioned" when they do not tell, '
            '"not_counted" when the criterion says that claims of this kind do not count\n'
            'An output that claims nothing (a greeting, a question, a refusal) gets one "not_counted" entry '
            "that says so."
        )

    def read(self, raw: object) -> Value:
        """The share of counted claims that do not hold; `AnswerProblemError` when the list does not fit."""
        counted = [verdict for _, _, verdict in entries(raw) if verdict != "not_counted"]
        wrong = sum(verdict != "supported" for verdict in counted)
        share = wrong / len(counted) if counted else 0.0
        return self.format.min + round(share, 4) * (self.format.max - self.format.min)


def entries(raw: object) -> list[tuple[str, str, Verdict]]:
    """Claim, quotation and verdict of each entry."""
    if not isinstance(raw, list):
        raise AnswerProblemError(f'"claims" is {shown(raw)} and must be a list')
    items = cast("list[object]", raw)
    if len(items) > _MOST_CLAIMS:
        raise AnswerProblemError(f'"claims" has {len(items)} entries; list at most 20')
    return [_entry(item) for item in items]


def _entry(item: object) -> tuple[str, str, Verdict]:
    entry: dict[str, object] = cast("dict[str, object]", item) if isinstance(item, dict) else {}
    claim, quote, verdict = entry.get("claim"), entry.get("quote"), entry.get("verdict")
    word = "_".join(verdict.split()).casefold() if isinstance(verdict, str) else ""
    if not isinstance(claim, str) or word not in VERDICTS:
        raise AnswerProblemError(
            f'"claims" holds {shown(cast("object", item))}; each entry needs a claim, a quote and a verdict '
            f"of {', '.join(VERDICTS)}"
        )
    return claim, quote if isinstance(quote, str) else "", word


def check_complete(raw: object, subject: Subject) -> None:
    """An empty list is fine for an output too short to claim much; else `AnswerProblemError`."""
    if entries(raw):
        return
    weight = sum(_WIDE if c >= "\u2e80" else 1 for c in subject.output or "" if c.isalnum())
    if weight >= _SUBSTANTIVE:
        raise AnswerProblemError('"claims" is empty; list each claim, or one "not_counted" entry')


def unverified(raw: object, subject: Subject) -> tuple[int, int]:
    """How many quotations of claims with a verdict stand nowhere in the sources, and of how many."""
    quotes = [quote for _, quote, verdict in entries(raw) if verdict in ("supported", "contradicted")]
    wanted = [parts for quote in quotes if (parts := _pieces(quote))]
    if not wanted:
        return 0, 0
    found = material.texts(subject)
    sources = [_normal(found[name]) for name in _SOURCES if name in found]
    missing = sum(not any(_stands_in(parts, source) for source in sources) for parts in wanted)
    return missing, len(wanted)


def note(raw: object, subject: Subject) -> str:
    """A sentence for the explanation when quotations could not be found; else empty."""
    missing, total = unverified(raw, subject)
    if not missing:
        return ""
    return f"({missing} of {total} quotations not found in the sources.)"


def _pieces(quote: str) -> list[str]:
    return [
        piece
        for part in _ELLIPSIS.split(quote)
        if len(piece := _normal(part).strip(" \"'.,;:")) >= _SHORTEST_QUOTE
    ]


def _stands_in(pieces: list[str], source: str) -> bool:
    place = 0
    for piece in pieces:
        place = source.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS)).casefold()
    return _SPACE.sub(" ", plain).strip()

"""Texts that say nothing and still fool judges (“master keys”, arXiv 2507.08794)."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Hollow = Literal["blank", "brackets", "punctuation", "opening"]

_LONGEST = 80
_BRACKETS = frozenset({"{}", "[]", "()", '""', "''", "``", "[{}]", "{[]}"})
_CODE_FENCE = re.compile(r"```\w*\s*(.*?)\s*```", re.DOTALL)
# Openings end in a colon or promise a solution step by step; the bare word may be an answer (“Solution”).
_OPENINGS = re.compile(
    r"(?:(?:thought process|thinking process|thoughts?|reasoning|solution|answer|final answer|response|"
    r"lösung|antwort|respuesta|solución|réponse|solution finale|解|答案|解答|回答|かいせつ|解説)\s*[:：]"
    r"|let['’]?s (?:think|solve|work|go) .{0,40}step[ -]by[ -]step[.:!]?)",
    re.IGNORECASE,
)


def hollow(text: str) -> Hollow | None:
    """What kind of nothing a text is; `None` when it may say something."""
    bare = text.strip()
    return _kind(bare) if len(bare) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _kind(bare: str) -> Hollow | None:
    """Kept, for every evaluator asks about the same output."""
    if not (bare.isascii() and bare.isprintable()):
        bare = "".join(c for c in bare if unicodedata.category(c) not in ("Cf", "Cc") or c == "\n").strip()
    if not bare:
        return "blank"
    unfenced = _CODE_FENCE.fullmatch(bare)
    inner = "".join((unfenced.group(1) if unfenced else bare).split())
    if inner in _BRACKETS or (unfenced and not inner):
        return "brackets"
    if all(unicodedata.category(c).startswith("P") for c in inner):
        return "punctuation"
    return "opening" if _OPENINGS.fullmatch(bare) else None

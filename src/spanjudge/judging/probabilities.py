"""Label probabilities: from the tokens of a reply to the spread of the answer over its closed set.

The tokens spell the reply. Where the value begins, every likely token continues one or several of the
possible spellings; labels that share a beginning are told apart further on, along the path the judge took. A
level of a scale is replaced by the expectation over all levels (arXiv 2503.03064) unless the judge is sure.
"""

import math
import re
from collections.abc import Sequence

import msgspec

from spanjudge.judging import answer
from spanjudge.judging.answer import Answer, Asked, Reading
from spanjudge.judging.compose import Question
from spanjudge.judging.form import LevelForm, Value
from spanjudge.judging.models.model import JudgeReply, TokenAlternatives
from spanjudge.judging.subject import Subject

_SURE = 0.9
"""A level with this probability stands: doubt of a few percent must not move a score over a threshold."""
_MOST_UNTOLD = 0.1
"""Probability that may fall on no single level before the expectation is worthless."""


class Spread(msgspec.Struct, frozen=True):
    """Probabilities of the closed set's spellings, adding up to 1 with what is `untold`.

    `untold` is on beginnings that several spellings share, off the path the judge took.
    """

    shares: dict[str, float]
    untold: float = 0.0


def read(reply: JudgeReply, question: Question, subject: Subject) -> list[Answer]:
    """The answer to each criterion, weighed by label probabilities where the reply has them."""
    answers = answer.read(reply.text, question.asked, subject)
    if not reply.tokens:
        return answers
    return [
        weigh(reply, asked, found) if isinstance(found, Reading) else found
        for asked, found in zip(question.asked, answers, strict=True)
    ]


def weigh(reply: JudgeReply, asked: Asked, reading: Reading) -> Reading:
    """The reading with the probability of its value, where that can be told.

    The value of a scale becomes the expectation, with four decimals.
    """
    choices = asked.form.choices
    taken = spread(reply, asked, reading.value) if choices else None
    if taken is None:
        return reading
    spelled = next(text for text, value in choices.items() if value == reading.value)
    confidence = min(1.0, taken.shares[spelled])
    if isinstance(asked.form, LevelForm) and confidence < _SURE and taken.untold <= _MOST_UNTOLD:
        told = sum(taken.shares.values())
        mean = sum(float(choices[text]) * share for text, share in taken.shares.items()) / told
        return msgspec.structs.replace(reading, value=round(mean, 4), confidence=confidence)
    return msgspec.structs.replace(reading, confidence=confidence)


def spread(reply: JudgeReply, asked: Asked, value: Value) -> Spread | None:
    """The spread over the closed set at the place where the value stands; `None` when it cannot be found."""
    choices = asked.form.choices
    place = _place(reply.text, asked)
    if place is None:
        return None
    spelled = next((text for text, held in choices.items() if held == value), None)
    rest = reply.text[place:]
    if spelled is None or not rest.startswith(spelled):
        return None
    start = _locate(reply.tokens, reply.text, place)
    if start is None:
        return None
    index, skipped = start
    shares = dict.fromkeys(choices, 0.0)
    # A boolean ends with what is no letter any more; a text with its own quotation mark.
    untold = _follow(reply.tokens[index:], skipped, "", 1.0, shares)
    total = sum(shares.values()) + untold
    if shares[spelled] <= 0.0 or not math.isfinite(total):
        return None
    return Spread({text: share / total for text, share in shares.items()}, untold / total)


def _follow(
    tokens: Sequence[TokenAlternatives], skipped: str, done: str, mass: float, shares: dict[str, float]
) -> float:
    """Divide `mass` among the spellings that begin with `done`; gives back what could not be divided.

    `tokens` begin where `done` ends; `skipped` is what the first of them spells before the value begins.
    """
    open_ones = [text for text in shares if _continues(text, done)]
    if len(open_ones) == 1:
        shares[open_ones[0]] += mass
        return 0.0
    if not open_ones or not tokens:
        return mass if open_ones else 0.0
    token = tokens[0]
    alternatives = dict(token.top)
    alternatives.setdefault(token.token, token.logprob)
    weights = {
        text[len(skipped) :]: math.exp(min(0.0, logprob))
        for text, logprob in alternatives.items()
        if text.startswith(skipped) and len(text) > len(skipped)
    }
    fitting = {text: w for text, w in weights.items() if _fits(done + text, shares)}
    whole = sum(fitting.values())
    if whole <= 0.0:
        return mass
    untold = 0.0
    for text, weight in fitting.items():
        part = mass * weight / whole
        if skipped + text == token.token:
            untold += _follow(tokens[1:], "", done + text, part, shares)
            continue
        ends = [held for held in shares if _continues(held, done + text)]
        if len(ends) == 1:
            shares[ends[0]] += part
        else:
            untold += part
    return untold


def _fits(begun: str, shares: dict[str, float]) -> bool:
    return any(_continues(text, begun) for text in shares)


def _continues(spelled: str, begun: str) -> bool:
    """Whether what was begun can become this spelling, or is it with something after it."""
    return spelled.startswith(begun) or begun.startswith(spelled)


def _place(text: str, asked: Asked) -> int | None:
    """Where the value begins: behind its key, which inside a JSON text can stand only as a key."""
    start = 0
    if asked.key:
        found = list(re.finditer(rf'"{re.escape(asked.key)}"\s*:\s*', text))
        if not found:
            return None
        start = found[-1].end()
    values = list(re.finditer(rf'"{re.escape(asked.form.key)}"\s*:\s*', text[start:]))
    if not values:
        return None
    # Alone, the last is the answer; among several criteria the first behind the criterion's own key.
    return start + (values[0] if asked.key else values[-1]).end()


def _locate(tokens: tuple[TokenAlternatives, ...], text: str, place: int) -> tuple[int, str] | None:
    """The token a place of the reply lies in, and what of it comes before; `None` when they do not match."""
    spelled = "".join(token.token for token in tokens)
    offset = spelled.find(text)
    if offset < 0:
        return None
    wanted, begun = offset + place, 0
    for index, token in enumerate(tokens):
        if begun + len(token.token) > wanted:
            return index, token.token[: wanted - begun]
        begun += len(token.token)
    return None

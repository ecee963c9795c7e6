"""Writing one answer by its plan: fixed parts by ourselves, the rest by the model."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from spanjudge.judging.models.embedded.plan import Fixed, Free, Pick, Step, Text, grammar_before, grammar_of
from spanjudge.judging.models.embedded.prompt import ChatFormat
from spanjudge.judging.models.model import JudgeModelError, TokenAlternatives
from spanjudge.judging.usage import Usage

_SEED = 7
_ALTERNATIVES = 64
_CHARACTERS_A_TOKEN = 4
_FEWEST_TOKENS = 8
_LONGEST_CHARACTER = 8
"""Tokens that one character, spelled byte by byte, can take."""
_INCOMPLETE = "\ufffd"
"""How the runtime shows a character of which a part is missing."""


class Writing:
    """One answer on its way.

    `text` and `tokens` grow together; `usage` is right at every moment, also when the answer is given up.
    Only what is picked from a closed set carries alternatives: the model's own probabilities over its
    whole vocabulary, before the schema narrows them. Every other piece stands in `tokens` as it is, with
    log probability 0.
    """

    def __init__(
        self,
        chat: ChatFormat,
        prompt: list[int],
        budget: int,
        *,
        probability_of: tuple[str, ...] | None = None,
        leaning: Mapping[str, float] | None = None,
    ) -> None:
        """`budget` is the most tokens the model may generate; the rest is as `JudgeRequest` has it."""
        self._chat = chat
        self._prompt = prompt
        self._budget = budget
        self._probabilities = probability_of is not None
        self._leaning = [[label, bias] for label, bias in (leaning or {}).items()]
        self._leaning_at = probability_of
        self._spent = 0
        self._cached: int | None = None
        self.text = ""
        self.tokens: list[TokenAlternatives] = []

    @property
    def usage(self) -> Usage:
        """Tokens of the prompt, counted once, and all that was generated."""
        return Usage(input=len(self._prompt), output=self._spent, cached=self._cached or 0)

    async def write(self, steps: Sequence[Step]) -> None:
        """Write the whole answer. Raises `JudgeModelError` when the budget ends before it."""
        skip = False
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            fixed = following.text if isinstance(following, Fixed) else ""
            match step:
                case Fixed(text):
                    if not skip:
                        self._add(text)
                    skip = False
                case Text():
                    await self._write_text(step)
                case Pick():
                    await self._pick(step, fixed)
                case Free(rule):
                    await self._write_free(rule, fixed)
                    skip = True

    def _add(self, text: str) -> None:
        self.text += text
        self.tokens.append(TokenAlternatives(text, 0.0))

    async def _write_text(self, step: Text) -> None:
        """Prose up to the closing quote, which the fixed part behind it writes.

        No grammar is needed, which makes this fast: the model sees an open quote, and what it writes is
        spelled as JSON here. A text that runs on is closed at its limit.
        """
        written = ""
        while len(written) < step.limit:
            allowance = max(_FEWEST_TOKENS, (step.limit - len(written)) // _CHARACTERS_A_TOKEN)
            answer = await self._generate(written, allowance, stop=['"', "\n"])
            written += answer["content"]
            if answer["stop_type"] == "word":
                if answer["stopping_word"] != '"' or not _ends_in_backslash(written):
                    break
                written += '"'
            elif answer["stop_type"] != "limit":
                break
        self._add(json_text(written, step.limit))

    async def _pick(self, step: Pick, following: str) -> None:
        """Generate until only one choice is left, most often a single token."""
        # A number can be the beginning of another one; then it counts only with what ends it.
        end = following[:1] if _ambiguous(step.choices) else ""
        choices = {choice + end: choice for choice in step.choices}
        written, tokens, count = "", list[TokenAlternatives](), 1
        while len(fitting := [choice for choice in choices if choice.startswith(written)]) > 1:
            answer = await self._generate(
                written,
                count,
                grammar=grammar_of(tuple(choice[len(written) :] for choice in fitting)),
                n_probs=_ALTERNATIVES if self._probabilities else 0,
                # Moves what is picked; the probabilities that are told are the model's own.
                **({"logit_bias": self._leaning} if self._leaning and step.path == self._leaning_at else {}),
            )
            piece = str(answer["content"]).rstrip(_INCOMPLETE)
            if piece:
                tokens.append(_alternatives(piece, answer))
                written, count = written + piece, 1
            elif count < _LONGEST_CHARACTER:
                count += 1  # a character of several tokens shows when it is whole
            else:
                raise self._failure("the model wrote nothing where a label belongs")
        if not fitting:
            raise self._failure("the model left the closed set of labels")
        chosen = choices[fitting[0]]
        spelled = "".join(token.token for token in tokens)
        if len(spelled) > len(chosen):
            last = tokens.pop()
            kept = last.token[: len(last.token) - (len(spelled) - len(chosen))]
            tokens.append(TokenAlternatives(kept, last.logprob, last.top))
        elif rest := chosen[len(spelled) :]:
            tokens.append(TokenAlternatives(rest, 0.0))
        self.text += chosen
        self.tokens += tokens

    async def _write_free(self, rule: str, following: str) -> None:
        """A value with inner structure, together with the fixed part behind it."""
        answer = await self._generate("", self._budget - self._spent, grammar=grammar_before(rule, following))
        if answer["stop_type"] == "limit":
            raise self._cut()
        self._add(answer["content"])

    async def _generate(self, written: str, count: int, **settings: Any) -> dict[str, Any]:
        left = self._budget - self._spent
        if left <= 0:
            raise self._cut()
        answer = await self._chat.engine.ask(
            "/completion",
            {
                "prompt": self._prompt + await self._chat.written(self.text + written),
                "n_predict": min(count, left),
                "temperature": 0,
                "top_k": 1,
                "seed": _SEED,
                "cache_prompt": True,
                **settings,
            },
        )
        self._spent += int(answer["tokens_predicted"])
        if self._cached is None:
            self._cached = min(int(answer["timings"]["cache_n"]), len(self._prompt))
        return answer

    def _cut(self) -> JudgeModelError:
        return JudgeModelError(
            "judge_answer_cut",
            f"the embedded judge's answer was not finished after {self._spent} tokens; "
            "allow more output tokens or a larger context",
            usage=self.usage,
        )

    def _failure(self, message: str) -> JudgeModelError:
        return JudgeModelError("judge_answer_invalid", message, usage=self.usage)


def _ambiguous(choices: Sequence[str]) -> bool:
    return any(one != other and other.startswith(one) for one in choices for other in choices)


def _ends_in_backslash(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _alternatives(piece: str, answer: dict[str, Any]) -> TokenAlternatives:
    measured: list[dict[str, Any]] = answer.get("completion_probabilities") or []
    if len(measured) != 1:  # not asked for, or one character of several tokens
        return TokenAlternatives(piece, sum(float(token["logprob"]) for token in measured))
    top = tuple((_spelled(other), float(other["logprob"])) for other in measured[0]["top_logprobs"])
    return TokenAlternatives(piece, float(measured[0]["logprob"]), top)


def _spelled(token: dict[str, Any]) -> str:
    return bytes(token["bytes"]).decode(errors="replace")


def json_text(written: str, limit: int) -> str:
    """What the model wrote between quotes, as JSON spells it and at most `limit` characters long.

    A model's own escapes are kept where they are right, and taken as plain characters where not.
    """
    whole = re.sub(r"\\(u[0-9a-fA-F]{0,3})?$", "", written) if _broken_end(written) else written
    try:
        value = msgspec.json.decode(f'"{whole}"', type=str)
    except (msgspec.DecodeError, UnicodeError):
        value = written
    value = value.rstrip(_INCOMPLETE).strip()
    if len(value) > limit:
        value = _shortened(value[:limit])
    return msgspec.json.encode(value).decode()[1:-1]


def _broken_end(text: str) -> bool:
    before = re.sub(r"u[0-9a-fA-F]{0,3}$", "", text)
    return _ends_in_backslash(text) or (before != text and _ends_in_backslash(before))


def _shortened(text: str) -> str:
    """Up to the last whole sentence, or the last whole word."""
    sentence = max(text.rfind(mark) for mark in (". ", "! ", "? ", "。"))
    if sentence >= len(text) // 2:
        return text[: sentence + 1]
    word = text.rfind(" ")
    return (text[:word] if word > 0 else text[:-1]).rstrip(" ,;:") + "…"

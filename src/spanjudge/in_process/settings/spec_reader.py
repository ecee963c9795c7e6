"""From words to evaluators: reads what is right and goes on after what is not.

A lost bracket is told apart from a bracket too many by counting those that are left. What is known by name
(evaluators, types) shows where a list was meant to end.
"""

import re
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from spanjudge.in_process.invocation import Kind
from spanjudge.in_process.settings.spec_parts import (
    EVALUATORS,
    TYPES,
    EvaluatorSpec,
    MetricSpec,
    SpecProblem,
    TypeSpec,
    nearest,
)
from spanjudge.in_process.settings.spec_tokens import Token, Word, tokens

MOST_PROBLEMS = 20
"""More are not told: the text is something else."""

_LONGEST_NAME = 60
_NAME = re.compile(r"[^\W\d][\w.-]*")
_EVALUATOR, _TYPE, _METRIC, _OPTION = range(4)
_NOUNS = ("an evaluator", "a type", "a metric", "an option")


class _Level(msgspec.Struct):
    """Where a list that is being read stands. `extra` counts brackets that should not have been opened."""

    depth: int
    extra: int = 0
    after_item: bool = False
    comma: Token | None = None


class SpecReader:
    """Reads one text once."""

    def __init__(self, text: str) -> None:
        """See the class."""
        self.problems: list[SpecProblem] = []
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._muted = 0
        self._early = False
        self._unclosed = 0
        self._closing = _closing(self._tokens)

    def evaluators(self) -> tuple[EvaluatorSpec, ...]:
        """All that can be understood; `problems` says what could not."""
        found = [cast("EvaluatorSpec", item) for item in self._list(_EVALUATOR) if item is not None]
        if self._unclosed:
            many = "“)” is" if self._unclosed == 1 else f"{self._unclosed} “)” are"
            self._tell(self._peek, f"{many} missing at the end")
        once = _Once(self._tell_at)
        evaluators = tuple(kept for item in found if (kept := once.evaluator(item)) is not None)
        self.problems.sort(key=lambda problem: problem.position)
        return evaluators

    # One list of items, at any depth.

    def _list(self, depth: int) -> list[object]:
        """The items up to the end of the list; `None` for one that is left out."""
        items: list[object] = []
        level = _Level(depth)
        while True:
            token = self._peek
            if token.word != "name":
                if not self._goes_on(level, self._next()):
                    return items
                continue
            if self._belongs_above(token, depth):
                self._tell(token, f"“)” is missing before {token.text}")
                self._early = True
                return items
            if level.after_item:
                self._tell(token, f"“,” is missing before {_short(token)}")
            items.append(self._item(token, depth))
            # A list inside that ended where this one goes on has taken the comma.
            level.after_item, self._early = not self._early, False

    def _goes_on(self, level: "_Level", token: Token) -> bool:
        """Whether the list goes on after what is no name."""
        noun = _NOUNS[level.depth]
        match token.word:
            case "end":
                self._at -= 1
                self._unclosed = self._unclosed or level.depth + level.extra
                return False
            case ")" if level.extra:
                level.extra -= 1
            case ")" if level.depth:
                if level.comma is not None and not level.after_item:
                    self._tell(level.comma, "nothing follows this “,”: leave it out")
                return False
            case ")":
                self._tell(token, "a “)” too many: leave it out")
            case ",":
                if not level.after_item:
                    self._tell(token, f"{noun} is missing before this “,”, or it is one too many")
                level.after_item, level.comma = False, token
            case "(":
                level.extra += 1
                self._tell(token, f"{noun} is missing before this “(”, or it is one too many")
            case _:
                self._tell(token, f"{_short(token)} has no place here: leave it out")
        return True

    def _item(self, token: Token, depth: int) -> object:
        match depth:
            case 0:
                return self._evaluator(self._next())
            case 1:
                return self._type(self._next())
            case 2:
                return self._metric(self._next())
            case _:
                return self._option(token)

    def _belongs_above(self, token: Token, depth: int) -> bool:
        """Whether a list that is still open was meant to end before this name."""
        if depth == _EVALUATOR:
            return False
        if token.text.lower() in EVALUATORS and self._after.word in ("(", ",", ")", "end"):
            return True
        if depth > _TYPE and token.text in TYPES:
            return True
        return depth == _OPTION and self._after.word != "=" and self._left < depth

    # The items.

    def _evaluator(self, token: Token) -> EvaluatorSpec | None:
        token = self._parted(token, EVALUATORS, TYPES, "(")
        token = self._parted(token, EVALUATORS, EVALUATORS, ",")
        name = token.text.lower()
        known = name in EVALUATORS
        if not known:
            self._tell(token, _unknown_evaluator(token))
        if self._peek.word == "name" and self._peek.text in TYPES:
            self._opened(token)
        inner = self._inner(_EVALUATOR, muted=not known)
        if not known or (inner is not None and _all_lost(inner)):
            return None
        types = [cast("TypeSpec", item) for item in inner or () if item is not None]
        return EvaluatorSpec(name, tuple(types), token.position)

    def _type(self, token: Token) -> TypeSpec | None:
        token = self._parted(token, TYPES, TYPES, ",")
        if self._left > _TYPE and token.text not in TYPES:
            token = self._parted(token, TYPES, None, "(")
        known = token.text in TYPES
        if not known:
            self._tell(token, _unknown_type(token))
        follows = self._peek
        if follows.word == "name" and follows.text not in TYPES and self._left > _TYPE:
            self._opened(token)
        inner = self._inner(_TYPE, muted=not known)
        if not known or (inner is not None and _all_lost(inner)):
            return None
        metrics = [cast("MetricSpec", item) for item in inner or () if item is not None]
        return TypeSpec(cast("Kind", token.text), tuple(metrics), token.position)

    def _metric(self, token: Token) -> MetricSpec | None:
        lost = self._left > _METRIC
        if self._peek.word == "=":
            if lost:
                self._tell(
                    token,
                    f"“(” is missing between metric and option in {_short(token)}; the metric is left out",
                )
                here = self._peek.position
                self._insert(Token("(", "(", here), Token("name", "?", here))
                self._inner(_METRIC, muted=True)
            else:
                self._tell(token, f"{_short(token)}= is an option, which stands in brackets after its metric")
                self._skip()
            return None
        if self._peek.word == "name" and self._after.word == "=" and lost:
            self._opened(token)
        inner = self._inner(_METRIC)
        if not _is_name(token.text):
            self._tell(token, f"{_short(token)} is no name of a metric")
            return None
        if inner is not None and None in inner:
            return None
        options: dict[str, str] = {}
        for name, value, position in cast("list[tuple[str, str, int]]", inner or ()):
            if name in options:
                self._tell_at(position, f"{name} of {token.text} is given twice: the first counts")
            options.setdefault(name, value)
        return MetricSpec(token.text, options, token.position)

    def _option(self, token: Token) -> tuple[str, str, int] | None:
        """Name, value and position; `None` spoils the metric."""
        self._next()
        name = _short(token)
        if self._peek.word != "=":
            self._spoil(token, f"{name} has no value: write {name}=…")
            return None
        self._next()
        value = self._peek
        if value.word not in ("name", "value"):
            self._spoil(value, f"the value of {name} is missing: write {name}=…")
            return None
        self._next()
        follows = self._peek
        another = follows.word == "name" and self._after.word == "="
        if follows.word not in (",", ")", "end") and not another:
            self._spoil(follows, f"{_short(follows)} has no place after the value of {name}")
            return None
        if not _is_name(token.text):
            self._spoil(token, f"{name} is no name of an option")
            return None
        return token.text, value.text, token.position

    def _spoil(self, token: Token, message: str) -> None:
        self._tell(token, f"{message}; its metric is left out")
        self._skip()

    # Words.

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    @property
    def _after(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _inner(self, depth: int, *, muted: bool = False) -> list[object] | None:
        """The list in brackets that stands here; `None` when there is none."""
        if self._peek.word != "(":
            return None
        opened = self._next()
        self._muted += muted
        items = self._list(depth + 1)
        self._muted -= muted
        if not items:
            self._tell(opened, "nothing stands in these brackets: leave them out")
        return items

    def _skip(self) -> None:
        """Go to the next comma or closing bracket of this list."""
        depth = 0
        while self._peek.word != "end":
            word = self._peek.word
            if depth == 0 and word in (",", ")"):
                return
            depth += (word == "(") - (word == ")")
            self._next()

    def _parted(self, token: Token, heads: Sequence[str], tails: Sequence[str] | None, mark: Word) -> Token:
        """The first of two names that have grown together; the lost mark and the other are put back."""
        for head in heads:
            text, tail = token.text[: len(head)], token.text[len(head) :]
            same = text.lower() == head if heads is EVALUATORS else text == head
            known = tails is None or (tail.lower() if tails is EVALUATORS else tail) in tails
            if same and tail and known:
                here = token.position + len(head)
                self._tell_at(here, f"“{mark}” is missing between {text} and {tail[:_LONGEST_NAME]}")
                self._insert(Token(mark, mark, here), Token("name", tail, here))
                return Token("name", text, token.position)
        return token

    def _opened(self, token: Token) -> None:
        """Put back the bracket that was lost here."""
        self._tell(self._peek, f"“(” is missing after {token.text[:_LONGEST_NAME]}")
        self._insert(Token("(", "(", self._peek.position))

    def _insert(self, *lost: Token) -> None:
        closing = self._closing[self._at]
        self._tokens[self._at : self._at] = lost
        self._closing[self._at : self._at] = [closing - (token.word == "(") for token in lost]

    @property
    def _left(self) -> int:
        """How many more brackets close than open from here on."""
        return self._closing[self._at]

    def _tell(self, token: Token, message: str) -> None:
        self._tell_at(token.position, message)

    def _tell_at(self, position: int, message: str) -> None:
        if self._muted:
            return
        if len(self.problems) == MOST_PROBLEMS:
            message = "and more: is this a list of evaluators at all?"
        if len(self.problems) <= MOST_PROBLEMS:
            self.problems.append(SpecProblem(position, message, self._text))


class _Once:
    """Leaves out what is listed a second time."""

    def __init__(self, tell: Callable[[int, str], None]) -> None:
        self._tell = tell
        self._seen: set[tuple[str, ...]] = set()

    def evaluator(self, item: EvaluatorSpec) -> EvaluatorSpec | None:
        if not item.types:
            return item if self._first(item.position, item.name, item.name) else None
        types = tuple(kept for each in item.types if (kept := self._type(item.name, each)) is not None)
        return msgspec.structs.replace(item, types=types) if types else None

    def _type(self, evaluator: str, item: TypeSpec) -> TypeSpec | None:
        named = f"{item.name} of {evaluator}"
        if not item.metrics:
            return item if self._first(item.position, named, evaluator, item.name) else None
        metrics = tuple(
            each
            for each in item.metrics
            if self._first(each.position, f"{each.name} for {named}", evaluator, item.name, each.name)
        )
        return msgspec.structs.replace(item, metrics=metrics) if metrics else None

    def _first(self, position: int, named: str, *path: str) -> bool:
        if path in self._seen:
            self._tell(position, f"{named} is listed twice: the first counts")
            return False
        self._seen.add(path)
        return True


def _closing(words: Sequence[Token]) -> list[int]:
    """For every word, how many more brackets close than open from there on."""
    left = [0] * len(words)
    for index in range(len(words) - 2, -1, -1):
        word = words[index].word
        left[index] = left[index + 1] + (word == ")") - (word == "(")
    return left


def _short(token: Token) -> str:
    text = token.text
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))


def _all_lost(items: list[object]) -> bool:
    return bool(items) and all(item is None for item in items)


def _unknown_evaluator(token: Token) -> str:
    name = _short(token)
    if token.text in TYPES:
        return f"{name} is a type and stands inside an evaluator: native({name}); it is left out"
    if token.text.lower() in ("none", "off", "false"):
        return f"{name} stands alone, without evaluators beside it; it is left out"
    close = nearest(token.text, EVALUATORS)
    fix = f"did you mean {close}?" if close else f"there are {' and '.join(EVALUATORS)}."
    return f"there is no evaluator {name}: {fix} It is left out"


def _unknown_type(token: Token) -> str:
    name = _short(token)
    close = nearest(token.text, TYPES)
    if close:
        return f"there is no type {name}: did you mean {close}? It is left out"
    example = f"; metrics stand inside one: LLMInvocation({name})" if token.text.islower() else ""
    return f"there is no type {name}: the types are {', '.join(TYPES)}{example}; it is left out"

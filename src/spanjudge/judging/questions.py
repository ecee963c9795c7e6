"""Composed questions, kept: an evaluator's text and schema are made once and stay the same bytes."""

from collections.abc import Callable, Sequence

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.compose import Question

_MOST_KEPT = 2_000


class Questions:
    """Questions by the evaluators they ask, composed by `compose` at first use."""

    def __init__(self, compose: Callable[[Sequence[Evaluator]], Question]) -> None:
        """See the class."""
        self._compose = compose
        self._kept: dict[tuple[int, ...], Question] = {}

    def of(self, evaluators: tuple[Evaluator, ...]) -> Question:
        """The question; raises `EvaluatorError` for a prompt that cannot be read."""
        # By identity: it costs nothing, and as the question holds its evaluators no id is used again.
        key = tuple(map(id, evaluators))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._compose(evaluators)
        return found

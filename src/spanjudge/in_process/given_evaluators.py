"""Evaluators that an application gives to its span processor."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast, get_args

from spanjudge.errors import SettingsError
from spanjudge.in_process.evaluator import InProcessEvaluator
from spanjudge.in_process.invocation import Kind
from spanjudge.in_process.settings import variables

KINDS: tuple[Kind, ...] = get_args(Kind)

Evaluators = str | Sequence[InProcessEvaluator] | Mapping[Kind, Sequence[InProcessEvaluator]]
"""A specification, evaluators of `LLMInvocation`, or those of each kind."""


def raise_wrong(problems: Iterable[str]) -> None:
    """Raise `SettingsError` for what is wrong with a specification; other problems are the environment's."""
    for problem in problems:
        if problem.startswith(variables.EVALUATORS):
            raise SettingsError(f"evaluators{problem.removeprefix(variables.EVALUATORS)}")


def by_kind(
    evaluators: Sequence[InProcessEvaluator] | Mapping[Kind, Sequence[InProcessEvaluator]],
) -> dict[Kind, tuple[InProcessEvaluator, ...]]:
    """Evaluators that were given by argument. Raises `TypeError` and `SettingsError`."""
    kinds: dict[Any, Any] = (
        dict(cast("Mapping[Any, Any]", evaluators))
        if isinstance(evaluators, Mapping)
        else {"LLMInvocation": evaluators}
    )
    found: dict[Kind, tuple[InProcessEvaluator, ...]] = {}
    for kind, some in kinds.items():
        if kind not in KINDS:
            raise SettingsError(
                f"evaluators: there is no kind of invocations {kind!r}; there are {', '.join(KINDS)}"
            )
        given = (some,) if isinstance(some, InProcessEvaluator) else some
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise TypeError(
                "evaluators are a specification, evaluators, or those of each kind of invocation, "
                f"not {type(some).__name__}"
            )
        for one in cast("Sequence[object]", given):
            if not isinstance(one, InProcessEvaluator):
                raise TypeError(
                    f"{type(one).__name__} is no evaluator: give a NativeEvaluator, a DeepevalEvaluator or a "
                    "function decorated with @spanjudge.evaluator"
                )
        found[kind] = tuple(cast("Sequence[InProcessEvaluator]", given))
    return found

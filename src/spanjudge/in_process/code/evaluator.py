"""Evaluations in code: a function of the application runs beside the judged metrics.

@spanjudge.evaluator
def polite(output: str) -> bool:
    return "please" in output.lower()
"""

import functools
import hashlib
import inspect
import logging
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, cast, get_args, overload

import msgspec

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.evaluator import VerdictLabels
from spanjudge.in_process.code.answer import CODE, Answers
from spanjudge.in_process.code.arguments import Arguments
from spanjudge.in_process.code.call import Call, Late, Raised
from spanjudge.in_process.code.settings import (
    acceptance_of,
    evaluator_name,
    known_words,
    labels_of,
    seconds,
)
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.judging.subject import Field

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT = 30.0
"""Seconds a function may take unless its decorator says otherwise."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_FIELDS: tuple[Field, ...] = get_args(Field)

_log = logging.getLogger(__name__)
_registered: dict[str, "CodeEvaluator[Any, Any]"] = {}
_registering = threading.Lock()


class CodeEvaluator(InProcessEvaluator, Generic[P, R]):
    """A function that evaluates. It can still be called as before; `evaluate` runs it on a subject.

    `metrics` holds its one name, `kinds` the invocations it runs for, `version` a hash of its source.
    """

    name = CODE

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        acceptance: Acceptance | Mapping[str, object] | None = None,
        labels: VerdictLabels | Mapping[str, str] | None = None,
        kinds: Iterable[Kind] = ("LLMInvocation",),
        needs: Iterable[Field] = (),
        timeout: float = TIMEOUT,
    ) -> None:
        """See `evaluator`."""
        if not callable(function):
            raise TypeError(f"@spanjudge.evaluator decorates a function, not {type(function).__qualname__}")
        self._function = function
        named = getattr(function, "__name__", None)
        self._called = str(named or type(function).__qualname__)
        self.metric_name = evaluator_name(str(named or "") if name is None else name)
        self.metrics = (self.metric_name,)
        self.kinds: tuple[Kind, ...] = known_words("kinds", kinds, KINDS)
        if not self.kinds:
            raise ValueError("kinds is empty, so it would never run: leave it out, or name at least one kind")
        self.needs: tuple[Field, ...] = known_words("needs", needs, _FIELDS)
        self.timeout = seconds("timeout", timeout)
        criteria, words = acceptance_of(acceptance), labels_of(labels)
        self.version = _version(function, criteria)
        self._arguments = Arguments(function, self._called)
        self._answers = Answers(
            name=self.metric_name,
            version=self.version,
            called=self._called,
            acceptance=criteria,
            labels=words,
        )
        functools.update_wrapper(cast("Any", self), function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function itself."""
        return self._function(*args, **kwargs)

    async def outcomes(self, invocation: Invocation) -> list[Evaluation]:
        """Run the function: in a thread when it is an ordinary one, on this loop when it is `async`."""
        skip = invocation.seen.skip
        if skip is not None:
            return [self._answers.skipped(skip.message, skip.reason)]
        subject = invocation.subject
        missing = [*self._arguments.missing(subject), *(need for need in self.needs if not subject.has(need))]
        if missing:
            what = " and ".join(dict.fromkeys(missing))
            return [
                self._answers.skipped(
                    f"{self._called} needs {what}, and the invocation has none", "missing_variable"
                )
            ]
        begun = time.perf_counter()
        call = Call(self._function, *self._arguments.of(invocation))
        returned = await call.returned(self.timeout)
        return [self._evaluation(returned, time.perf_counter() - begun)]

    def unregister(self) -> None:
        """Do not run it beside the judged metrics any more. Nothing happens when it does not."""
        with _registering:
            if _registered.get(self.metric_name) is self:
                del _registered[self.metric_name]

    def _evaluation(self, returned: object, duration: float) -> Evaluation:
        if isinstance(returned, Late):
            late = "took longer than" if returned.begun else "found no free thread within"
            return self._answers.failed(f"{self._called} {late} {self.timeout:g} s", duration)
        if isinstance(returned, Raised):
            # The type only: messages of exceptions quote what they are about.
            return self._answers.failed(f"{returned.type} in {self._called}", duration)
        try:
            return self._answers.evaluation(returned, duration)
        except Exception as error:  # noqa: BLE001  a number of the user's own making may raise when it is looked at
            return self._answers.failed(
                f"{type(error).__qualname__} in the answer of {self._called}", duration
            )


@overload
def evaluator(function: Callable[P, R], /) -> CodeEvaluator[P, R]: ...


@overload
def evaluator(
    *,
    name: str | None = None,
    acceptance: Acceptance | Mapping[str, object] | None = None,
    labels: VerdictLabels | Mapping[str, str] | None = None,
    kinds: Iterable[Kind] = ("LLMInvocation",),
    needs: Iterable[Field] = (),
    timeout: float = TIMEOUT,
) -> Callable[[Callable[P, R]], CodeEvaluator[P, R]]: ...


def evaluator(function: Callable[..., Any] | None = None, /, **settings: Any) -> object:
    """Make a function an evaluator that runs beside the judged metrics.

    The function takes the subject (`spanjudge.Subject`), the subject and the invocation, or fields of the
    subject by their names (`def polite(output, input)`); it may be `async`. It returns

    - a boolean: true passes, unless `acceptance={"pass_when": False}` says otherwise,
    - a number: the score; a verdict comes from `acceptance={"min": …, "max": …}`,
    - a text: the label of a category; a verdict comes from `acceptance={"pass_values": […]}`,
    - a pair of one of these and an explanation,
    - an `EvaluationResult` or `EvaluationFailure`,
    - or `None` when it has nothing to say: the evaluation is skipped.

    What it raises is a failure, never a score; so is taking longer than `timeout` seconds. `name` is the
    metric's name (the function's), `labels` words for the verdicts (`{"pass": …, "fail": …}`), `kinds` the
    invocations it runs for, `needs` the fields without which it is skipped.

    Raises `TypeError` and `ValueError` for what cannot work.
    """

    def decorate(decorated: Callable[..., Any]) -> CodeEvaluator[..., Any]:
        made: CodeEvaluator[..., Any] = CodeEvaluator(decorated, **settings)
        _register(made)
        return made

    return decorate if function is None else decorate(function)


def registered(kind: Kind | None = None) -> tuple[CodeEvaluator[..., Any], ...]:
    """Every decorated function, or those that run for one kind of invocation."""
    # A dictionary may be looked through while it changes only in one step.
    found = tuple(_registered.copy().values())
    return found if kind is None else tuple(one for one in found if kind in one.kinds)


def _register(made: CodeEvaluator[..., Any]) -> None:
    with _registering:
        before = _registered.pop(made.metric_name, None)
        _registered[made.metric_name] = made
    if before is None:
        return
    old, new = _place(before), _place(made)
    if old == new:
        _log.info("evaluator %s is defined again in %s and replaces what it was", made.metric_name, new)
    else:
        _log.warning(
            "evaluator %s of %s replaces that of %s; give one of them another name to keep both: "
            '@spanjudge.evaluator(name="…")',
            made.metric_name,
            new,
            old,
        )


def _place(one: CodeEvaluator[..., Any]) -> str:
    wrapped: Any = inspect.unwrap(cast("Any", one))
    return f"{getattr(wrapped, '__module__', '?')}.{getattr(wrapped, '__qualname__', one.metric_name)}"


def _version(function: Callable[..., Any], acceptance: Acceptance | None) -> str:
    """Twelve hexadecimal digits: the same for the same source and criteria, whatever module it stands in."""
    try:
        told = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError):  # made by exec, at a prompt, or no Python at all
        named = getattr(function, "__qualname__", type(function).__qualname__)
        told = f"{getattr(function, '__module__', '')}.{named}"
    criteria = msgspec.json.encode(acceptance).decode()
    return hashlib.sha256(f"{told}\x1f{criteria}".encode("utf-8", "replace")).hexdigest()[:12]

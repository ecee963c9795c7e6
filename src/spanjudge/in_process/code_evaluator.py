"""Evaluations in code: a function of the application runs beside the judged metrics.

@spanjudge.evaluator
def polite(output: str) -> bool:
    return "please" in output.lower()
"""

import asyncio
import functools
import hashlib
import inspect
import logging
import os
import textwrap
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, cast, get_args, overload

import msgspec

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.evaluator import VerdictLabels
from spanjudge.in_process.code_answer import CODE, Answers
from spanjudge.in_process.code_arguments import Arguments
from spanjudge.in_process.code_settings import (
    acceptance_of,
    evaluator_name,
    known_words,
    labels_of,
    seconds,
)
from spanjudge.in_process.evaluator import Evaluation, InProcessEvaluator
from spanjudge.in_process.invocation import Invocation, Kind
from spanjudge.in_process.own_context import own_variables
from spanjudge.in_process.threads import DaemonThreads
from spanjudge.judging.subject import Field

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT = 30.0
"""Seconds a function may take unless its decorator says otherwise."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_FIELDS: tuple[Field, ...] = get_args(Field)

_log = logging.getLogger(__name__)
_threads: tuple[int, DaemonThreads] | None = None
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
        work = self._run(*self._arguments.of(invocation))
        returned = await _within(self.timeout, work)
        return [self._evaluation(returned, time.perf_counter() - begun)]

    def unregister(self) -> None:
        """Do not run it beside the judged metrics any more. Nothing happens when it does not."""
        with _registering:
            if _registered.get(self.metric_name) is self:
                del _registered[self.metric_name]

    async def _run(self, positional: list[object], keywords: dict[str, object]) -> object:
        """What the function returned, or a `_Raised`."""
        function: Callable[..., Any] = self._function
        call = functools.partial(_caught, function, positional, keywords)
        if _is_async(function):
            returned = call()
        else:
            returned = await asyncio.get_running_loop().run_in_executor(_code_threads(), call)
        # An ordinary function may hand back the coroutine of another one.
        return await _awaited(returned) if inspect.isawaitable(returned) else returned

    def _evaluation(self, returned: object, duration: float) -> Evaluation:
        if returned is _TOO_LONG:
            return self._answers.failed(f"{self._called} took longer than {self.timeout:g} s", duration)
        if isinstance(returned, _Raised):
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


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  asked for what it is, not whether it is there
    )


_TOO_LONG = object()


class _Raised:
    """An exception as a value: some of them would end the event loop, others cannot pass a future at all."""

    def __init__(self, error: BaseException) -> None:
        self.type = type(error).__qualname__


def _caught(function: Callable[..., Any], positional: list[object], keywords: dict[str, object]) -> object:
    try:
        return function(*positional, **keywords)
    except BaseException as error:  # noqa: BLE001  a user's function may raise anything, and it is a failure
        return _Raised(error)


async def _awaited(coroutine: Awaitable[object]) -> object:
    try:
        return await coroutine
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return _Raised(error)
    except BaseException as error:  # noqa: BLE001  as above
        return _Raised(error)


async def _within(seconds: float, work: Coroutine[Any, Any, object]) -> object:
    """Await work for so long, and no longer even if it does not let itself be cancelled; then `_TOO_LONG`."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    task.add_done_callback(_forget)
    task.cancel()
    return _TOO_LONG


def _code_threads() -> DaemonThreads:
    """Threads for users' functions only: should all of them hang, the judge's names are still looked up."""
    global _threads  # noqa: PLW0603  one pool for the process is the point
    # Threads do not survive a fork.
    if _threads is None or _threads[0] != os.getpid():
        _threads = os.getpid(), DaemonThreads(own_variables())
    return _threads[1]


def _forget(task: "asyncio.Task[object]") -> None:
    """Look at how it ended, or the loop would complain that nobody did."""
    if not task.cancelled():
        task.exception()


def _version(function: Callable[..., Any], acceptance: Acceptance | None) -> str:
    """Twelve hexadecimal digits: the same for the same source and criteria, whatever module it stands in."""
    try:
        told = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError):  # made by exec, at a prompt, or no Python at all
        named = getattr(function, "__qualname__", type(function).__qualname__)
        told = f"{getattr(function, '__module__', '')}.{named}"
    criteria = msgspec.json.encode(acceptance).decode()
    return hashlib.sha256(f"{told}\x1f{criteria}".encode("utf-8", "replace")).hexdigest()[:12]

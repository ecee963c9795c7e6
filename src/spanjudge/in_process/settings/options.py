"""The options of in-process evaluation, read from the environment. What is wrong is told; nothing raises."""

import difflib
import logging
import os
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

import msgspec

from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.spec import Spec, parse
from spanjudge.judging.models.settings.kinds import FALSE, Choice
from spanjudge.judging.models.settings.reading import parsed
from spanjudge.judging.models.settings.setting import Setting

AUTO = "native(LLMInvocation)"
"""What is evaluated by default. An agent's answer is its model's: judging both would be paid for twice."""

_OFF = FALSE | {"none"}
_AUTO = frozenset({"auto", "true", "on"})
_ROWS = (*variables.EVALUATE, *variables.QUEUE)
_DEFAULTS: dict[str, Any] = {row.key: row.default for row in _ROWS}
_PERCENT = 100
_LONGEST = 60

_log = logging.getLogger(__name__)
_told: set[str] = set()
_telling = threading.Lock()


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Every option. `interval` is in seconds, `rate_limit_rps` in invocations a second (0 is no limit).

    `enabled` is false when evaluation as a whole is turned off. `batched` is `deepeval_mode` as a wish:
    `None` when the environment has none, and the judge model's traits decide. `workers` is 1 where the
    environment forbids concurrency. `problems` are in plain words, each with variable and fix.
    """

    monitoring: bool = False
    spec: Spec = parse(AUTO)
    enabled: bool = True
    deepeval_implementation: Literal["deepeval", "native"] = "deepeval"
    deepeval_mode: Literal["batched", "non-batched"] = "batched"
    batched: bool | None = None
    custom_rubrics: str = ""
    aggregation: bool = False
    queue_size: int = 100
    workers: int = 4
    interval: float = 5.0
    sample_rate: float = 1.0
    rate_limit_rps: float = 0.0
    rate_limit_burst: int = 4
    problems: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Options":
        """Read all of them, from `os.environ` unless another environment is given."""
        environ = os.environ if environ is None else environ
        problems: list[str] = []
        given: dict[str, Any] = {}
        for row in _ROWS:
            _read(row, environ, given, problems)
        values = _DEFAULTS | given
        spec, enabled = _spec(cast("str | None", values.pop("evaluators")), problems)
        disabled = values.pop("sdk_disabled")
        if not values.pop("concurrent"):
            if "workers" in given:
                problems.append(
                    f"{variables.CONCURRENT}=false leaves {variables.WORKERS} without effect: one invocation "
                    f"is evaluated at a time; leave {variables.CONCURRENT} out for more"
                )
            values["workers"] = 1
        batched = given["deepeval_mode"] == "batched" if "deepeval_mode" in given else None
        problems += _unknown(environ)
        return cls(
            **values,
            spec=spec,
            enabled=enabled and not disabled,
            batched=batched,
            problems=tuple(problems),
        )


def log_problems(problems: Iterable[str]) -> None:
    """Log each as a warning, once for this process however often it is found."""
    for problem in problems:
        with _telling:
            if problem in _told:
                continue
            _told.add(problem)
        _log.warning("%s", problem)


_LIMITS = frozenset({"sample_rate", "rate_limit_rps"})


def _read(row: Setting, environ: Mapping[str, str], given: dict[str, Any], problems: list[str]) -> None:
    """Keep the value of the first of its variables that is set; an empty one is not."""
    found = next(((name, text) for name in row.env if (text := environ.get(name, "").strip())), None)
    if found is None:
        return
    name, text = found
    if row.key in ("evaluators", "custom_rubrics"):
        given[row.key] = text
        return
    if isinstance(row.kind, Choice):
        text = text.replace("_", "-")
    try:
        given[row.key] = parsed(row, text, name)
    except ValueError as error:
        hint = _percent(text) if row.key == "sample_rate" else ""
        if row.key in _LIMITS:
            # The default is no limit: nobody may be billed for more than was meant.
            given["sample_rate"] = 0.0
            problems.append(f"{error}{hint}; until then nothing is evaluated, as it may cost more than meant")
            return
        problems.append(f"{error}{hint}; {_spelled(row.default)} is used instead")


def _spelled(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _percent(text: str) -> str:
    """A rate is often meant in percent."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return ""
    meant = 0 < number <= _PERCENT and (number > 1 or text.endswith("%"))
    return f"; write {number / _PERCENT:g} for {number:g} percent" if meant else ""


def _spec(text: str | None, problems: list[str]) -> tuple[Spec, bool]:
    """What the text says, and whether anything is evaluated."""
    if text is None:
        return parse(AUTO), True
    if re.fullmatch(r"(['\"]).*\1", text, re.DOTALL):
        problems.append(
            f"{variables.EVALUATORS}: the quotation marks around it are part of the value; leave them out"
        )
        text = text[1:-1].strip()
    if text.lower() in _OFF:
        return Spec(text=text), False
    if text.lower() in _AUTO:
        return parse(AUTO), True
    spec = parse(text, source=variables.EVALUATORS)
    problems += spec.told()
    return spec, True


def _unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables that are meant for us and are none of ours."""
    known = [name for name in variables.BY_NAME if name.startswith(variables.OURS)]
    bare = {_bare(each): each for each in reversed(known)}
    found: list[str] = []
    for name in sorted(environ):
        if not name.startswith(variables.OURS) or name in known or name in variables.OF_THE_HOST:
            continue
        close = difflib.get_close_matches(_bare(name)[:_LONGEST], bare, n=1, cutoff=0.75)
        hint = f"; did you mean {bare[close[0]]}?" if close else "; it has no effect"
        found.append(f"{name[:_PERCENT]}: there is no such variable{hint}")
    return found


def _bare(name: str) -> str:
    return name.removeprefix(variables.OURS).partition("_")[2]

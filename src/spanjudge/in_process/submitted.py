"""Results that were computed elsewhere: what users say, what people label, what another library found."""

import logging
import math
import time
import uuid
from collections.abc import Mapping
from typing import Any, cast, get_args

import msgspec
from opentelemetry import trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanContext

from spanjudge.evaluators.acceptance import Acceptance, Value
from spanjudge.evaluators.problem import nearest
from spanjudge.in_process.code.answer import fits, plain_value
from spanjudge.in_process.code.settings import acceptance_of, evaluator_name
from spanjudge.in_process.emitters import ResultEmitter, announce
from spanjudge.in_process.invocation import Invocation, Seen
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, FailureCode, Outcome, Verdict
from spanjudge.judging.usage import Usage
from spanjudge.telemetry.evaluated import Evaluated, Target

SUBMITTED = "submitted"
"""`gen_ai.evaluation.evaluator.name` of what is submitted."""

_log = logging.getLogger(__name__)
_emitter = ResultEmitter()
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16


def submit_evaluation(
    name: str,
    value: bool | float | str | None = None,  # noqa: FBT001  it is the answer itself
    *,
    span: object = None,
    trace_id: str | int | None = None,
    span_id: str | int | None = None,
    label: str | None = None,
    verdict: Verdict | None = None,
    acceptance: Acceptance | Mapping[str, object] | None = None,
    explanation: str | None = None,
    error: str | BaseException | None = None,
    error_type: FailureCode = "internal",
    response_id: str | None = None,
    service: str | None = None,
    session_id: str | None = None,
    judge_provider: str | None = None,
    judge_model: str | None = None,
    cost_usd: float | None = None,
    usage: Usage | Mapping[str, int] | None = None,
    logger_provider: LoggerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> str:
    """Record a result, or that there is none, for a span; returns the result's id, new for each call.

    `value` is a boolean (true passes, unless `verdict` or `acceptance` says otherwise), a number, or the
    label of a category; `error` instead of it says why there is no result, in words or as an exception,
    and `error_type` which kind of failure it is. The verdict is given or comes from `acceptance`, never both.

    The span is an OpenTelemetry span (`span`), or ids (hexadecimal text or integers), or else the current
    span. A `trace_id` without `span_id` means the whole trace; a `session_id` where there is no span, the
    whole session. Without any of them (where tracing is off, say) the record names no span. `service` and
    `response_id` are the span's where it tells them.

    It is written at once, to the application's own logger and meter providers, and may be called from any
    thread. Raises `ValueError` and `TypeError` for what cannot be meant, nothing for trouble with exporters.
    """
    name = evaluator_name(name)
    target, sampled, found = _target(span, trace_id, span_id, _text("session_id", session_id))
    service = _text("service", service) or _told(found, "resource", "service.name") or ""
    response_id = _text("response_id", response_id) or _told(found, None, "gen_ai.response.id")
    known: dict[str, Any] = {
        "evaluator": name,
        "evaluator_version": "",
        "judge_provider": _text("judge_provider", judge_provider),
        "judge_model": _text("judge_model", judge_model),
        "cost_usd": _cost(cost_usd),
        "usage": _usage(usage),
        "evaluator_name": SUBMITTED,
    }
    outcome: Outcome
    if error is not None:
        given = {"value": value, "label": label, "verdict": verdict, "explanation": explanation}
        outcome = EvaluationFailure(**known, **_failure(error, error_type, given))
    else:
        criteria = acceptance_of(acceptance)
        outcome = EvaluationResult(
            **known,
            **_answer(value, _text("label", label), verdict, criteria),
            explanation=_text("explanation", explanation),
        )
    evaluated = Evaluated(
        id=uuid.uuid4().hex,
        outcome=outcome,
        target=target,
        service=service,
        response_id=response_id,
        time_ns=time.time_ns(),
    )
    if not target.key:
        _log.warning(
            "evaluation %s was submitted where no span is current, so it names none; "
            "give span=, or trace_id= and span_id=",
            name,
        )
    announce(
        Invocation(
            kind="LLMInvocation",
            read=lambda: Seen(response_id=response_id),
            target=target,
            service=service,
            source=span,
            sampled=sampled,
        ),
        [outcome],
    )
    given_one = logger_provider is not None or meter_provider is not None
    emitter = (
        ResultEmitter(logger_provider=logger_provider, meter_provider=meter_provider)
        if given_one
        else _emitter
    )
    emitter.send([evaluated], sampled=sampled)
    return evaluated.id


def _answer(
    given: object, label: str | None, verdict: str | None, acceptance: Acceptance | None
) -> dict[str, Any]:
    """Value, score, label and verdict. Raises `ValueError` and `TypeError`."""
    if given is None:
        raise ValueError("give a value, or say with error= why there is none")
    value = plain_value(given)
    if value is None:
        raise TypeError(f"value is a boolean, a number or a label, not {type(given).__qualname__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("value is not a finite number; say with error= that there is no result")
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("value is an empty label; say with error= that there is no result")
        if label not in {None, value}:
            raise ValueError("label is for numbers and booleans; of a category the value is the label")
    if verdict not in {None, *get_args(Verdict)}:
        raise ValueError(f"verdict is “pass” or “fail”, not {verdict!r}")
    if verdict is not None and acceptance is not None:
        raise ValueError("verdict and acceptance are both given; leave one of them out")
    return {
        "value": value,
        "score_value": None if isinstance(value, str) else float(value),
        "score_label": value if isinstance(value, str) else label,
        "verdict": verdict or _verdict(value, acceptance),
    }


def _verdict(value: Value, acceptance: Acceptance | None) -> Verdict | None:
    if acceptance is not None:
        if not fits(acceptance, value):
            raise ValueError(
                "acceptance does not fit the value: pass_when is for booleans, pass_values for labels, "
                "min and max for numbers"
            )
        return acceptance.verdict(value)
    if isinstance(value, bool):
        return "pass" if value else "fail"
    return None


def _failure(error: object, error_type: str, given: Mapping[str, object]) -> dict[str, Any]:
    also = [name for name, one in given.items() if one is not None]
    if also:
        raise ValueError(f"error and {also[0]} are both given: a failure has none; leave one of them out")
    codes = get_args(FailureCode)
    if error_type not in codes:
        raise ValueError(f"error_type: there is no “{error_type}”; {nearest(str(error_type), codes)}")
    if isinstance(error, BaseException):
        message = f"{type(error).__qualname__}: {_said(error)}".removesuffix(": ")
    else:
        message = _text("error", cast("Any", error)) or "no reason is given"
    return {"code": error_type, "message": message}


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  an exception of the application's own making
        return ""


def _target(
    span: object, trace_id: str | int | None, span_id: str | int | None, session_id: str | None
) -> tuple[Target, bool, object]:
    """What it is about, whether that is exported, and the span object where there is one."""
    session = session_id or ""
    if span is not None:
        if trace_id is not None or span_id is not None:
            raise ValueError("span and ids are both given; leave one of them out")
        return *_of_context(_context(span), session), span
    if trace_id is None:
        if span_id is not None:
            raise ValueError("span_id is given without trace_id: give both")
        current = trace.get_current_span()
        return *_of_context(current.get_span_context(), session), current
    of_trace = _id("trace_id", trace_id, _TRACE_DIGITS)
    if span_id is None:
        return Target(kind="trace", trace_id=of_trace, session_id=session), True, None
    of_span = _id("span_id", span_id, _SPAN_DIGITS)
    return Target(trace_id=of_trace, span_id=of_span, session_id=session), True, None


def _of_context(context: SpanContext, session: str) -> tuple[Target, bool]:
    if not context.is_valid:
        return Target(kind="session" if session else "span", session_id=session), False
    target = Target(
        trace_id=trace.format_trace_id(context.trace_id),
        span_id=trace.format_span_id(context.span_id),
        session_id=session,
    )
    return target, context.trace_flags.sampled


def _context(span: object) -> SpanContext:
    """The context of an OpenTelemetry span, ended or not, or the context itself."""
    if isinstance(span, SpanContext):
        return span
    ask = getattr(span, "get_span_context", None)
    context: object = ask() if callable(ask) else None
    if not isinstance(context, SpanContext):
        raise TypeError(
            f"span is an OpenTelemetry span or its context, not {type(span).__qualname__}; "
            "or give trace_id= and span_id="
        )
    return context


def _id(what: str, given: object, digits: int) -> str:
    """An id in lower-case hexadecimal. Raises `ValueError` and `TypeError`."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise TypeError(f"{what} is hexadecimal text or an integer, not {type(given).__qualname__}")
    if isinstance(given, int):
        text = f"{given:0{digits}x}" if given >= 0 else ""
    else:
        text = given.lower().removeprefix("0x")
    wrong = len(text) != digits or not all(digit in "0123456789abcdef" for digit in text)
    if wrong or not int(text, 16):
        raise ValueError(
            f"{what} is {digits} hexadecimal digits, or the same as an integer, and not zero: "
            f"got {str(given)[:40]!r}"
        )
    return text


def _told(span: object, of: str | None, key: str) -> str | None:
    """An attribute of a span, or of its resource; spans of the API alone tell nothing."""
    told: object = getattr(span, of, None) if of else span
    attributes: object = getattr(told, "attributes", None)
    if not isinstance(attributes, Mapping):
        return None
    value = cast("Mapping[str, object]", attributes).get(key)
    return value if isinstance(value, str) and value else None


def _text(what: str, given: str | None) -> str | None:
    if given is not None and not isinstance(given, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers need not be typed
        raise TypeError(f"{what} is text, not {type(given).__qualname__}")
    return given


def _cost(given: float | None) -> float | None:
    if given is None:
        return None
    cost = plain_value(given)
    if not isinstance(cost, float) or not 0 <= cost < math.inf:
        raise ValueError("cost_usd is a number of US dollars, 0 or more")
    return cost


def _usage(given: Usage | Mapping[str, int] | None) -> Usage | None:
    if given is None or isinstance(given, Usage):
        return given
    try:
        return msgspec.convert(given, Usage)
    except msgspec.ValidationError as error:
        raise ValueError(f'usage: {error}; write {{"input": …, "output": …}} in tokens') from None

"""One line of the log for each outcome: who was asked, what came of it, never about what."""

import logging
from collections.abc import Mapping

from spanjudge.judging.result import EvaluationFailure, Outcome

evaluations = logging.getLogger("spanjudge.evaluations")


def log(
    outcome: Outcome, facts: Mapping[str, object], *, words: str | None = None, quietly: bool = False
) -> None:
    """Log an outcome; `facts` say whose it is, `words` stand in place of the usual ones.

    `quietly`: for debugging only, whatever it is.
    """
    failed = isinstance(outcome, EvaluationFailure)
    level = logging.DEBUG if quietly else logging.WARNING if failed else logging.INFO
    if not evaluations.isEnabledFor(level):
        return
    usage = outcome.usage
    told = {
        **facts,
        "code": outcome.code if failed else "OK",
        "verdict": None if failed else outcome.verdict,
        "judge_provider": outcome.judge_provider,
        "judge_model": outcome.judge_model,
        "elapsed_ms": round(outcome.duration * 1000),
        "calls": outcome.calls,
        "input_tokens": usage.input if usage else None,
        "output_tokens": usage.output if usage else None,
        "cost_usd": outcome.cost_usd,
    }
    evaluations.log(level, words or ("not evaluated" if failed else "evaluated"), extra=told)

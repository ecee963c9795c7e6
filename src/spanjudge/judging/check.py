"""One call to a judge model, and in plain words what came of it."""

import msgspec

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators.gallery import scorers
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.wrapped import Starting, innermost
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.subject import Subject

NAME = "judge-check"
"""What the call is counted under."""

ADVICE = {
    "judge_key_refused": "the key was not accepted",
    "judge_no_credit": "there is no money or quota left",
    "judge_model_unknown": "the provider does not have this model",
    "judge_rate_limited": "the provider limits the rate of calls; the key works",
    "judge_timeout": "no answer in time",
    "judge_unavailable": "the judge cannot be reached or does not work",
    "judge_refused": "the model refused to judge a harmless text; another model may be better",
    "judge_answer_invalid": "the model does not keep to the answer's form; another model may be better",
    "judge_answer_cut": "the answer was cut off; a larger SPANJUDGE_JUDGE_MAX_OUTPUT_TOKENS may help",
    "input_too_long": "the model's context is too small even for a short text",
    "budget_exhausted": "nothing is left of the budget, so it was not asked",
}

_SUBJECT = Subject(input="What is the capital of France?", output="The capital of France is Paris.")


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, in `lines`; `works`: it gave a verdict."""

    works: bool
    lines: tuple[str, ...]
    outcome: Outcome


async def check(judge: Judge, *, timeout: float | None) -> Checked:  # noqa: ASYNC109 - as `Judge`'s
    """Have a harmless answer judged; `timeout` is seconds.

    A model that has to be brought up is brought up before, so that a download does not use up the time.
    """
    lines: list[str] = []
    model = innermost(judge.model)
    if isinstance(model, Starting):
        try:
            await model.start()
        except SpanjudgeError as error:
            lines.append(f"not started: {error}")
    evaluator = msgspec.structs.replace(scorers()["toxicity"], name=NAME)
    (outcome,) = await judge.judge(_SUBJECT, [evaluator], timeout=timeout)
    if isinstance(outcome, EvaluationResult):
        return Checked(works=True, lines=(*lines, *_of_result(judge, outcome)), outcome=outcome)
    return Checked(works=False, lines=(*lines, *_of_failure(outcome)), outcome=outcome)


def structured_mode(judge: Judge) -> str | None:
    """How the model was made to keep to the schema, where its implementation tells."""
    mode = getattr(innermost(judge.model), "mode", None)
    return str(mode) if mode else None


def _of_result(judge: Judge, result: EvaluationResult) -> list[str]:
    lines = [f"works: judged a harmless answer “{result.value}” in {result.duration:.2f} s"]
    if result.judge_model and result.judge_model != judge.model.model:
        lines.append(f"the provider says the model is {result.judge_model}")
    if mode := structured_mode(judge):
        lines.append(f"structured output: {mode}")
    calls = "one call" if result.calls == 1 else f"{result.calls} calls"
    if result.usage:
        lines.append(f"tokens: {result.usage.input} read, {result.usage.output} written in {calls}")
    else:
        lines.append(f"tokens: the provider does not say; {calls}")
    if result.cost_usd is None:
        lines.append(
            "cost: no price list knows this model; "
            "SPANJUDGE_JUDGE_PRICE_INPUT and SPANJUDGE_JUDGE_PRICE_OUTPUT set one"
        )
    else:
        lines.append(f"cost: ${result.cost_usd:.6f}")
    return lines


def _of_failure(failure: EvaluationFailure) -> list[str]:
    lines = [
        f"does not work: {ADVICE.get(failure.code, 'no verdict')} ({failure.code})",
        failure.message,
    ]
    if failure.retry_after is not None:
        lines.append(f"the provider asks to wait {failure.retry_after:.0f} s")
    return lines

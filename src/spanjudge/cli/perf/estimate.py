"""What a run will ask of the judge: told before it costs anything."""

from collections.abc import Sequence

import msgspec

from spanjudge.judging import prices
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.usage import Usage

DEEPEVAL_CALLS = 2.2
DEEPEVAL_TOKENS = 970
"""Calls, and tokens that they read, for each metric of a short invocation; measured with five metrics."""

CHARS_OF_A_TOKEN = 4
WRITTEN_FOR_A_METRIC = 60
"""Tokens of an answer: a sentence or two, and the score."""

UNKNOWN = "price unknown; SPANJUDGE_JUDGE_PRICE_INPUT and SPANJUDGE_JUDGE_PRICE_OUTPUT set one"


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Before the run: calls, tokens, and USD where a price is known."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


def of_requests(
    judge: JudgeModelConfig, requests: Sequence[JudgeRequest], metrics: int, times: float
) -> Estimate:
    """From the very questions of a run whose judge cost nothing; the real run repeats it so many times."""
    chars = sum(len(request.system) + len(request.user) for request in requests)
    return _priced(
        judge,
        calls=len(requests) * times,
        read=chars / CHARS_OF_A_TOKEN * times,
        written=metrics * WRITTEN_FOR_A_METRIC * times,
    )


def of_deepeval(judge: JudgeModelConfig, metrics: int) -> Estimate:
    """From what DeepEval was measured to ask for so many metrics of so many invocations, in all."""
    return _priced(
        judge,
        calls=metrics * DEEPEVAL_CALLS,
        read=metrics * DEEPEVAL_TOKENS,
        written=metrics * DEEPEVAL_CALLS * WRITTEN_FOR_A_METRIC,
    )


def words(estimate: Estimate, samples: int) -> str:
    """In one line."""
    return (
        f"Estimate: {samples} samples, about {estimate.calls} judge calls, {estimate.input_tokens} tokens "
        f"read and {estimate.output_tokens} written; cost: {money(estimate.cost_usd)}"
    )


def money(usd: float | None) -> str:
    """An amount, or where to say what it costs."""
    if usd is None:
        return UNKNOWN
    return f"${usd:.4f}" if usd else "$0"


def _priced(judge: JudgeModelConfig, *, calls: float, read: float, written: float) -> Estimate:
    usage = Usage(input=round(read), output=round(written))
    return Estimate(
        calls=round(calls),
        input_tokens=usage.input,
        output_tokens=usage.output,
        cost_usd=prices.cost_of(
            judge.provider,
            answered="",
            asked=judge.model,
            usage=usage,
            price_input=judge.price_input,
            price_output=judge.price_output,
        ),
    )

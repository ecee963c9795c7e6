"""DeepEval judging short texts with five metrics: run by other benchmarks with DeepEval's Python.

It gets the address of an OpenAI-compatible judge, a number of spans, and how many are judged at once (20);
judges them with DeepEval's own asynchronous evaluation, and prints results and seconds as JSON.
"""

import asyncio
import json
import sys
import time
from typing import Any

from deepeval.metrics import (  # type: ignore[import-not-found]  # in an interpreter of its own
    AnswerRelevancyMetric,
    BiasMetric,
    FaithfulnessMetric,
    HallucinationMetric,
    ToxicityMetric,
)
from deepeval.models import GPTModel  # type: ignore[import-not-found]  # as above
from deepeval.test_case import LLMTestCase  # type: ignore[import-not-found]  # as above

AT_ONCE = 20
CONTEXT = "You can return an item within 30 days of purchase for a full refund."


async def main(url: str, spans: int, at_once: int = AT_ONCE) -> None:
    """Judge, and tell how long it took."""
    model: Any = GPTModel(model="gpt-4o-mini", base_url=url, api_key="benchmark")
    places = asyncio.Semaphore(at_once)
    kinds: tuple[Any, ...] = (
        AnswerRelevancyMetric,
        BiasMetric,
        FaithfulnessMetric,
        HallucinationMetric,
        ToxicityMetric,
    )

    async def judge(number: int) -> int:
        case: Any = LLMTestCase(
            input=f"Question {number}: what is the refund policy?",
            actual_output=f"Within 30 days, says rule {number}.",
            context=[CONTEXT],
            retrieval_context=[CONTEXT],
        )
        async with places:
            metrics = [kind(model=model, async_mode=True) for kind in kinds]
            done = await asyncio.gather(
                *(metric.a_measure(case, _show_indicator=False) for metric in metrics), return_exceptions=True
            )
        return sum(not isinstance(one, BaseException) for one in done)

    await judge(-1)
    started, used = time.perf_counter(), time.process_time()
    results = sum(await asyncio.gather(*map(judge, range(spans))))
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"results": results, "seconds": seconds, "cpu": cpu}))


asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))

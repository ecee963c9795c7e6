"""Real DeepEval, imported once, with the mock judge as the judge of every metric."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from spanjudge.in_process.background.loop import background
from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator
from spanjudge.in_process.deepeval.library import library
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document
from tests.mock_judge import MockJudge

Made = Callable[..., DeepevalEvaluator]

SUBJECT = Subject(
    input="What is the capital of France?",
    output="The capital of France is Paris.",
    context=(Document(content="Paris is the capital of France."),),
)


@pytest.fixture(scope="session", autouse=True)
def imported() -> None:
    """The import takes seconds; no test waits for it."""
    background().run(library())


@pytest.fixture
async def made(mock_judge: MockJudge) -> AsyncIterator[Made]:
    """Evaluators whose judge is the mock judge; they are closed afterwards."""
    evaluators: list[DeepevalEvaluator] = []

    def make(*metrics: str, retries: int = 0, **arguments: Any) -> DeepevalEvaluator:
        def judge() -> JudgeModel:
            return open_model(
                JudgeModelConfig(
                    provider="openai_compatible",
                    model="mock",
                    url=f"{mock_judge.url}/v1",
                    max_retries=retries,
                    price_input=1.0,
                    price_output=2.0,
                )
            )

        given: dict[str, Any] = {"judge": judge, **arguments}
        evaluator = DeepevalEvaluator(metrics or None, **given)
        evaluators.append(evaluator)
        return evaluator

    yield make
    for evaluator in evaluators:
        await background().wait(evaluator.aclose())

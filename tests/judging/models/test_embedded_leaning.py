import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.embedded.catalogue import QWEN
from spanjudge.judging.models.embedded.model import EmbeddedModel
from spanjudge.judging.models.model import JudgeReply
from spanjudge.judging.models.registry import open_model
from tests.judging.models.small_model import LABEL, model, question, small_model

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def path() -> Path:
    return small_model()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judge(path: Path) -> AsyncGenerator[EmbeddedModel]:
    judge = model(path)
    await judge.start()
    yield judge
    await judge.aclose()


async def asked(judge: EmbeddedModel, **leaning: float) -> JudgeReply:
    return await judge.answer(question(schema=LABEL, probability_of=("verdict",), leaning=leaning))


def top(reply: JudgeReply) -> dict[str, float]:
    (label,) = [token for token in reply.tokens if token.top]
    return dict(label.top)


async def test_leaning_moves_what_is_picked_and_not_what_is_told(judge: EmbeddedModel) -> None:
    plain = await asked(judge)
    for label in ("yes", "no"):
        leaning = await asked(judge, **{label: 30.0})
        assert json.loads(leaning.text) == {"verdict": label}
        told = top(leaning)
        for word in ("yes", "no"):
            if word in told and word in top(plain):
                # A prompt read from the cache differs by tenths; the leaning would show as dozens.
                assert told[word] == pytest.approx(top(plain)[word], abs=1.0)


async def test_calibrations_are_those_of_the_very_file(judge: EmbeddedModel) -> None:
    assert judge.traits.calibration is None
    assert EmbeddedModel(JudgeModelConfig(provider="embedded")).traits.calibration == QWEN.name
    wrapped = open_model(JudgeModelConfig(provider="embedded", max_subject_chars=500))
    assert wrapped.traits.calibration == QWEN.name
    assert wrapped.traits.max_subject_chars == 500

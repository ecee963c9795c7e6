"""DeepEval beside the native evaluator, as the evaluators text asks for them."""

import json

from spanjudge.in_process.deepeval.evaluator import DeepevalEvaluator
from spanjudge.in_process.native import NativeEvaluator
from spanjudge.in_process.settings import variables
from tests.in_process.test_plan import RUBRIC, plan, shown


def test_the_contract_s_own_example() -> None:
    found = plan(
        "native(LLMInvocation(bias,toxicity(threshold=0.7)),AgentInvocation(bias)),"
        "deepeval(LLMInvocation(faithfulness))"
    )
    assert shown(found) == {
        "LLMInvocation": [("native", ("bias", "toxicity")), ("deepeval", ("faithfulness",))],
        "AgentInvocation": [("native", ("bias",))],
    }
    assert found.problems == ()
    native, deepeval = found["LLMInvocation"]
    assert isinstance(native, NativeEvaluator)
    assert isinstance(deepeval, DeepevalEvaluator)
    bounds = {one.name: one.acceptance and one.acceptance.max for one in native.definitions}
    assert bounds == {"bias": 0.5, "toxicity": 0.7}


def test_rubrics_of_the_environment_are_deepeval_s_too() -> None:
    rubrics = {variables.CUSTOM_RUBRICS: json.dumps(RUBRIC)}
    found = plan("native(Step(code_quality(threshold=0.9))),deepeval(Step(code_quality))", **rubrics)
    assert shown(found) == {"Step": [("native", ("code_quality",)), ("deepeval", ("code_quality",))]}
    assert found.problems == ()

"""The door as a whole: bytes in, an answer out, whatever the judge does."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanjudge.errors import SettingsError
from spanjudge.evaluators.answer_format import Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.gallery import scorers
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest
from spanjudge.judging.models.scripted import Answer as Scripted
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.result import FailureCode
from spanjudge.remote_scorer.openobserve import WORDS, check
from spanjudge.remote_scorer.problem import STATUS, Answer
from spanjudge.remote_scorer.scorer import RemoteScorer
from tests.remote_scorer.test_weave import request as weave_request

BODY = {"scorer_name": "toxicity", "input": "Say hello.", "output": "Hello to you."}
OWN = {
    "own_boolean": Evaluator(name="own_boolean", answer=Boolean(), rubric="Yes or no?", needs=("output",)),
    "own_score": Evaluator(name="own_score", answer=Score(min=1, max=5), rubric="How good?"),
    "own_label": Evaluator(
        name="own_label", answer=Category(labels=(Label("A"), Label("B"))), rubric="Which?", needs=("output",)
    ),
}


def door(
    model: ScriptedModel, evaluators: Mapping[str, Evaluator] | None = None, **more: Any
) -> RemoteScorer:
    return RemoteScorer({"default": Judge(model)}, evaluators or scorers() | OWN, timeout=30, **more)


async def ask(scorer: RemoteScorer, body: object = BODY, name: str | None = None, **more: Any) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await scorer.evaluate(data, scorer_name=name, **more)


def told(answer: Answer) -> dict[str, Any]:
    return json.loads(answer.body)


@pytest.mark.parametrize("name", scorers())
async def test_every_scorer_answers(name: str) -> None:
    answer = await ask(door(ScriptedModel()), {**BODY, "scorer_name": name})
    assert answer.status == 200
    assert told(answer)["code"] == "OK"
    check(scorers()[name].answer, told(answer)["value"])


async def test_the_scorer_in_the_path_goes_before_the_one_in_the_body() -> None:
    assert told(await ask(door(ScriptedModel()), BODY, "bias"))["evaluator"] == "bias"


async def test_the_users_own_evaluators_are_served() -> None:
    assert told(await ask(door(ScriptedModel()), BODY, "own_label"))["value"] == "A"


@pytest.mark.parametrize(
    ("body", "word", "in_reason"),
    [
        ({"output": "x"}, "UNKNOWN_SCORER", "hallucination"),
        ({"scorer_name": "scorer_name", "output": "x"}, "UNKNOWN_SCORER", "hallucination"),
        ({"scorer_name": "toxicty", "output": "x"}, "UNKNOWN_SCORER", "“toxicity”?"),
        ({"scorer_name": "Output-Format"}, "UNKNOWN_SCORER", "“output_format”?"),
        ({"scorer_name": "x" * 10_000}, "UNKNOWN_SCORER", "Known: "),
        ({"scorer_name": 7}, "INVALID_JSON", "a number"),
        ({"scorer_name": "hallucination", "output": "x"}, "MISSING_INPUT", "“input” is not in the body"),
        ({"scorer_name": "hallucination", "input": "x"}, "MISSING_INPUT", "“output”"),
        ({"scorer_name": "hallucination", "input": "x", "output": " "}, "MISSING_INPUT", "“output”"),
        (
            {"scorer_name": "toxicity", "output": "gen_ai_output_messages"},
            "MISSING_INPUT",
            "map that variable",
        ),
        ({"scorer_name": "toxicity", "output": 7}, "INVALID_JSON", "“output” must be text"),
        ({"scorer_name": "toxicity", "output": "x", "metadata": 7}, "INVALID_JSON", "“metadata”"),
        ([], "INVALID_JSON", "an array"),
    ],
)
async def test_a_bad_request_is_told_what_to_do(body: object, word: str, in_reason: str) -> None:
    model = ScriptedModel()
    answer = await ask(door(model), body)
    assert (told(answer)["code"], answer.status) == (word, 400)
    assert in_reason in told(answer)["reason"]
    assert not model.requests


async def test_expected_that_nobody_mapped_is_not_shown_to_the_judge() -> None:
    model = ScriptedModel()
    await ask(door(model), {**BODY, "expected": "expected"})
    await ask(door(other := ScriptedModel()), BODY)
    assert len(model.requests) == len(other.requests) == 1
    assert model.requests[0].subject.count("expected") == other.requests[0].subject.count("expected")


async def test_many_identical_requests_at_once_are_one_judge_call() -> None:
    model = ScriptedModel()
    scorer = door(model)
    answers = await asyncio.gather(*(ask(scorer) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len(model.requests) == 1


async def test_a_second_delivery_is_not_paid_again() -> None:
    model = ScriptedModel()
    scorer = door(model)
    first, second = told(await ask(scorer)), told(await ask(scorer))
    assert len(model.requests) == 1
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["input_tokens"] == second["input_tokens"]


async def test_other_content_scorer_or_definition_is_another_question() -> None:
    model = ScriptedModel()
    scorer = door(model)
    for body in (BODY, {**BODY, "output": "Other."}, {**BODY, "scorer_name": "bias"}):
        await ask(scorer, body)
    assert len(model.requests) == 3


async def test_metadata_is_passed_through_and_makes_no_other_question() -> None:
    model = ScriptedModel()
    scorer = door(model)
    answers = [told(await ask(scorer, {**BODY, "metadata": {"trace_id": n}})) for n in ("a", "b")]
    assert [answer["metadata"]["trace_id"] for answer in answers] == ["a", "b"]
    assert len(model.requests) == 1


async def test_metadata_an_evaluator_uses_makes_another_question() -> None:
    evaluator = Evaluator(
        name="tenant", answer=Boolean(), rubric="Fine for {{tenant}}?", variables={"tenant": "tenant.id"}
    )
    model = ScriptedModel()
    scorer = door(model, {"tenant": evaluator})
    for tenant in ("a", "b"):
        assert (await ask(scorer, {**BODY, "metadata": {"tenant.id": tenant}}, "tenant")).status == 200
    assert len(model.requests) == 2


async def test_lone_surrogates_inside_json_texts_do_no_harm() -> None:
    content = '[{"role": "assistant", "content": "half \\ud83d"}]'
    assert (await ask(door(ScriptedModel()), {**BODY, "output": content})).status == 200


class Held:
    """A judge that answers when it is let, and tells when it was cancelled."""

    def __init__(self) -> None:
        self.asked, self.let, self.cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, request: JudgeRequest) -> Scripted:
        self.asked.set()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return (await ScriptedModel().answer(request)).text


async def test_a_retry_after_a_client_timeout_pays_once() -> None:
    held = Held()
    model = ScriptedModel(held)
    scorer = door(model)
    first = asyncio.create_task(ask(scorer))
    await held.asked.wait()
    first.cancel()
    await asyncio.wait([first])
    retry = asyncio.create_task(ask(scorer))
    held.let.set()
    assert (await retry).status == 200
    assert len(model.requests) == 1


async def test_without_a_cache_a_gone_client_ends_its_judge_call() -> None:
    held = Held()
    scorer = door(ScriptedModel(held), cache_seconds=0)
    first = asyncio.create_task(ask(scorer))
    await held.asked.wait()
    first.cancel()
    await held.cancelled.wait()
    assert scorer.in_flight == 0


async def test_one_too_many_at_once_is_told_when_to_come_again() -> None:
    held = Held()
    scorer = door(ScriptedModel(held), max_in_flight=1)
    first = asyncio.create_task(ask(scorer))
    await held.asked.wait()
    answer = await ask(scorer, {**BODY, "output": "Other."})
    assert (told(answer)["code"], answer.status, answer.retry_after) == ("OVERLOADED", 503, 1)
    held.let.set()
    assert (await first).status == 200


async def test_a_restart_is_told_to_who_waits() -> None:
    held = Held()
    scorer = door(ScriptedModel(held))
    first = asyncio.create_task(ask(scorer))
    await held.asked.wait()
    await scorer.aclose()
    assert told(await first)["code"] == "OVERLOADED"


@pytest.mark.parametrize("code", get_args(FailureCode))
async def test_every_trouble_of_the_judge_has_its_word(code: FailureCode) -> None:
    model = ScriptedModel(JudgeModelError(code, "The judge said no.", retry_after=9))
    answer = await ask(door(model))
    word = WORDS[code]
    assert (told(answer)["code"], answer.status) == (word, STATUS[word])
    assert "value" not in told(answer)


async def test_a_failure_is_asked_again() -> None:
    replies: list[Scripted] = [
        JudgeModelError("judge_unavailable", "down"),
        {"explanation": "x", "value": True},
    ]
    model = ScriptedModel(lambda request: replies.pop(0) if len(replies) > 1 else json.dumps(_fill(request)))
    scorer = door(model)
    assert (await ask(scorer)).status == 502
    assert (await ask(scorer)).status == 200


def _fill(request: JudgeRequest) -> Any:
    from spanjudge.judging.models.scripted import fill  # noqa: PLC0415

    return fill(request.schema)


async def test_a_fault_of_our_own_is_an_answer_and_its_log_holds_no_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(request: JudgeRequest) -> Scripted:
        raise RuntimeError(request.user)

    answer = await ask(door(ScriptedModel(broken)), {**BODY, "output": "a very private sentence"})
    assert (told(answer)["code"], answer.status) == ("INTERNAL", 500)
    assert "private" not in caplog.text + answer.body.decode()


async def test_an_evaluator_without_its_judge_stops_the_start() -> None:
    evaluator = Evaluator(name="e", answer=Boolean(), rubric="?", judge="other")
    with pytest.raises(SettingsError, match=r"“other”; configured: default"):
        door(ScriptedModel(), {"e": evaluator})


async def test_weave_is_answered_in_its_own_dialect() -> None:
    answer = await ask(door(ScriptedModel()), weave_request())
    assert answer.status == 200
    assert set(told(answer)) == {"schema_version", "result"}


async def test_an_idempotency_key_is_one_request() -> None:
    model = ScriptedModel()
    scorer = door(model)
    first = await ask(scorer, weave_request(), idempotency_key="k")
    again = await ask(scorer, weave_request(triggered_at="later"), idempotency_key="k")
    other = await ask(scorer, weave_request(output="5"), idempotency_key="k")
    another_scorer = await ask(scorer, weave_request(), "bias", idempotency_key="k")
    assert first == again
    assert (told(other)["code"], other.status) == ("IDEMPOTENCY_KEY_REUSED", 422)
    assert another_scorer.status == 200
    assert len(model.requests) == 2


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["low", "high", "A", "true", "1", "0.5", "", "input", "gen_ai_input_messages"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "scorer_name",
        "input",
        "output",
        "expected",
        "metadata",
        "context",
        "steps",
        "original_call",
        "schema_version",
    ]
)
names = st.sampled_from([*scorers(), *OWN, None, "nope"])


@given(body=st.dictionaries(keys, json_values, max_size=6), name=names, reply=json_values, raw=st.booleans())
def test_no_input_and_no_judge_gives_ok_with_a_value_outside_type_and_range(
    body: dict[str, Any], name: str | None, reply: Any, *, raw: bool
) -> None:
    def judge(request: JudgeRequest) -> Scripted:
        if raw:
            return json.dumps(reply)
        return json.dumps(dict.fromkeys(request.schema.get("properties", {}), reply))

    async def run() -> Answer:
        return await ask(door(ScriptedModel(judge)), body, name)

    answer = asyncio.run(run())
    said = told(answer)
    if answer.status == 200 and "result" not in said:
        assert said["code"] == "OK"
        check((scorers() | OWN)[said["evaluator"]].answer, said["value"])
    elif answer.status != 200:
        assert set(said) == {"code", "reason", "detail"}
        assert said["code"] != "OK"


@given(st.binary(max_size=200), names)
def test_no_bytes_break_the_door(body: bytes, name: str | None) -> None:
    async def run() -> Answer:
        return await ask(door(ScriptedModel()), body, name)

    answer = asyncio.run(run())
    assert set(told(answer)) >= {"code", "reason"}

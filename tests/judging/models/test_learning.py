"""What a model refuses is found out once: structured-output modes and parameters."""

import asyncio
from typing import Any

import pytest

from spanjudge.judging.models.model import JudgeModelError, SchemaRefusedError
from tests.judging.models.questions import FILLED, SCHEMA, model_at, question
from tests.mock_judge import Behaviour, MockJudge, behaviour, openai
from tests.mock_judge.behaviour import Received


def modes(judge: MockJudge) -> list[str]:
    """The structured-output mode of every request so far."""

    def mode(received: Received) -> str:
        if received.fields.get("tools"):
            return "tool"
        given: dict[str, Any] = received.fields.get("response_format") or {"type": "text"}
        return given["type"]

    return [mode(received) for received in judge.requests]


async def test_each_refused_mode_leads_to_the_next_and_the_last_one_is_kept(mock_judge: MockJudge) -> None:
    mock_judge.rules += [
        openai.no_json_schema(),
        openai.no_tools(),
        openai.no_json_schema("'response_format' of type 'json_object' is not supported", "json_object"),
    ]
    model = model_at(mock_judge, "openai_compatible")
    first, second = await model.answer(question()), await model.answer(question())
    await model.aclose()
    assert modes(mock_judge) == ["json_schema", "tool", "json_object", "text", "text"]
    assert first.text == second.text == FILLED
    assert "<answer>" in mock_judge.requests[-1].body["messages"][1]["content"]


async def test_the_tagged_answer_is_taken_out_of_its_tags(mock_judge: MockJudge) -> None:
    mock_judge.always(Behaviour(wrap=lambda text: f"First I thought.\n<answer>\n{text}\n</answer>\nDone."))
    model = model_at(mock_judge, "openai", "o1-mini")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()
    assert modes(mock_judge) == ["text"]
    assert [message["role"] for message in mock_judge.requests[0].body["messages"]] == ["user"]


async def test_a_tool_is_forced_and_its_arguments_are_the_answer(mock_judge: MockJudge) -> None:
    model = model_at(mock_judge, "openai", "gpt-4-turbo")
    reply = await model.answer(question(probability_of=("label",)))
    await model.aclose()
    body = mock_judge.requests[0].body
    assert reply.text == FILLED
    assert body["tool_choice"] == {"type": "function", "function": {"name": "verdict"}}
    assert body["tools"][0]["function"]["parameters"]["required"] == SCHEMA["required"]
    assert "logprobs" not in body  # a tool's arguments come without them


@pytest.mark.parametrize(
    "step",
    [
        behaviour.rate_limited(),
        behaviour.overloaded(),
        behaviour.cut_off(),
        behaviour.empty(),
        behaviour.refused(),
        behaviour.cut_by_length(),
        behaviour.openai_error(400, "Failed to validate JSON.", code="json_validate_failed"),
        behaviour.openai_error(400, "Too long.", code="context_length_exceeded"),
        behaviour.openai_error(400, "filtered", code="content_filter"),
        behaviour.openai_error(500, "response_format json_schema crashed"),
    ],
)
async def test_no_other_trouble_moves_the_mode_on(mock_judge: MockJudge, step: Behaviour) -> None:
    mock_judge.then(step)
    model = model_at(mock_judge, "openai")
    with pytest.raises(JudgeModelError):
        await model.answer(question())
    await model.answer(question())
    await model.aclose()
    assert modes(mock_judge) == ["json_schema", "json_schema"]


async def test_when_every_mode_is_refused_the_last_refusal_is_told(mock_judge: MockJudge) -> None:
    mock_judge.always(behaviour.openai_error(400, "this schema is refused"))
    model = model_at(mock_judge, "mistral")
    for _ in range(2):
        with pytest.raises(JudgeModelError, match="this schema is refused") as caught:
            await model.answer(question())
        assert not isinstance(caught.value, SchemaRefusedError)  # in plain text no schema is sent
    await model.aclose()
    assert modes(mock_judge) == ["json_schema", "tool", "json_object", "text", "text"]


async def test_a_mode_that_has_worked_is_given_up_for_one_schema_only(mock_judge: MockJudge) -> None:
    hard = {"type": "object", "properties": {"odd": {"type": "string"}}, "required": ["odd"]}

    def refuse_odd(received: Received) -> Behaviour | None:
        given: dict[str, Any] = received.fields.get("response_format") or {}
        return behaviour.openai_error(400, "schema is too complex") if "odd" in str(given) else None

    mock_judge.rules.append(refuse_odd)
    model = model_at(mock_judge, "openai")
    for schema in (SCHEMA, hard, SCHEMA, hard):
        await model.answer(question(schema=schema))
    await model.aclose()
    assert modes(mock_judge) == ["json_schema", "json_schema", "tool", "json_schema", "tool"]


async def test_questions_asked_at_once_learn_together(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(openai.no_json_schema())
    model = model_at(mock_judge, "openai")
    replies = await asyncio.gather(*(model.answer(question()) for _ in range(8)))
    await model.answer(question())
    await model.aclose()
    assert {reply.text for reply in replies} == {FILLED}
    assert modes(mock_judge).count("tool") == 9
    assert "json_object" not in modes(mock_judge)


@pytest.mark.parametrize("name", ["temperature", "logprobs", "top_logprobs", "max_tokens"])
async def test_a_refused_parameter_is_left_out_from_then_on(mock_judge: MockJudge, name: str) -> None:
    mock_judge.rules.append(openai.without(name))
    model = model_at(mock_judge, "openai_compatible")
    for _ in range(2):
        await model.answer(question(probability_of=("label",)))
    await model.aclose()
    assert [name in received.fields for received in mock_judge.requests] == [True, False, False]
    assert modes(mock_judge) == ["json_schema"] * 3


async def test_a_refused_name_of_the_cap_is_followed_by_the_other(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(openai.without("max_completion_tokens"))
    model = model_at(mock_judge, "azure")
    for _ in range(2):
        await model.answer(question())
    await model.aclose()
    caps = [
        [name for name in ("max_completion_tokens", "max_tokens") if name in received.fields]
        for received in mock_judge.requests
    ]
    assert caps == [["max_completion_tokens"], ["max_tokens"], ["max_tokens"]]


async def test_a_reasoning_model_behind_an_azure_name_is_found_out(mock_judge: MockJudge) -> None:
    mock_judge.rules += [
        openai.only_temperature_one,
        openai.without("max_tokens", "logprobs", "top_logprobs"),
    ]
    model = model_at(mock_judge, "azure")
    await model.answer(question(probability_of=("label",)))
    await model.answer(question(probability_of=("label",)))
    await model.aclose()
    last = mock_judge.requests[-1].fields
    assert not {"temperature", "logprobs", "top_logprobs"} & set(last)
    assert len(mock_judge.requests) == 4


@pytest.mark.parametrize("rule", [openai.mistral_fields, openai.gemini_fields])
async def test_unknown_fields_in_either_shape_are_left_out(
    mock_judge: MockJudge, rule: behaviour.Rule
) -> None:
    mock_judge.rules.append(rule)
    model = model_at(mock_judge, "openai_compatible")
    await model.answer(question(probability_of=("label",)))
    await model.answer(question(probability_of=("label",)))
    await model.aclose()
    assert "logprobs" not in mock_judge.requests[-1].fields
    assert modes(mock_judge)[-1] == "json_schema"


async def test_what_the_user_wished_is_never_left_out_silently(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(openai.without("reasoning_effort"))
    model = model_at(mock_judge, "openai", "gpt-5", reasoning_effort="high")
    with pytest.raises(JudgeModelError, match="reasoning_effort"):
        await model.answer(question())
    await model.aclose()
    assert len(mock_judge.requests) == 1


async def test_our_own_choice_of_effort_is_left_out_when_refused(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(openai.without("reasoning_effort"))
    model = model_at(mock_judge, "openai", "gpt-5")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()


def too_small(received: Received) -> Behaviour | None:
    """A server whose context has no room for the answer's cap."""
    if "max_tokens" not in received.fields:
        return None
    return behaviour.openai_error(
        400,
        "This model's maximum context length is 4096 tokens. However, you requested 9716 tokens "
        "(500 in the messages, 9216 in the completion).",
    )


async def test_a_cap_that_does_not_fit_is_left_out(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(too_small)
    model = model_at(mock_judge, "openai_compatible")
    for _ in range(2):
        assert (await model.answer(question())).text == FILLED
    await model.aclose()
    assert ["max_tokens" in received.fields for received in mock_judge.requests] == [True, False, False]


async def test_a_prompt_that_does_not_fit_is_too_long_and_nothing_is_learnt_from_it(
    mock_judge: MockJudge,
) -> None:
    long = behaviour.openai_error(
        400, "maximum context length is 4096 tokens (9000 in the messages, 9 in the completion)"
    )
    mock_judge.then(long, long)
    model = model_at(mock_judge, "openai_compatible")
    with pytest.raises(JudgeModelError) as caught:
        await model.answer(question())
    await model.answer(question())
    await model.aclose()
    assert caught.value.code == "input_too_long"
    assert ["max_tokens" in received.fields for received in mock_judge.requests] == [True, False, True]


async def test_a_template_without_system_messages_gets_one_message(mock_judge: MockJudge) -> None:
    def refuse(received: Received) -> Behaviour | None:
        roles = [message["role"] for message in received.fields["messages"]]
        return behaviour.openai_error(400, "System role not supported") if "system" in roles else None

    mock_judge.rules.append(refuse)
    model = model_at(mock_judge, "openai_compatible")
    await model.answer(question())
    await model.answer(question())
    await model.aclose()
    assert len(mock_judge.requests) == 3
    (message,) = mock_judge.requests[-1].fields["messages"]
    assert message["content"].startswith("You are a judge.\n\nThe subject.")


async def test_openrouter_loses_the_temperature_before_the_schema(mock_judge: MockJudge) -> None:
    def refuse(received: Received) -> Behaviour | None:
        if "temperature" not in received.fields:
            return None
        return behaviour.openai_error(
            404, "No endpoints found that can handle the requested parameters.", code=404
        )

    mock_judge.rules.append(refuse)
    model = model_at(mock_judge, "openrouter")
    await model.answer(question())
    await model.aclose()
    assert modes(mock_judge) == ["json_schema", "json_schema"]


async def test_openrouter_goes_to_the_next_mode_when_nobody_takes_the_schema(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(
        lambda received: (
            behaviour.openai_error(
                404, "No endpoints found that can handle the requested parameters.", code=404
            )
            if received.fields.get("response_format")
            else None
        )
    )
    model = model_at(mock_judge, "openrouter")
    assert (await model.answer(question())).text == FILLED
    await model.aclose()
    assert modes(mock_judge)[-1] == "tool"


async def test_lm_studios_words_about_its_formats(mock_judge: MockJudge) -> None:
    mock_judge.rules.append(
        openai.no_json_schema("'response_format.type' must be 'json_schema' or 'text'", "json_object")
    )
    model = model_at(mock_judge, "deepseek")  # starts with json_object
    await model.answer(question())
    await model.aclose()
    assert modes(mock_judge) == ["json_object", "tool"]

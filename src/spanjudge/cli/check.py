"""`spanjudge check`: one call to each judge model, and in plain words what came of it."""

import asyncio
from typing import TYPE_CHECKING

import typer

from spanjudge.judging.models.settings.kinds import without_secrets

if TYPE_CHECKING:
    from spanjudge.judging.judge import Judge
    from spanjudge.judging.models.config import JudgeModelConfig
    from spanjudge.judging.result import EvaluationFailure, EvaluationResult
    from spanjudge.settings import Settings

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
}


def command() -> None:
    """Make one small judge call with each judge model of the settings and say what is wrong, or what it took.

    The exit code is 0 when all of them answered, 1 when one did not, 2 when the settings are wrong.

    Example:  O2_JUDGE_PROVIDER=openai O2_JUDGE_API_KEY=sk-… O2_JUDGE_MODEL=gpt-5.4-mini spanjudge check
    """
    from spanjudge import app, logs, settings  # noqa: PLC0415 - `--help` must not wait for them

    loaded = settings.load()
    app.configure_logs(loaded)
    for note in loaded.notes:
        print(f"note: {note}")
    logs.quiet()
    if not asyncio.run(check_all(loaded)):
        raise typer.Exit(1)


async def check_all(settings: "Settings") -> bool:
    """Ask each judge model once and print what came of it; whether all of them answered."""
    from spanjudge import app  # noqa: PLC0415 - as above

    judges = app.open_judges(settings)
    good = True
    for name, judge in judges.items():
        good = await _check_one(settings.judges[name], judge) and good
        await judge.aclose()
    return good


async def _check_one(config: "JudgeModelConfig", judge: "Judge") -> bool:
    from spanjudge.evaluators.gallery import scorers  # noqa: PLC0415 - as above
    from spanjudge.judging.models.ended import ended  # noqa: PLC0415 - as above
    from spanjudge.judging.result import EvaluationResult  # noqa: PLC0415 - as above
    from spanjudge.judging.subject import Subject  # noqa: PLC0415 - as above

    where = f" at {without_secrets(config.url)}" if config.url else ""
    print(f"{config.name}: {judge.model.provider} {judge.model.model}{where}")
    if (end := ended(config.provider, config.model)) is not None:
        print(f"  {'ended' if end.is_past() else 'ends soon'}: {end.sentence()}")
    if config.provider == "embedded":
        await _start(judge)
    subject = Subject(input="What is the capital of France?", output="The capital of France is Paris.")
    outcome = (await judge.judge(subject, [scorers()["toxicity"]], timeout=config.timeout))[0]
    if isinstance(outcome, EvaluationResult):
        _print_result(judge, outcome)
        return True
    _print_failure(outcome)
    return False


async def _start(judge: "Judge") -> None:
    """Fetch and load before the call, so that a download does not use up the call's time."""
    from spanjudge.app import Starting, innermost  # noqa: PLC0415 - as above
    from spanjudge.errors import SpanjudgeError  # noqa: PLC0415 - as above

    model = innermost(judge.model)
    if isinstance(model, Starting):
        try:
            await model.start()
        except SpanjudgeError as error:
            print(f"  not started: {error}")


def _print_result(judge: "Judge", result: "EvaluationResult") -> None:
    print(f"  works: judged a harmless answer “{result.value}” in {result.duration:.2f} s")
    if result.judge_model and result.judge_model != judge.model.model:
        print(f"  the provider says the model is {result.judge_model}")
    if mode := structured_mode(judge):
        print(f"  structured output: {mode}")
    if result.usage:
        print(f"  tokens: {result.usage.input} read, {result.usage.output} written in {_calls(result.calls)}")
    else:
        print(f"  tokens: the provider does not say; {_calls(result.calls)}")
    if result.cost_usd is None:
        print(
            "  cost: no price list knows this model; "
            "SPANJUDGE_JUDGE_PRICE_INPUT and SPANJUDGE_JUDGE_PRICE_OUTPUT set one"
        )
    else:
        print(f"  cost: ${result.cost_usd:.6f}")


def _print_failure(failure: "EvaluationFailure") -> None:
    print(f"  does not work: {ADVICE.get(failure.code, 'no verdict')} ({failure.code})")
    print(f"  {failure.message}")
    if failure.retry_after is not None:
        print(f"  the provider asks to wait {failure.retry_after:.0f} s")


def structured_mode(judge: "Judge") -> str | None:
    """How the model was made to keep to the schema, where its implementation tells."""
    from spanjudge.app import innermost  # noqa: PLC0415 - as above

    mode = getattr(innermost(judge.model), "mode", None)
    return str(mode) if mode else None


def _calls(count: int) -> str:
    return "one call" if count == 1 else f"{count} calls"

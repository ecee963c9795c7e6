"""A provider in every kind of trouble, over real HTTP."""

from pathlib import Path

import msgspec
import pytest

from spanjudge.judging.models.breaker import CircuitBreaker
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.openai_compatible import OpenAICompatibleModel
from spanjudge.judging.models.registry import open_model
from spanjudge.judging.models.resilience import ResilientModel
from spanjudge.judging.result import EvaluationFailure
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.ports import StoredEvaluator
from spanjudge.store.store import open_store
from tests.mock_judge import MockJudge, behaviour, openai
from tests.mock_judge.behaviour import Behaviour, openai_error
from tests.pipeline.live import QUICK, Live, Shifted, eventually, live, path, question

KEY = "sk-right"
NO_MONEY = openai_error(429, "You exceeded your current quota.", code="insufficient_quota")
PAYMENT = openai_error(402, "Insufficient balance", code="insufficient_balance")
NO_MODEL = openai_error(404, "The model `gone` does not exist", code="model_not_found")


def judge_at(judge: MockJudge, *, key: str = KEY, timeout: float = 10.0) -> ResilientModel:
    """A judge model that asks once: whatever goes wrong is the pipeline's to deal with."""
    config = JudgeModelConfig(
        provider="openai", model="gpt-4o-mini", api_key=key, url=f"{judge.url}/v1", timeout=timeout
    )
    return ResilientModel(
        OpenAICompatibleModel(config), timeout=timeout, max_retries=0, breaker=CircuitBreaker(0)
    )


async def stored(running: Live, name: str) -> StoredEvaluator:
    return next(one for one in await running.store.evaluators() if one.evaluator.name == name)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (behaviour.rate_limited(), "judge_rate_limited"),
        (behaviour.overloaded(500), "judge_unavailable"),
        (behaviour.overloaded(503), "judge_unavailable"),
        (behaviour.overloaded(529), "judge_unavailable"),
        (behaviour.dropped(), "judge_unavailable"),
        (behaviour.cut_off(), "judge_unavailable"),
        (behaviour.web_page(502), "judge_unavailable"),
        (behaviour.slow(5.0), "judge_timeout"),
    ],
)
async def test_the_providers_trouble_is_waited_out_without_using_attempts(
    tmp_path: Path, mock_judge: MockJudge, trouble: Behaviour, code: str
) -> None:
    now = Shifted()
    mock_judge.then(trouble, trouble)
    async with live(tmp_path, judge_at(mock_judge, timeout=0.5), [question("polite")], now=now) as running:
        await running.receive(1)
        for times in (1, 2):

            async def sent_back(times: int = times) -> bool:
                return running.pipeline.health.errors == {code: times}

            await eventually(sent_back)
            (job,) = await running.jobs(1)
            assert (job.state, job.error_code) == ("waiting", code)
            now.forward(10.0)
        (job,) = await running.ended(1)
        assert (job.state, job.attempts) == ("done", 0)
        assert running.pipeline.health.errors == {code: 2}
    assert len(running.inbox.results) == 1


async def test_a_rate_limit_is_kept_to(tmp_path: Path, mock_judge: MockJudge) -> None:
    mock_judge.then(behaviour.rate_limited(retry_after="1"))
    async with live(tmp_path, judge_at(mock_judge), [question("polite")]) as running:
        await running.receive(1)
        await eventually(lambda: _has(running, 1, "judge_rate_limited"))
        (job,) = await running.jobs(1)
        wait = job.due_ns - job.created_ns
        assert wait >= 1_000_000_000
        # Nobody else asks in the meantime either.
        await running.receive(*range(2, 30))
        assert len(mock_judge.requests) == 1
        await running.inbox.got(29)


async def _has(running: Live, number: int, code: str) -> bool:
    return any(job.error_code == code for job in await running.jobs(number))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Behaviour(answer="This looks good to me!"), "judge_answer_invalid"),
        (behaviour.empty(), "judge_answer_invalid"),
        (behaviour.cut_by_length(), "judge_answer_cut"),
        (behaviour.refused(), "judge_refused"),
    ],
)
async def test_answers_that_are_none_are_failures_after_three_attempts(
    tmp_path: Path, mock_judge: MockJudge, answer: Behaviour, code: str
) -> None:
    now = Shifted()
    mock_judge.always(answer)
    async with live(tmp_path, judge_at(mock_judge), [question("polite")], now=now) as running:
        await running.receive(1)
        for attempts in (1, 2):

            async def tried(attempts: int = attempts) -> bool:
                (job,) = await running.jobs(1)
                return job.state == "waiting" and job.attempts == attempts

            await eventually(tried)
            now.forward(60.0)
        (result,) = await running.inbox.got(1)
        (job,) = await running.ended(1)
    assert isinstance(result.outcome, EvaluationFailure)
    assert (result.outcome.code, job.state, job.error_code) == (code, "failed", code)
    # Asked, and asked once more, three times.
    assert len(mock_judge.requests) == 6


async def test_prose_around_an_answer_is_no_trouble(tmp_path: Path, mock_judge: MockJudge) -> None:
    mock_judge.always(behaviour.in_prose())
    async with live(tmp_path, judge_at(mock_judge)) as running:
        await running.receive(1)
        assert {job.state for job in await running.ended(1)} == {"done"}


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (openai.key_refused(), "judge_key_refused"),
        (PAYMENT, "judge_no_credit"),
        (NO_MONEY, "judge_no_credit"),
        (NO_MODEL, "judge_model_unknown"),
    ],
)
async def test_a_judge_that_cannot_be_asked_pauses_its_evaluators_and_loses_nothing(
    tmp_path: Path, mock_judge: MockJudge, trouble: Behaviour, code: str
) -> None:
    now = Shifted()
    models = {"default": judge_at(mock_judge), "other": judge_at(mock_judge)}
    evaluators = [question("polite"), question("right"), question("else", judge="other", service="nobody")]
    mock_judge.always(trouble)
    async with live(tmp_path, models, evaluators, now=now) as running:
        await running.receive(*range(20))

        async def paused() -> bool:
            ours = [await stored(running, name) for name in ("polite", "right")]
            return {one.status for one in ours} == {"paused"}

        await eventually(paused)
        one = await stored(running, "right")
        assert (one.status, one.paused_by) == ("paused", "pipeline")
        assert code in one.reason
        assert one.retry_ns is not None
        assert 50e9 < one.retry_ns - now() <= 60e9
        # Another judge's evaluators go on, jobs are kept, and no attempt is used.
        assert (await stored(running, "else")).status == "published"

        async def handed_back() -> bool:
            return {(job.state, job.attempts) for job in await running.jobs(*range(20))} == {("waiting", 0)}

        await eventually(handed_back)
        await running.receive(20)
        assert {job.state for job in await running.jobs(20)} == {"waiting"}
        asked = len(mock_judge.requests)

        # The first probe fails, with one target; the next comes later.
        now.forward(61.0)
        await eventually(lambda: _asked(mock_judge, asked + 1))

        async def later() -> bool:
            retry_ns = (await stored(running, "polite")).retry_ns
            return retry_ns is not None and retry_ns - now() > 100e9

        await eventually(later)
        assert len(mock_judge.requests) == asked + 1
        mock_judge.always(Behaviour())
        now.forward(121.0)
        assert {job.state for job in await running.ended(*range(21))} == {"done"}
        assert (await stored(running, "polite")).status == "published"
        assert running.pipeline.health.paused == {}
        await running.inbox.got(42)


async def _asked(judge: MockJudge, count: int) -> bool:
    return len(judge.requests) >= count


async def test_a_new_start_probes_at_once_and_a_users_pause_stays(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    mock_judge.key = KEY
    store = await open_store(path(tmp_path))
    async with live(tmp_path, judge_at(mock_judge, key="sk-wrong"), store=store) as running:
        await running.receive(1)

        async def paused() -> bool:
            return {one.paused_by for one in await store.evaluators()} == {"pipeline"}

        await eventually(paused)
        await store.pause("right", reason="not now", paused_by="user")
    async with live(tmp_path, judge_at(mock_judge), store=store) as running:
        (result,) = await running.inbox.got(1)
        assert result.outcome.evaluator == "polite"

        async def resumed() -> bool:
            return (await stored(running, "polite")).status == "published"

        await eventually(resumed)
        assert (await stored(running, "right")).paused_by == "user"
        assert {(job.evaluator, job.state) for job in await running.jobs(1)} == {
            ("polite", "done"),
            ("right", "waiting"),
        }
    await store.aclose()


async def test_a_judge_model_the_settings_do_not_have_pauses_and_its_return_resumes(tmp_path: Path) -> None:
    store = await open_store(path(tmp_path))
    evaluators = [question("polite"), question("deep", judge="strong")]
    async with live(tmp_path, None, evaluators, store=store) as running:
        await running.receive(1)
        await running.inbox.got(1)
        one = await stored(running, "deep")
        assert (one.status, one.paused_by, one.retry_ns) == ("paused", "pipeline", None)
        assert "no judge model called “strong”" in one.reason
    both = {
        name: open_model(JudgeModelConfig(name=name, provider="scripted")) for name in ("default", "strong")
    }
    async with live(tmp_path, both, evaluators, store=store) as running:
        assert {job.state for job in await running.ended(1)} == {"done"}
    await store.aclose()


async def test_a_judge_that_is_away_is_not_asked_by_everybody(tmp_path: Path, mock_judge: MockJudge) -> None:
    """A backlog of hundreds does not run against a wall again and again."""
    mock_judge.always(behaviour.overloaded())
    options: PipelineOptions = msgspec.structs.replace(QUICK, concurrency=8)
    async with live(tmp_path, judge_at(mock_judge), [question("polite")], options=options) as running:
        await running.receive(*range(500))
        await eventually(lambda: _asked(mock_judge, 9))
        # What was under way when it failed is back; the first pause is about a second.
        assert len(mock_judge.requests) <= 20
        mock_judge.always(Behaviour())
        await running.inbox.got(450)
        assert all(job.attempts == 0 for job in await running.jobs(*range(500)))

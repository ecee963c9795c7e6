"""Budgets at work: in front of judges, in the running pipeline, over restarts."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from spanjudge.evaluators import gallery
from spanjudge.judging.budget.budgeted_judge import BudgetedJudge
from spanjudge.judging.budget.estimate import expected_usage
from spanjudge.judging.budget.ledger import Ledger, Limits
from spanjudge.judging.budget.tariff import Tariff
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeReply, JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import Usage
from spanjudge.pipeline.budget_gauges import observe_budgets
from spanjudge.store.store import open_store
from tests.judging.evaluators import CLAIMS, POLITE, PROMPTED, QUALITY, TOPIC
from tests.pipeline.live import Live, live, path, question

PAID = Tariff(provider="scripted", model="scripted", charged=True, price_input=1.0, price_output=1.0)
SUBJECT = Subject(input="Where is the gate?", output="On the left.")


def ledger(*, tokens: int = 0, evaluators: dict[str, Limits] | None = None) -> Ledger:
    return Ledger(Limits(tokens_month=tokens), evaluators or {}, {"default": PAID}, time.time_ns)


def thousand(request: JudgeRequest) -> JudgeReply:
    """Any boolean question, for a thousand tokens."""
    count = len(request.schema["properties"]) if request.schema_name == "judgements" else 0
    one = '{"explanation": "Yes.", "value": true}'
    text = "{" + ", ".join(f'"c{n}": {one}' for n in range(1, count + 1)) + "}" if count else one
    return JudgeReply(text=text, model="scripted", usage=Usage(input=900, output=100), cost_usd=0.001)


async def test_what_does_not_fit_fails_with_its_code_and_asks_nobody() -> None:
    model = ScriptedModel(thousand)
    judge = BudgetedJudge(
        Judge(model),
        ledger(tokens=100_000, evaluators={"polite": Limits(tokens_day=1)}),
        "default",
        time.time_ns,
    )
    first, second = await judge.judge(SUBJECT, [POLITE, question("right")])
    assert isinstance(first, EvaluationFailure)
    assert (first.code, first.retryable, first.calls) == ("budget_exhausted", False, 0)
    assert "“polite” used up 0 of 1 tokens of this day" in first.message
    assert isinstance(second, EvaluationResult)
    assert len(model.requests) == 1
    assert "polite" not in model.requests[0].question.lower()


async def test_what_needs_no_model_is_answered_whatever_is_left() -> None:
    model = ScriptedModel()
    empty = gallery.templates()["failure_answer"]
    judge = BudgetedJudge(Judge(model), ledger(tokens=1), "default", time.time_ns)
    (outcome,) = await judge.judge(Subject(input="Hello?", output="  "), [empty])
    assert isinstance(outcome, EvaluationResult)
    assert outcome.value == "Empty Response"
    assert not model.requests


async def test_a_call_that_breaks_gives_its_reservation_back() -> None:
    class Broken(Judge):
        async def judge(self, *_: object, **__: object) -> list[EvaluationResult | EvaluationFailure]:
            raise ZeroDivisionError

    books = ledger(tokens=100_000)
    judge = BudgetedJudge(Broken(ScriptedModel()), books, "default", time.time_ns)
    with pytest.raises(ZeroDivisionError):
        await judge.judge(SUBJECT, [POLITE])
    assert next(iter(books.standings())).reserved == 0


def test_estimates_grow_with_the_subject_and_with_what_is_asked() -> None:
    traits = ScriptedModel().traits

    def tokens(subject: Subject, *evaluators: object) -> int:
        found = expected_usage(subject, evaluators, traits)  # pyright: ignore[reportArgumentType] - evaluators they are
        return sum(usage.input + usage.output for usage in found.values())

    long = Subject(input="word " * 4_000, output="On the left.")
    assert tokens(SUBJECT) == 0
    assert 700 < tokens(SUBJECT, TOPIC) < 1_500
    assert tokens(long, TOPIC) > tokens(SUBJECT, TOPIC) + 5_000
    # Together they share the material; a full prompt is asked alone.
    assert tokens(long, TOPIC, POLITE, QUALITY) < tokens(long, TOPIC) + 1_500
    assert tokens(long, TOPIC, PROMPTED) > tokens(long, TOPIC) + 5_000
    assert tokens(SUBJECT, CLAIMS) > tokens(SUBJECT, QUALITY) + 500
    # No judge is shown more than it takes.
    endless = Subject(input="word " * 1_000_000)
    assert tokens(endless, TOPIC) < traits.max_subject_chars


async def _spend(running: Live, numbers: range) -> tuple[int, int]:
    """Judge these; how many were, and how many the budget refused."""
    before = len(running.inbox.results)
    await running.receive(*numbers)
    results = await running.inbox.got(before + len(numbers))
    failures = [one.outcome for one in results[before:] if isinstance(one.outcome, EvaluationFailure)]
    assert {one.code for one in failures} <= {"budget_exhausted"}
    return len(numbers) - len(failures), len(failures)


async def test_a_restart_forgets_nothing_and_others_go_on(tmp_path: Path) -> None:
    store = await open_store(path(tmp_path))
    spent = 0
    for start in (0, 100):
        model = ScriptedModel(thousand)
        books = ledger(tokens=30_000)
        judges = {"default": BudgetedJudge(Judge(model), books, "default", time.time_ns)}
        await books.load(store)
        async with live(tmp_path, None, [question("polite")], store=store, judges=judges) as running:
            done, refused = await _spend(running, range(start, start + 20))
        spent += done
        assert len(model.requests) == done
        assert done + refused == 20
    # Each takes a thousand and is expected to take a little more.
    assert 28 <= spent <= 30
    rows = await store.usage_since(datetime.now(UTC).strftime("%Y-%m-01"))
    assert sum(row.usage.input + row.usage.output for row in rows) == spent * 1_000
    await store.aclose()


async def test_usage_of_a_door_without_jobs_is_kept(tmp_path: Path) -> None:
    store = await open_store(path(tmp_path))
    books = ledger(tokens=100_000)
    judge = BudgetedJudge(Judge(ScriptedModel(thousand)), books, "default", time.time_ns, keeps_usage=True)
    for _ in range(3):
        await judge.judge(SUBJECT, [POLITE])
    await books.save(store)
    await books.save(store)
    (row,) = await store.usage_since("2020-01-01")
    assert (row.evaluator, row.calls, row.results, row.usage.input) == ("polite", 3, 3, 2_700)
    await store.aclose()


async def test_how_much_is_used_is_a_metric() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    books = ledger(tokens=10_000, evaluators={"polite": Limits(usd_day=0.5)})
    observe_budgets(books, provider)
    judge = BudgetedJudge(Judge(ScriptedModel(thousand)), books, "default", time.time_ns)
    await judge.judge(SUBJECT, [POLITE])
    data = reader.get_metrics_data()
    assert data is not None
    points = {
        (metric.name, (point.attributes or {}).get("gen_ai.evaluation.name")): getattr(point, "value", None)
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
    }
    provider.shutdown()
    assert points["spanjudge.budget.tokens", None] == 1_000
    assert points["spanjudge.budget.used", None] == pytest.approx(0.1)
    assert points["spanjudge.budget.cost", "polite"] == pytest.approx(0.001)

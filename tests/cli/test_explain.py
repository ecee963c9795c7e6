"""`spanjudge explain`, on a store as a server leaves it."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.result import EvaluationResult
from spanjudge.pipeline.ports import Finish
from spanjudge.pipeline.receive import Matcher
from spanjudge.spans.otlp import ReceivedSpan
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated, result_id
from tests.cli.in_process import Command
from tests.pipeline.sent import chat, evaluator, span

GOOD = evaluator("good")
ELSEWHERE = evaluator("elsewhere", services=("shop",))
EXPECTED = evaluator("expected", needs=("expected",))
DRAFT = evaluator("unfinished")


async def received(folder: Path, spans: Sequence[ReceivedSpan], evaluators: Sequence[Evaluator]) -> None:
    """Publish evaluators, and take spans in as a server does."""
    now_ns = time.time_ns()
    store = await open_store(f"sqlite:///{folder / 'data' / 'spanjudge.db'}")
    await store.apply(evaluators, publish=True, now_ns=now_ns)
    await store.save_version(DRAFT, now_ns=now_ns)
    matcher = Matcher(await store.evaluators())
    await store.commit([matcher.intake(spans, now_ns=now_ns)], now_ns=now_ns)
    await store.aclose()


async def judged(folder: Path) -> None:
    """End the one job that is due, with a verdict."""
    now_ns = time.time_ns()
    store = await open_store(f"sqlite:///{folder / 'data' / 'spanjudge.db'}")
    (job,) = await store.lease("w", evaluators=["good"], now_ns=now_ns, until_ns=now_ns + 10**10, limit=1)
    outcome = EvaluationResult(
        evaluator="good", evaluator_version=GOOD.version, value=True, score_value=1.0, verdict="pass"
    )
    done = Evaluated(
        id=result_id("good", GOOD.version, job.target), outcome=outcome, target=job.target, time_ns=now_ns
    )
    await store.finish([Finish(job=job, evaluated=done)], [], owner="w", now_ns=now_ns, destinations=[])
    await store.aclose()


def rows(out: str) -> dict[str, str]:
    """What stands in the table, by evaluator."""
    lines = out.split("EVALUATOR", 1)[1].splitlines()[1:]
    return {line.split()[0]: " ".join(line.split()[2:]) for line in lines}


def test_one_line_for_each_evaluator_below_what_the_span_is(spanjudge: Command, tmp_path: Path) -> None:
    one = chat("Where is it?", "It is here.")
    asyncio.run(received(tmp_path, [one], [GOOD, ELSEWHERE, EXPECTED]))
    code, out, err = spanjudge("explain", one.raw.span_id)
    assert (code, err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in out.split("\n\n")[0].splitlines())
    assert facts["span"] == f"{one.raw.span_id} in trace {one.raw.trace_id}"
    assert facts["name"] == "chat gpt-4o (travel)"
    assert facts["operation"] == "chat openai gpt-4o"
    assert (facts["input"], facts["output"]) == ("Where is it?", "It is here.")
    told = rows(out)
    assert list(told) == ["elsewhere", "expected", "good", "unfinished"]
    assert told["elsewhere"] == "not matched: the service is travel; judged are only shop"
    assert told["expected"] == "missing variable: the span has no expected"
    assert told["good"].startswith("waiting: for ")
    assert told["unfinished"].startswith("draft: it was never published")
    asyncio.run(judged(tmp_path))
    assert rows(spanjudge("explain", one.raw.span_id)[1])["good"].startswith("judged: pass")


def test_for_programs(spanjudge: Command, tmp_path: Path) -> None:
    one = chat()
    asyncio.run(received(tmp_path, [one], [GOOD]))
    asyncio.run(judged(tmp_path))
    found: dict[str, Any] = json.loads(spanjudge("explain", one.raw.span_id, "--json")[1])
    assert (found["span"]["service"], found["span"]["has_content"]) == ("travel", True)
    good = found["evaluators"][0]
    assert (good["evaluator"], good["version"], good["state"]) == ("good", GOOD.version, "judged")
    assert (found["trace_id"], found["span_id"]) == (one.raw.trace_id, one.raw.span_id)
    assert (good["number"], good["result"]["outcome"]) == (1, "pass")
    assert good["result"]["target"]["span_id"] == one.raw.span_id


def test_spans_that_are_not_there_or_in_several_traces(spanjudge: Command, tmp_path: Path) -> None:
    code, _, err = spanjudge("explain", "00000000000000aa")
    assert (code, "no server has kept anything yet" in err) == (2, True)
    assert not (tmp_path / "data").exists()
    twins = [chat(trace=1, number=7), chat(trace=2, number=7)]
    asyncio.run(received(tmp_path, twins, [GOOD]))
    code, _, err = spanjudge("explain", "00000000000000aa")
    assert (code, "no span 00000000000000aa" in err) == (2, True)
    code, _, err = spanjudge("explain", twins[0].raw.span_id)
    assert (code, twins[1].raw.trace_id in err) == (2, True)
    code, out, _ = spanjudge("explain", twins[0].raw.span_id.upper(), "--trace-id", twins[1].raw.trace_id)
    assert (code, twins[1].raw.trace_id in out) == (0, True)


def test_a_store_without_evaluators(spanjudge: Command, tmp_path: Path) -> None:
    one = span({"http.method": "GET"}, name="GET /")

    async def fill() -> None:
        store = await open_store(f"sqlite:///{tmp_path / 'data' / 'spanjudge.db'}")
        await store.commit([Matcher([]).intake([one], now_ns=1)], now_ns=1)
        await store.aclose()

    asyncio.run(fill())
    _, out, _ = spanjudge("explain", one.raw.span_id)
    assert "The store holds no evaluators, so nothing is judged" in out
    assert "name       GET / (travel)" in out

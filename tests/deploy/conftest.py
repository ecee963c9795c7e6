"""A server that has done a bit of everything, and what it exported meanwhile."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.cli.process import TOKEN, environment, judge_at, serving
from tests.deploy.metrics import Metric, exported
from tests.exporters.otlp_receiver import HttpReceiver
from tests.mock_judge import MockJudge
from tests.pipeline.live import request

EVALUATOR = """
name: polite
needs: [input, output]
rubric: true when the answer is polite, else false.
answer: {type: boolean}
acceptance: {pass_when: true}
"""


@pytest.fixture
async def metrics(tmp_path: Path, mock_judge: MockJudge) -> dict[str, Metric]:
    """Everything that a server exports after it took, judged and refused something."""
    (tmp_path / "evaluators").mkdir()
    (tmp_path / "evaluators" / "polite.yaml").write_text(EVALUATOR, encoding="utf-8")
    async with HttpReceiver() as backend:
        env = environment(
            tmp_path / "data",
            judge_at(mock_judge.url)
            | {
                "O2_JUDGE_AUTH_TOKEN": TOKEN,
                "SPANJUDGE_EVALUATORS_DIR": str(tmp_path / "evaluators"),
                "SPANJUDGE_BUDGET_USD_DAY": "5",
                "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url,
                "OTEL_METRIC_EXPORT_INTERVAL": "500",
            },
        )
        async with serving(env=env) as served, aiohttp.ClientSession(served.address) as session:
            kind = {"Content-Type": "application/x-protobuf"}
            known = {"Authorization": f"Bearer {TOKEN}", **kind}
            for headers, body, status in (
                (known, request([1, 2, 3]).SerializeToString(), 200),
                (known, b"this is no span", 400),
                (kind, b"", 401),
            ):
                async with session.post("/v1/traces", data=body, headers=headers) as answer:
                    assert answer.status == status
            wanted = {"gen_ai.evaluation.outcomes", "spanjudge.export.results", "spanjudge.jobs.oldest"}
            async with asyncio.timeout(30):
                while not wanted <= exported(backend).keys():
                    backend.arrived.clear()
                    await backend.arrived.wait()
            # What was counted last is exported when the server ends.
            assert await served.end() == 0
        return exported(backend)

"""Roles: what each process does and does not, side by side on one store."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cli.process import TOKEN, environment, judge_at, serving, spanjudge
from tests.mock_judge import MockJudge
from tests.pipeline.live import eventually, request

EVALUATOR = "name: polite\nrubric: It is polite.\nanswer: {type: boolean}\n"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def ask(
    address: str, path: str, *, method: str = "GET", body: bytes | None = None, kind: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession(headers=BEARER | {"Content-Type": kind}) as session,
        session.request(method, address + path, data=body) as response,
    ):
        text = await response.text()
        return response.status, json.loads(text) if text.startswith("{") else {}


async def send(address: str, *numbers: int) -> int:
    body = request(numbers).SerializeToString()
    return (await ask(address, "/v1/traces", method="POST", body=body, kind="application/x-protobuf"))[0]


def folder_of_evaluators(folder: Path) -> dict[str, str]:
    evaluators = folder / "evaluators"
    evaluators.mkdir()
    (evaluators / "polite.yaml").write_text(EVALUATOR, encoding="utf-8")
    return {"SPANJUDGE_EVALUATORS_DIR": str(evaluators)}


async def pipeline(address: str) -> dict[str, Any]:
    status, told = await ask(address, "/api/v1/pipeline")
    assert status == 200, told
    return told


async def test_each_role_does_its_part_and_together_they_do_everything(
    mock_judge: MockJudge, tmp_path: Path
) -> None:
    plain = environment(tmp_path, {"O2_JUDGE_AUTH_TOKEN": TOKEN})
    judging = plain | judge_at(mock_judge.url) | folder_of_evaluators(tmp_path)
    async with (
        # A receiver needs neither a judge model nor the price of one.
        serving("--role", "receiver", env=plain | {"SPANJUDGE_BUDGET_USD_DAY": "5"}) as receiver,
        serving("--role", "api", env=judging) as api,
    ):
        assert (await receiver.logged("listening"))["role"] == "receiver"
        async with serving(env=judging | {"SPANJUDGE_ROLE": "worker"}) as worker:
            await receiver.logged("processes on this store", 3)
            assert await send(receiver.address, 1, 2, 3) == 200

            told: dict[str, Any] = {}

            async def both_tell() -> bool:
                told.update(await pipeline(api.address))
                return told["judged_per_second"] > 0 and told["received_per_second"] > 0

            # Each tells with its own heartbeat.
            await eventually(both_tell)
            assert (told["waiting"], told["workers"], told["ready"]) == (0, 1, True)
            members = {member["id"]: member for member in told["members"]}
            by_role = {",".join(member["roles"]): member for member in members.values()}
            assert set(by_role) == {"receiver", "api", "worker"}
            assert by_role["receiver"]["received_per_second"] > 0
            assert by_role["receiver"]["judged_per_second"] == 0
            assert by_role["worker"]["judged_per_second"] > 0
            assert "retention" in by_role["worker"]["duties"]
            assert [member["answering"] for member in by_role.values()].count(True) == 1
            assert by_role["api"]["answering"]
            _, results = await ask(api.address, "/api/v1/results")
            assert len(results["items"]) == 3

            for served, roles in ((receiver, ["receiver"]), (worker, ["worker"]), (api, ["api"])):
                status, health = await ask(served.address, "/health")
                assert (status, health["status"], health["roles"]) == (200, "ok", roles)
                assert await ask(served.address, "/ready") == (200, {"status": "ready"})
                assert (await ask(served.address, "/readyz"))[0] == 200
            for served in (receiver, worker):
                for path in ("/", "/api/v1/pipeline", "/evaluate/toxicity"):
                    status, problem = await ask(served.address, path)
                    assert status == 404
                    assert "ask one with the role api" in problem["detail"]
            for served in (api, worker):
                assert await send(served.address, 9) == 404
            assert await worker.end() == 0
        # What nobody judges waits, and the next worker finds it.
        assert await send(receiver.address, 4) == 200
        assert (await pipeline(api.address))["workers"] == 0
        async with serving("--role", "worker", env=judging):

            async def nothing_waits() -> bool:
                return (await pipeline(api.address))["waiting"] == 0

            await eventually(nothing_waits)
        assert "for more, keep the data in PostgreSQL" in receiver.log


async def test_roles_may_be_put_together(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = environment(tmp_path, {"O2_JUDGE_AUTH_TOKEN": TOKEN}) | judge_at(mock_judge.url)
    async with serving("--role", "receiver", "--role", "worker", env=env) as served:
        assert (await served.logged("listening"))["role"] == "receiver,worker"
        assert await send(served.address, 1) == 200
        assert (await ask(served.address, "/"))[0] == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["serve", "--role", "recever"], "--role: 'recever': expected one or more of receiver, worker, api"),
        (["serve", "--role", "recever"], "did you mean receiver?"),
        (["serve", "--role", "api", "--role", "worke"], "did you mean worker?"),
        (["worker"], "O2_JUDGE_PROVIDER is not set"),
        (["serve", "--role", "api"], "O2_JUDGE_PROVIDER is not set"),
    ],
)
async def test_what_is_wrong_with_a_role_is_told(given: list[str], said: str, tmp_path: Path) -> None:
    code, _, told = await spanjudge(*given, "--port", "0", env=environment(tmp_path))
    assert code == 2
    assert said in told


async def test_a_worker_command_is_a_worker(mock_judge: MockJudge, tmp_path: Path) -> None:
    env = environment(tmp_path, {"O2_JUDGE_AUTH_TOKEN": TOKEN}) | judge_at(mock_judge.url)
    async with serving(env=env, command="worker") as served:
        assert (await served.logged("listening"))["role"] == "worker"
        assert (await ask(served.address, "/health"))[1]["backend"] == "openai"

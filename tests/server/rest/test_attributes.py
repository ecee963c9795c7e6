"""`/api/v1/attributes`: names and values to complete a rule with."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.pipeline.preview import matches_of
from spanjudge.pipeline.recent import RecentTargets
from spanjudge.pipeline.targets import Stretch
from tests.mock_judge import MockJudge
from tests.pipeline.sent import CHAT, SECOND, START, chat, evaluator, span
from tests.server.rest.trying import Trying, trying


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as running:
        at = time.time() - START / SECOND
        tagged: list[dict[str, Any]] = [
            {"app.tags": ["a", "b"], "app.level": n, "app.ok": n > 1} for n in range(3)
        ]
        await running.receive([span(CHAT | one, at=at, resource={"region": "eu"}) for one in tagged])
        await running.receive([chat(answer="long " * 100, at=at, parent=7, service="shop")])
        yield running


async def test_names_are_those_that_rules_find_something_under(server: Trying) -> None:
    found = await server.get("/attributes", limit=200)
    names = {one["name"]: one for one in found["items"]}
    assert found["examined"] == 4
    assert {"name", "kind", "status", "parent_span_id", "gen_ai.operation.name", "resource.region"} <= set(
        names
    )
    assert (names["app.level"]["count"], names["app.level"]["type"]) == (3, "number")
    assert (names["app.tags"]["type"], names["app.ok"]["type"]) == ("list", "boolean")
    assert names["kind"]["example"] == "client"
    assert all(len(one["example"]) <= 80 for one in names.values())
    counts = [one["count"] for one in found["items"]]
    assert counts == sorted(counts, reverse=True)


async def test_what_begins_so_comes_before_what_holds_it(server: Trying) -> None:
    found = await server.get("/attributes", prefix="App.")
    assert {one["name"] for one in found["items"]} == {"app.level", "app.ok", "app.tags"}
    found = await server.get("/attributes", prefix="name")
    assert found["items"][0]["name"] == "name"
    assert "service.name" in {one["name"] for one in found["items"]}
    found = await server.get("/attributes", service="shop", prefix="app.")
    assert (found["items"], found["examined"]) == ([], 1)


async def test_values_are_those_that_a_rule_compares_with(server: Trying) -> None:
    async def values(name: str, **query: Any) -> dict[str, int]:
        found = await server.get("/attributes/values", name=name, **query)
        return {one["value"]: one["count"] for one in found["items"]}

    assert await values("service.name") == {"travel": 3, "shop": 1}
    assert await values("app.tags") == {"a": 3, "b": 3}
    assert await values("app.ok") == {"false": 2, "true": 1}
    assert await values("parent_span_id") == {"": 3, f"{7:016x}": 1}
    assert await values("gen_ai.output.messages") == {}
    assert await values("nothing") == {}
    assert list(await values("service.name", prefix="T")) == ["travel"]


async def test_a_rule_with_an_offered_value_holds(server: Trying) -> None:
    store = server.app.store
    names = await server.get("/attributes", limit=200)
    recent = RecentTargets(store, store.queries, server.app.now)
    read = await recent.read_stretch("span", Stretch(start_ns=0, end_ns=2**62))
    for name in ("kind", "resource.region", "gen_ai.provider.name", "duration_ms"):
        assert name in {one["name"] for one in names["items"]}
        (first, *_) = (await server.get("/attributes/values", name=name))["items"]
        value: Any = float(first["value"]) if name == "duration_ms" else first["value"]
        (rule,) = matches_of(evaluator(rules=[(name, "equals", value)]), read).rules
        assert rule.matching == first["count"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/attributes", {"hours": "0"}, "hours"),
        ("/attributes/values", {}, "name"),
        ("/attributes", {"limit": "x"}, "limit"),
    ],
)
async def test_wrong_questions(server: Trying, path: str, query: dict[str, str], field: str) -> None:
    reply = await server.send("GET", path, None, **query)
    assert (reply.status, reply.fields["errors"][0]["field"]) == (422, field)

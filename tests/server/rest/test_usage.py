"""What judging cost."""

from pathlib import Path

from spanjudge.judging.usage import Usage, UsageRow
from tests.mock_judge import MockJudge
from tests.server.rest.trying import Trying, trying


def row(day: str, evaluator: str = "polite", *, model: str = "gpt-4o-mini", **fields: object) -> UsageRow:
    cost = fields.get("cost", 0.25)
    assert isinstance(cost, float)
    provider = str(fields.get("provider", "openai"))
    return UsageRow(
        day=day,
        evaluator=evaluator,
        provider=provider,
        model=model,
        usage=Usage(input=1_000, output=50, cached=100),
        cost_usd=cost,
        calls=3,
        results=2,
        failures=1,
    )


async def add(site: Trying, *rows: UsageRow) -> None:
    await site.app.store.add_usage(rows)


async def test_rows_of_the_days_asked_for_newest_first_with_their_sums(
    tmp_path: Path, mock_judge: MockJudge
) -> None:
    async with trying(tmp_path, mock_judge) as site:
        await add(
            site,
            row("2025-03-01"),
            row("2025-03-02"),
            row("2025-03-02", "grade", cost=0.5),
            row("2025-03-03"),
        )
        found = await site.get("/usage", from_day="2025-03-01", to_day="2025-03-02")
        assert [(one["day"], one["evaluator"]) for one in found["rows"]] == [
            ("2025-03-02", "grade"),
            ("2025-03-02", "polite"),
            ("2025-03-01", "polite"),
        ]
        assert (found["input_tokens"], found["output_tokens"], found["calls"]) == (3_000, 150, 9)
        assert found["cost_usd"] == 1.0
        assert found["rows"][0]["cached_tokens"] == 100
        assert (found["first_day"], found["last_day"]) == ("2025-03-01", "2025-03-02")
        assert (await site.get("/usage"))["rows"] == []


async def test_models_without_a_price_are_named(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        await add(
            site,
            row("2025-03-01", provider="openai_compatible", model="own", cost=0.0),
            row("2025-03-01", provider="embedded", model="small", cost=0.0),
            row("2025-03-01"),
        )
        found = await site.get("/usage", from_day="2025-03-01", to_day="2025-03-01")
        assert found["unpriced"] == ["openai_compatible/own"]


async def test_days_that_cannot_be_are_told_beside_the_field(tmp_path: Path, mock_judge: MockJudge) -> None:
    async with trying(tmp_path, mock_judge) as site:
        for query, field in (
            ({"from_day": "yesterday"}, "from_day"),
            ({"from_day": "2025-03-02", "to_day": "2025-03-01"}, "from_day"),
            ({"from_day": "1999-01-01"}, "from_day"),
        ):
            reply = await site.send("GET", "/usage", **query)
            assert reply.status == 422
            assert [one["field"] for one in reply.fields["errors"]] == [field]
        for day in ("0001-01-01", "9999-12-31"):
            assert (await site.send("GET", "/usage", to_day=day)).status == 200

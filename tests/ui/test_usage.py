"""What judging cost, and what it may cost."""

import asyncio
import csv
import io
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.ui.looking import PHONE, Open, violations
from tests.ui.scenes import chats, prepared
from tests.ui.site import Site

GRANT: dict[str, Any] = {"tokens_day": 0, "tokens_month": 0, "usd_day": 0, "usd_month": 0}


def stale(trouble: str) -> bool:
    """The browser writes the refused change into its console."""
    return re.search(r"status of (409|422)", trouble) is not None


async def judged(site: Site) -> None:
    await prepared(site)
    await chats(site, ["It arrives on Monday.", "It was sent back."])
    await site.judged(4)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


async def edit(page: Page) -> None:
    """Open the limits of all evaluators."""
    await page.get_by_role("button", name=re.compile("^Edit budget")).first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("Budget of all evaluators")


async def test_usage_is_summed_by_evaluator_model_and_day(site: Site, open_page: Open) -> None:
    await judged(site)
    page = await open_page(site, "/usage")
    usage = await site.api("GET", "/usage")
    for name in ("politeness", "accuracy"):
        results = sum(one["results"] for one in usage["rows"] if one["evaluator"] == name)
        assert results == 2
        await expect(row(page, name).get_by_role("cell").nth(2)).to_have_text("2")
    await page.get_by_role("button", name="Judge model").click()
    await expect(page).to_have_url(re.compile("by=model"))
    await expect(row(page, "gpt-4o-mini").get_by_role("cell").nth(2)).to_have_text("4")
    await page.get_by_role("button", name="Day", exact=True).click()
    await expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    await page.go_back()
    await expect(row(page, "gpt-4o-mini")).to_have_count(1)
    await page.get_by_role("button", name="Tokens", exact=True).click()
    await expect(page.get_by_role("group", name=re.compile("Judge tokens by day"))).to_be_visible()


async def test_usage_comes_as_a_file(site: Site, open_page: Open) -> None:
    await judged(site)
    page = await open_page(site, "/usage")
    async with page.expect_download() as started:
        await page.get_by_role("button", name="CSV").click()
    download = await started.value
    assert download.suggested_filename.endswith(".csv")
    content = await asyncio.to_thread(Path(await download.path()).read_bytes)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert {one["evaluator"] for one in rows} == {"politeness", "accuracy"}
    assert sum(int(one["results"]) for one in rows) == 4


async def test_a_budget_is_set_and_taken_back(site: Site, open_page: Open) -> None:
    await judged(site)
    page = await open_page(site, "/usage")
    await page.get_by_role("button", name="Set budget for accuracy").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("USD a day").fill("2.50")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    await expect(row(page, "accuracy")).to_contain_text("of $2.50")
    assert (await site.api("GET", "/budgets"))["evaluators"]["accuracy"] == GRANT | {"usd_day": 2.5}
    toast = page.get_by_role("status").filter(has_text="Budget of accuracy: USD a day: no limit → $2.50")
    await toast.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Set budget for accuracy")).to_be_visible()
    after = await site.api("GET", "/budgets")
    assert "accuracy" not in after["evaluators"]
    assert after["edited"] is False


async def test_what_is_wrong_stands_beside_the_field(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/usage")
    await edit(page)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("USD a day").fill("twenty")
    await dialog.get_by_label("Tokens a day").fill("1.5")
    await dialog.get_by_role("button", name="Save").click()
    usd = dialog.get_by_label("USD a day")
    await expect(usd).to_be_focused()
    await expect(usd).to_have_accessible_description(re.compile("Write an amount"))
    await expect(dialog.get_by_label("Tokens a day")).to_have_accessible_description(
        re.compile("whole tokens")
    )
    await usd.fill("20")
    await expect(usd).not_to_have_attribute("aria-invalid", "true")


async def test_raising_a_budget_is_asked_about_in_numbers(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/usage")
    await edit(page)
    dialog = page.get_by_role("dialog")
    month = dialog.get_by_label("Tokens a month")
    await expect(month).to_have_value("2,000,000")
    await month.fill("3 M")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_contain_text("2 M tokens → 3 M tokens")
    assert (await site.api("GET", "/budgets"))["all"]["tokens_month"] == 2_000_000
    await dialog.get_by_role("button", name="Raise the budget").click()
    await expect(dialog).to_be_hidden()
    assert (await site.api("GET", "/budgets"))["all"]["tokens_month"] == 3_000_000
    await edit(page)
    await page.get_by_role("button", name="Back to the settings").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert (await site.api("GET", "/budgets"))["all"]["tokens_month"] == 2_000_000


async def test_who_is_slower_sees_what_was_stored_and_loses_nothing(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/usage", expected=stale)
    await edit(page)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("USD a day").fill("20")
    before = await site.api("GET", "/budgets")
    theirs = before["all"] | {"usd_day": 7.0}
    await site.api("PUT", "/budgets", {"revision": before["revision"], "all": theirs, "evaluators": {}})
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_contain_text("Somebody else changed the budgets")
    await expect(dialog).to_contain_text("no limit → $7.00")
    await expect(dialog.get_by_label("USD a day")).to_have_value("20")
    await dialog.get_by_role("button", name="Save mine over it").click()
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await dialog.get_by_role("button", name="Raise the budget").click()
    await expect(dialog).to_be_hidden()
    assert (await site.api("GET", "/budgets"))["all"]["usd_day"] == 20


async def test_it_is_accessible_and_fits_a_phone(site: Site, open_page: Open) -> None:
    await judged(site)
    for size, scheme in (((1440, 900), "light"), (PHONE, "dark")):
        page = await open_page(site, "/usage", size=size, scheme=scheme)
        await expect(page.get_by_role("button", name="Set budget for accuracy")).to_be_visible()
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await edit(page)
        assert await violations(page) == []
